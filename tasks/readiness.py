"""May a stage decide? Only if every stream that its rules read was read far enough.

No opportunities pulled must not mean "no open opportunity": a stage that lacks a stream keeps its facts, decides
nothing, and names the stream.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from ledger import cursors
from ledger.open import Ledger
from schemas.playbook.platforms import Freshness
from schemas.vocabulary import Platform, Silo, Stream

NEVER = datetime.min.replace(tzinfo=UTC)

READS: Mapping[Silo, Mapping[Platform, tuple[Stream, ...]]] = {
    # Scores and lifecycle read who people are, what they did, and what sales has going on with them.
    Silo.LIFECYCLE: {
        Platform.MARKETO: (Stream.PEOPLE, Stream.ACTIVITIES, Stream.REMOVALS, Stream.CAMPAIGNS),
        Platform.SALESFORCE: (
            Stream.LEADS,
            Stream.CONTACTS,
            Stream.ACCOUNTS,
            Stream.OPPORTUNITIES,
            Stream.CONTACT_ROLES,
            Stream.MQL_RECORDS,
            Stream.FIELD_HISTORY,
            Stream.TASKS,
        ),
    },
    Silo.ASSIGNMENT: {Platform.SALESFORCE: (Stream.OWNERS, Stream.QUEUE_MEMBERS)},
}


def unread(
    ledger: Ledger, silo: Silo, connected: Collection[Platform], freshness: Freshness, as_of: datetime
) -> list[str]:
    """The streams that `silo` needs and that were not read through `as_of` less their freshness, a line by platform."""
    with ledger.read() as connection:
        known = cursors.read_through(connection)
    missing = []
    for platform, streams in READS[silo].items():
        if platform not in connected:
            continue
        behind = [
            stream
            for stream in streams
            if (known.get((platform, stream)) or NEVER)
            < as_of - timedelta(minutes=getattr(freshness, stream.value, 0))
        ]
        if behind:
            names, verb = ", ".join(behind), "was" if len(behind) == 1 else "were"
            missing.append(f"{silo} decided nothing: {platform} {names} {verb} not read through")
    return missing
