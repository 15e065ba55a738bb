"""Batches of records on their way into the org, and what became of each.

Part of a batch can fail while the rest is taken. Rows that were locked are tried again here, some seconds
long; what is locked still, or was not sent because the platform stopped answering in between, is deferred
to the next run.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.answers import Timing
from connectors.errors import PlatformError
from connectors.ports import Outcome
from connectors.salesforce.api import RECORDS_A_WRITE, Record
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.errors import record_state

Send = Callable[[Sequence[Record]], Sequence[Mapping[str, Any]]]
LOCK_ROUNDS = 3
ROWS_A_JOB = 20_000
_LOCKED = "UNABLE_TO_LOCK_ROW"


@dataclass(frozen=True)
class Write:
    """One record to send; `key` names it in its outcome and is unique within a call."""

    key: str
    record: Record


def in_collections(writes: Sequence[Write], send: Send, timing: Timing) -> list[Outcome]:
    """200 records a call. One outcome per write, in order.

    If the platform fails before anything was taken, its error is raised; later on, the writes that got no
    result are deferred, since one of them may have been applied: the caller looks before it sends them
    again.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = list(range(len(writes)))
    for attempt in range(LOCK_ROUNDS + 1):
        if attempt:
            timing.sleep(2 ** (attempt - 1) * (0.5 + timing.random()))
        for chunk in _chunks(writes, waiting):
            try:
                results = send([writes[i].record for i in chunk])
            except PlatformError as error:
                if not outcomes:
                    raise
                left = [i for i in range(len(writes)) if i not in outcomes or outcomes[i].state == "deferred"]
                outcomes |= {i: _unsent(writes[i].key, error) for i in left}
                return [outcomes[i] for i in range(len(writes))]
            outcomes |= {
                i: outcome_of(writes[i].key, result) for i, result in zip(chunk, results, strict=True)
            }
        waiting = [i for i in waiting if outcomes[i].code == _LOCKED]
        if not waiting:
            break
    return [outcomes[i] for i in range(len(writes))]


def in_jobs(
    bulk: Bulk, sobject: str, operation: str, key: str, writes: Sequence[Write], rule: str | None = None
) -> list[Outcome]:
    """The same through Bulk 2.0, joined on the column `key`. Locked rows are deferred: the platform tried often."""
    outcomes: list[Outcome] = []
    for start in range(0, len(writes), ROWS_A_JOB):
        batch = writes[start : start + ROWS_A_JOB]
        records = [{k: v for k, v in write.record.items() if k != "attributes"} for write in batch]
        try:
            results = bulk.ingest(sobject, operation, key, records, rule)
        except PlatformError as error:
            if not outcomes:
                raise
            outcomes += [_unsent(write.key, error) for write in writes[start:]]
            return outcomes
        outcomes += [_job_outcome(write.key, results.get(str(write.record[key]))) for write in batch]
    return outcomes


def outcome_of(key: str, result: Mapping[str, Any]) -> Outcome:
    """A collection's result for one record."""
    if result.get("success"):
        return Outcome(key, "applied", native_id=result.get("id"))
    state, code, message = record_state(result.get("errors") or ())
    return Outcome(key, state, code, message)


def _job_outcome(key: str, result: Mapping[str, str | None] | None) -> Outcome:
    if result is None:
        return Outcome(key, "deferred", "NOT_PROCESSED", "the bulk job ended before this record")
    error = result.get("sf__Error")
    if error is None:
        return Outcome(key, "applied", native_id=result.get("sf__Id"))
    code, _, message = error.partition(":")  # CODE:message:fields --
    state, code, message = record_state([{"statusCode": code, "message": message.removesuffix(":--")}])
    return Outcome(key, state, code, message)


def _unsent(key: str, error: PlatformError) -> Outcome:
    return Outcome(key, "deferred", error.code or type(error).__name__, str(error))


def _chunks(writes: Sequence[Write], indexes: Sequence[int]) -> Iterator[list[int]]:
    """Up to 200 a chunk, in order; a key that comes twice goes into a later chunk: one call takes it only once."""
    queue = deque(indexes)
    while queue:
        chunk: dict[str, int] = {}
        later: list[int] = []
        while queue and len(chunk) < RECORDS_A_WRITE:
            index = queue.popleft()
            if writes[index].key in chunk:
                later.append(index)
            else:
                chunk[writes[index].key] = index
        queue.extendleft(reversed(later))
        yield list(chunk.values())
