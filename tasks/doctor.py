"""The examination: is everything there that a sync needs, and if not, how is it mended. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from connectors.errors import PlatformError
from connectors.ports import Finding, Source
from engine.assignment import check_roster
from ledger import cursors
from ledger.facts import read
from ledger.open import Ledger
from schemas.playbook.load import Playbook
from schemas.vocabulary import Platform, Stream


def examine(
    ledger: Ledger, playbook: Playbook, sources: Mapping[Platform, Source], live_since: datetime | None
) -> list[Finding]:
    """Findings on database, playbook, platforms and roster, in that order.

    A database that is no ledger yet, or an older one, is not read; everything else is examined all the same.
    """
    database = _database(ledger)
    readable = ledger if database.ok else None
    return [
        database,
        *_playbook(playbook, live_since),
        *(finding for source in sources.values() for finding in _platform(readable, source)),
        *_absent(sources),
        *(_roster(readable, playbook) if readable else ()),
    ]


def _database(ledger: Ledger) -> Finding:
    revision, head = ledger.revision(), ledger.head()
    where = ledger.engine.url.render_as_string(hide_password=True)
    return Finding(
        "database",
        revision == head,
        f"{where} at revision {revision or 'none'}",
        "" if revision == head else f"run `mqlflow upgrade` to bring it to {head}",
    )


def _playbook(playbook: Playbook, since: datetime | None) -> Iterator[Finding]:
    versions = ", ".join(f"{silo} {version}" for silo, version in playbook.versions.items())
    yield Finding("playbook", True, f"whole; versions {versions}")
    if since is None:
        yield Finding(
            "live_since", True, "not set: nothing is written",
            "after silent runs whose plan you like, set live_since in organisation.yaml or MQLFLOW_LIVE_SINCE",
        )  # fmt: skip
    else:
        yield Finding("live_since", True, f"writes since {since.isoformat()}")


def _platform(ledger: Ledger | None, source: Source) -> Iterator[Finding]:
    try:
        moment = source.server_time()
        identity = source.binding()
    except PlatformError as error:
        yield Finding(
            f"{source.platform} connection", False, str(error), "check URL, credentials and network"
        )
        return
    yield Finding(
        f"{source.platform} connection", True, f"answers as {identity}, its clock says {moment.isoformat()}"
    )
    if ledger is not None:
        yield _binding(source.platform, identity, ledger.bound_to(source.platform))
    try:
        for finding in source.examine():
            yield replace(finding, check=f"{source.platform} {finding.check}")
    except PlatformError as error:
        yield Finding(f"{source.platform} examination", False, str(error), "see above; then run doctor again")


def _binding(platform: Platform, identity: str, bound: str | None) -> Finding:
    fits = bound in (None, identity)
    return Finding(
        f"{platform} binding",
        fits,
        "not bound yet: the first sync binds the ledger"
        if bound is None
        else f"this ledger belongs to {bound}",
        "" if fits else "use that org's credentials, or another ledger (MQLFLOW_DATABASE_URL)",
    )


def _absent(sources: Mapping[Platform, Source]) -> Iterator[Finding]:
    for platform in Platform:
        if platform not in sources:
            variable = f"MQLFLOW_{platform.name}_URL"
            yield Finding(f"{platform} connection", True, "not connected", f"set {variable} to connect it")


def _roster(ledger: Ledger, playbook: Playbook) -> Iterator[Finding]:
    with ledger.read() as connection:
        known = (Platform.SALESFORCE, Stream.OWNERS) in cursors.read_through(connection)
        owners = read.owners(connection)
        members = read.queue_members(connection)
    if not known:
        yield Finding("roster", True, "users and queues are not known before the first sync")
        return
    faults = check_roster(playbook.assignment, owners, members)
    for fault in faults:
        yield Finding("roster", False, fault, "name a user, queue or role of the CRM in assignment.yaml")
    if not faults:
        yield Finding("roster", True, "every owner, queue and pool of assignment.yaml is in the CRM")
