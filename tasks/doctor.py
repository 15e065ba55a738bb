"""The examination: is everything there that a sync needs, and if not, how is it mended. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from connectors.errors import PlatformError
from connectors.ports import Finding, Source
from engine.assignment import check_roster
from ledger import cursors
from ledger.errors import NotMigrated, Unreachable
from ledger.facts import read
from ledger.open import Ledger
from schemas.playbook.load import Playbook
from schemas.vocabulary import Platform, Stream


def examine(
    ledger: Ledger, playbook: Playbook, sources: Mapping[Platform, Source], live_since: datetime | None
) -> list[Finding]:
    """Findings on database, playbook, going live, platforms and roster, in that order.

    A database that is no ledger yet, or an older one, is not read; everything else is examined all the same.
    """
    database = _database(ledger)
    readable = ledger if database.ok else None
    platforms = [_platform(readable, source) for source in sources.values()]
    moments = [moment for moment, _ in platforms if moment is not None]
    return [
        database,
        _playbook(playbook),
        _live_since(live_since, min(moments, default=None)),
        *(finding for _, findings in platforms for finding in findings),
        _placeholders(playbook),
        *_absent(sources),
        *(_roster(readable, playbook) if readable else ()),
    ]


def _database(ledger: Ledger) -> Finding:
    try:
        ledger.check_revision()
        ledger.try_writing()
    except (NotMigrated, Unreachable) as fault:
        return Finding("database", False, str(fault))
    where = ledger.engine.url.render_as_string(hide_password=True)
    return Finding("database", True, f"{where} at revision {ledger.revision()}")


def _playbook(playbook: Playbook) -> Finding:
    versions = ", ".join(f"{silo} {version}" for silo, version in playbook.versions.items())
    return Finding("playbook", True, f"whole; versions {versions}")


def _placeholders(playbook: Playbook) -> Finding:
    """Beside what the CRM's examination proposes: which owners the playbook takes for nobody."""
    names = ", ".join(playbook.assignment.placeholder_owners)
    return Finding("placeholder owners", True, f"assignment.yaml names {names or 'none'}")


def _live_since(since: datetime | None, now: datetime | None) -> Finding:
    """`now`: what the platforms' clocks show, if one answered."""
    if since is None:
        return Finding(
            "live_since", True, "not set: nothing is written",
            "after silent runs whose plan you like, set live_since in organisation.yaml or MQLFLOW_LIVE_SINCE",
        )  # fmt: skip
    moment = f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    is_coming = now is not None and now < since
    return Finding(
        "live_since", True, f"nothing is written before {moment}" if is_coming else f"writes since {moment}"
    )


def _platform(ledger: Ledger | None, source: Source) -> tuple[datetime | None, list[Finding]]:
    """What its clock shows, and the findings; a platform that does not answer is one finding."""
    try:
        moment = source.server_time()
        identity = source.binding()
    except PlatformError as error:
        return None, [Finding(f"{source.platform} connection", False, str(error))]
    return moment, list(_examined(ledger, source, identity, moment))


def _examined(ledger: Ledger | None, source: Source, identity: str, moment: datetime) -> Iterator[Finding]:
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
