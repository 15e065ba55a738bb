"""Tasks, one per cycle. A task has no external id, so each is looked up by its cycle key before it is created."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import AnswerLost, PlatformError
from connectors.ports import Outcome, RecordChange
from connectors.rows import normalised
from connectors.salesforce.api import RECORDS_A_WRITE, Api, Record
from connectors.salesforce.lookup import by_keys
from connectors.salesforce.values import Encoder
from connectors.salesforce.words import Words
from connectors.salesforce.writing import Write, in_collections, outcome_of

_LOOKS = 3
_SETTLE = 2.0  # seconds until a creation whose answer was lost can be seen


class TaskWriter:
    def __init__(self, api: Api, words: Words, encoder: Encoder) -> None:
        self._api = api
        self._words = words
        self._encoder = encoder

    def write(self, changes: Sequence[RecordChange]) -> list[Outcome]:
        """Updates the cycle's task, or creates it. One that somebody deleted is not created again."""
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(changes), RECORDS_A_WRITE):
            batch = changes[start : start + RECORDS_A_WRITE]
            try:
                outcomes |= self._write(batch)
            except PlatformError as error:
                if not outcomes:
                    raise
                message = error.code or type(error).__name__
                left = [change.key for change in changes[start:]]
                outcomes |= {key: Outcome(key, "deferred", message, str(error)) for key in left}
                break
        return [outcomes[change.key] for change in changes]

    def _write(self, changes: Sequence[RecordChange]) -> dict[str, Outcome]:
        field = self._words.field("task", "cycle_key")
        known = self._known([change.key for change in changes], field)
        outcomes: dict[str, Outcome] = {}
        updates = []
        for change in changes:
            if change.key not in known:
                continue
            task = known[change.key]
            if normalised(task["IsDeleted"]) == "true":
                message = "somebody deleted the task"
                outcomes[change.key] = Outcome(change.key, "rejected", "ENTITY_IS_DELETED", message)
            else:
                updates.append(Write(change.key, {**self._record(change), "Id": task["Id"]}))
        if updates:
            updated = in_collections(updates, self._api.update, self._api.client.timing)
            outcomes |= {outcome.key: outcome for outcome in updated}
        new = {change.key: change for change in changes if change.key not in known}
        return outcomes | self._created(list(new.values()), field)

    def _created(self, changes: Sequence[RecordChange], field: str) -> dict[str, Outcome]:
        """A creation whose answer was lost is looked for before it is sent again."""
        outcomes: dict[str, Outcome] = {}
        for look in range(_LOOKS):
            left = [change for change in changes if change.key not in outcomes]
            if not left:
                break
            try:
                results = self._api.insert([{field: c.key, **self._record(c)} for c in left])
                return outcomes | {
                    c.key: outcome_of(c.key, result) for c, result in zip(left, results, strict=True)
                }
            except AnswerLost:
                if look == _LOOKS - 1:
                    raise
                self._api.client.timing.sleep(_SETTLE)
                known = self._known([change.key for change in left], field)
                outcomes |= {key: Outcome(key, "applied", native_id=row["Id"]) for key, row in known.items()}
        return outcomes

    def _record(self, change: RecordChange) -> dict[str, Any]:
        values = {name: value for name, value in change.values.items() if name != "cycle_key"}
        return {"attributes": {"type": "Task"}, **self._encoder.fields("task", values)}

    def _known(self, keys: Sequence[str], field: str) -> Mapping[str, Record]:
        return by_keys(self._api, "Task", field, keys, ())
