"""Assignment: who gets a handover, and why that one."""

from engine.assignment.check import check_roster
from engine.assignment.decide import decide
from engine.assignment.due import due
from engine.assignment.output import AssignmentDecisions

__all__ = ["AssignmentDecisions", "check_roster", "decide", "due"]
