"""Sinks for measuring: one that keeps the time of another, and one that takes everything and needs no platform."""

from collections.abc import Sequence

from benchmarks.measure import Took
from connectors.ports import Found, Outcome, RecordChange, Sink
from schemas.vocabulary import Platform


class TimedSink:
    """Adds up what the calls of a sink take; `written` and `read` count records by object."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.platform = sink.platform
        self.took = Took()
        self.written: dict[str, int] = {}
        self.looked_at: dict[str, int] = {}

    @property
    def records(self) -> int:
        return sum(self.written.values())

    def ready(self) -> None:
        with self.took.more():
            self._sink.ready()

    def read(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        self.looked_at[object] = self.looked_at.get(object, 0) + len(ids)
        with self.took.more():
            return self._sink.read(object, ids, fields)

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        self.written[object] = self.written.get(object, 0) + len(changes)
        with self.took.more():
            return self._sink.write(object, changes, crm_rules=crm_rules)

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        with self.took.more():
            return self._sink.create(object, creations)

    def find(self, emails: Sequence[str]) -> list[Found]:
        with self.took.more():
            return self._sink.find(emails)


class TakesAll:
    """Applies whatever is written, and shows it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._shown: dict[tuple[str, str], dict[str, str | None]] = {}

    def ready(self) -> None: ...

    def read(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        nothing = dict.fromkeys(fields)
        return {id: {**nothing, **self._shown.get((object, id), {})} for id in ids}

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        for change in changes:
            values = {name: None if value is None else str(value) for name, value in change.values.items()}
            self._shown.setdefault((object, change.key), {}).update(values)
        return [Outcome(change.key, "applied", native_id=change.native_id) for change in changes]

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        return [Outcome(creation.key, "deferred", "requested") for creation in creations]

    def find(self, emails: Sequence[str]) -> list[Found]:
        return []
