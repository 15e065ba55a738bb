"""Ending claims: outcomes of the ports as the outbox keeps them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.errors import PlatformError
from connectors.ports import Outcome
from ledger import outbox
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.vocabulary import OutboxState, Silo
from tasks.run import Run

RETRY_AFTER = timedelta(minutes=1)
"""Of the platforms' time: what is deferred is tried by a later run, never again by this one."""


@dataclass
class Outcomes:
    """What became of entries: `counts` by `platform object outcome`, `refused` by `platform object: code`."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def settlement(ids: Iterable[int], outcome: Outcome) -> Settlement:
    """An outcome of the port as the outbox keeps it."""
    return Settlement(
        list(ids),
        OutboxState(outcome.state),
        code=outcome.code,
        message=outcome.message,
        native_id=outcome.native_id,
    )


def unsent(ids: Iterable[int], error: PlatformError) -> Settlement:
    """What a failed call leaves: tried again by a later run. Its answer may have been lost after it was done."""
    return Settlement(
        list(ids), OutboxState.DEFERRED, code=error.code or type(error).__name__, message=str(error)
    )


def settle(
    ledger: Ledger, run: Run, claims: Sequence[Claim], settlements: Sequence[Settlement], outcomes: Outcomes
) -> None:
    """Writes down what became of claims, and counts it. A refusal is told by its code: a message may quote a value."""
    if not settlements:
        return
    later = run.as_of + RETRY_AFTER
    final = [
        replace(one, not_before=later) if one.state == OutboxState.DEFERRED else one for one in settlements
    ]
    with ledger.begin(run.token) as tx, tx.silo(Silo.OUTBOX):
        outbox.settle(tx, final, run.as_of)
    of_entry = {entry.id: claim for claim in claims for entry in claim.entries}
    for one in final:
        for number in one.ids:
            record = f"{of_entry[number].platform} {of_entry[number].object}"
            outcomes.counts[f"{record} {one.state}"] += 1
            if one.state == OutboxState.REJECTED:
                outcomes.refused[f"{record}: {one.code or 'no code'}"] += 1


def release(
    ledger: Ledger,
    run: Run,
    claims: Iterable[Claim],
    *,
    fields: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Puts claims back that were never sent; with `fields` (by target) only these of their entries."""
    ids = [
        entry.id
        for claim in claims
        for entry in claim.entries
        if fields is None or entry.field in fields[claim.target]
    ]
    if not ids:
        return
    with ledger.begin(run.token) as tx, tx.silo(Silo.OUTBOX):
        outbox.release(tx, ids, run.as_of)
