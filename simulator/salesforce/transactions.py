"""All or nothing, at any depth, and observers that hear only of what was committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.salesforce.store import Store


@dataclass(frozen=True)
class Change:
    """One committed write: `before` is None for a new record, `after` is None for a deleted one."""

    sobject: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    by: str
    at: datetime


class Transactions:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._queued: list[Change] | None = None
        self.observers: list[Callable[[Change], None]] = []

    def notify(self, change: Change) -> None:
        """Keeps a change for the observers until the outermost transaction has succeeded."""
        assert self._queued is not None, "a change outside of a transaction"
        self._queued.append(change)

    @contextmanager
    def open(self) -> Iterator[None]:
        if self._queued is not None:
            with self._nested(self._queued):
                yield
            return
        self._queued = []
        try:
            with self._store.savepoint():
                yield
            changes = self._queued
        finally:
            self._queued = None
        for change in changes:
            for observer in list(self.observers):
                observer(change)

    @contextmanager
    def _nested(self, queued: list[Change]) -> Iterator[None]:
        mark = len(queued)
        try:
            with self._store.savepoint():
                yield
        except BaseException:
            del queued[mark:]
            raise
