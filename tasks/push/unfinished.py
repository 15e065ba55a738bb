"""What a killed run left claimed: the platform is asked. It shows our value: the write arrived. Else it waits again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.errors import PlatformError
from connectors.ports import Sink
from connectors.rows import normalised
from ledger import outbox
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.vocabulary import OutboxState, Platform
from tasks.push.settlements import Outcomes, settle
from tasks.run import Run


def settle_claims(ledger: Ledger, sinks: Mapping[Platform, Sink], run: Run) -> Counter[str]:
    """Settles every claimed entry by what its platform shows. A platform that can't be asked keeps its claims: the
    pull and the push of this run say why."""
    outcomes = Outcomes()
    with ledger.read() as connection:
        claims = outbox.claimed(connection)
    for platform, sink in sinks.items():
        theirs = [claim for claim in claims if claim.platform == platform]
        for object in sorted({claim.object for claim in theirs}):
            group = [claim for claim in theirs if claim.object == object]
            try:
                settlements = _settled(sink, object, group)
            except PlatformError:
                continue
            settle(ledger, run, group, settlements, outcomes)
    return outcomes.counts


def _settled(sink: Sink, object: str, claims: Sequence[Claim]) -> list[Settlement]:
    # A creation is idempotent by its key, or a request that may be repeated: it is simply tried again.
    again = [Settlement(claim.ids, OutboxState.PENDING) for claim in claims if claim.is_creation]
    written = [claim for claim in claims if not claim.is_creation]
    if not written:
        return again
    fields = sorted({entry.field for claim in written for entry in claim.entries})
    shown = sink.read(object, [claim.target for claim in written], fields)
    return [*again, *(one for claim in written for one in _of_record(claim, shown.get(claim.target)))]


def _of_record(claim: Claim, shown: Mapping[str, str | None] | None) -> list[Settlement]:
    arrived = [
        entry.id for entry in claim.entries if shown is not None and same(entry.value, shown.get(entry.field))
    ]
    missing = [entry.id for entry in claim.entries if entry.id not in arrived]
    found = [Settlement(arrived, OutboxState.APPLIED, at=claim.claimed_at)] if arrived else []
    return [*found, Settlement(missing, OutboxState.PENDING)] if missing else found


def same(ours: Any, shown: str | None) -> bool:
    """Whether a platform's value, as the port gives it, is the one we wrote.

    Platforms keep instants to the second and numbers without needless digits, end lines in their own way, hold false
    where nothing stands, and drop empty text.
    """
    wanted = _lines(normalised(ours))
    found = _lines(shown)
    if wanted == found:
        return True
    if wanted is None or found is None:
        return {wanted, found} == {None, "false"}
    read = ((reading(wanted), reading(found)) for reading in (_number, _instant))
    return any(one is not None and one == other for one, other in read)


def _lines(text: str | None) -> str | None:
    return text.replace("\r\n", "\n").strip() or None if text is not None else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
