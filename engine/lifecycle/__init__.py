"""Lifecycle: who moves along the path, who becomes an MQL, what holds it back, what a verdict leads to."""

from engine.lifecycle.attributes import attributes_read
from engine.lifecycle.backfill import end_backfill
from engine.lifecycle.decide import decide
from engine.lifecycle.output import LifecycleDecisions

__all__ = ["LifecycleDecisions", "attributes_read", "decide", "end_backfill"]
