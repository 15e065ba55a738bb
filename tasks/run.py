"""The run: one immutable context, begun before anything else and handed to every stage.

`as_of` is read once, from the platforms' own clocks: the earliest of them, never before an earlier run's. No decision
asks any other clock.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import PlatformError
from connectors.ports import Source
from ledger import playbook_versions, runs
from ledger.facts import schedule
from ledger.lease_token import LeaseToken
from ledger.open import Ledger
from ledger.unit_of_work import UnitOfWork
from schemas.context import Versions, Window
from schemas.playbook.base import content_hash
from schemas.playbook.load import Playbook
from schemas.vocabulary import Mode, Origin, Platform, Silo

TICK = timedelta(microseconds=1)


class NothingAnswers(Exception):
    """No platform can be reached: there is no clock to run by and nothing to read."""


@dataclass(frozen=True)
class Run:
    """What every stage knows of its run. `unreachable`: platforms that did not answer, and what they said."""

    id: str
    flow: str
    mode: Mode
    as_of: datetime
    last_as_of: datetime | None
    started_at: datetime
    live_since: datetime | None
    versions: Versions
    token: LeaseToken
    unreachable: Mapping[Platform, str]

    @property
    def is_live(self) -> bool:
        """Whether this run may write to the platforms."""
        return self.live_since is not None and self.live_since <= self.as_of

    def window(self, playbook: Playbook, origin: Origin = Origin.LIVE) -> Window:
        """The stretch of time that this run decides."""
        organisation = playbook.organisation
        return Window(
            as_of=self.as_of,
            known_by=self.as_of,
            last_as_of=self.last_as_of,
            live_since=self.live_since,
            zone=organisation.zone,
            late_limit=organisation.late_limit,
            origin=origin,
        )


Shift = Callable[[], AbstractContextManager[Run]]
"""The ledger for a short while: the run as it is in there."""


def begin(
    ledger: Ledger,
    token: LeaseToken,
    sources: Mapping[Platform, Source],
    playbook: Playbook,
    flow: str,
    live_since: datetime | None,
    wall_clock: Callable[[], datetime],
) -> Run:
    """Reads the platforms' clocks, binds the ledger to their orgs, puts the playbook into force; writes the run down.

    Raises NothingAnswers; and what a person must mend: AccessDenied, Misconfigured, WrongBinding.
    """
    times, unreachable = _times(ledger, sources)
    with ledger.read() as connection:
        last_as_of = runs.last_committed_as_of(connection)
        latest = runs.last_as_of(connection)
        decided = schedule.decided_through(connection)
    as_of = min(times) if latest is None else max(min(times), latest)
    if decided is not None and as_of <= decided:
        # Somebody was decided at this very instant. What is learned now comes after: a fact may not hide behind it.
        as_of = decided + TICK
    started_at = wall_clock()
    run_id = str(uuid.uuid4())
    with ledger.begin(token) as tx:
        with tx.silo(Silo.OPERATIONS):
            runs.start(tx, runs.Run(run_id, flow, Mode.LIVE, as_of, started_at, _silos(playbook)))
            is_live = live_since is not None and live_since <= as_of
            since, changed = _enforce(tx, playbook, is_live, last_as_of or as_of)
        if changed and last_as_of is not None:
            with tx.silo(Silo.DATA):
                schedule.mark_everybody_due(tx)
    versions = Versions(playbook.versions, since)
    return Run(
        run_id, flow, Mode.LIVE, as_of, last_as_of, started_at, live_since, versions, token, unreachable
    )


def _times(ledger: Ledger, sources: Mapping[Platform, Source]) -> tuple[list[datetime], dict[Platform, str]]:
    times, unreachable = [], {}
    for platform, source in sources.items():
        try:
            times.append(source.server_time())
            ledger.bind(platform, source.binding())
        except PlatformError as error:
            if not error.is_passing:
                raise
            unreachable[platform] = str(error)
    if not times:
        raise NothingAnswers("; ".join(unreachable.values()))
    return times, unreachable


def _silos(playbook: Playbook) -> dict[Silo, str]:
    return {Silo(silo): version for silo, version in playbook.versions.items()}


def _enforce(
    tx: UnitOfWork, playbook: Playbook, is_live: bool, since: datetime
) -> tuple[dict[str, datetime], bool]:
    """Since when each rule is in force, by `silo.rule id`; and whether anything is new with this run.

    Going live, or another write scope, is new for everybody as well: what was not written before may be now.
    """
    organisation = f"{content_hash(playbook.organisation)} {'live' if is_live else 'silent'}"
    in_force: dict[str, datetime] = {}
    changed = False
    for silo, version in {**_silos(playbook), Silo.OPERATIONS: organisation}.items():
        before = playbook_versions.in_force(tx.connection, silo)
        rules = {rule: digest for rule, digest in playbook.rule_hashes.items() if rule.startswith(f"{silo}.")}
        now = playbook_versions.enforce(tx, silo, version, rules, since)
        changed |= before is None or before.version != version
        in_force.update(now.rules_since)
    return in_force, changed
