"""A backfill: the past brought into the ledger in windows of thirty days, oldest first, and then decided.

Each window is a run of its own, which reads a closed range and moves no cursor of a live stream. The past is decided
when all of it is here: a record that changed in March tells of a January that its window alone does not know. Between
its shifts a backfill gives the lease away, so live runs go on. Nothing is assigned, alerted, timed or pushed.

Killed anywhere and begun again, it ends as if undisturbed: rows are known by their keys, people are decided whole, and
a stretch of time that was begun is finished as it was begun. Repeating it changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial

from connectors.ports import Source
from engine.stretches import JUST_BEFORE, batches, still_open
from flows.chain import Stage, plain, wall_clock
from flows.settings import SettingsFault
from flows.shifts import Shifts
from flows.wiring import Wiring
from ledger import backfills, runs
from ledger.errors import LedgerError
from schemas.stretch import Stretch
from schemas.vocabulary import Origin, Platform, Silo
from tasks.backfill import decide_past
from tasks.data.settle import settle
from tasks.progress import Progress
from tasks.pull import Pulled
from tasks.pull_past import Days, pull_past
from tasks.readiness import unread
from tasks.run import Run
from tasks.summary import Summary

WINDOW = timedelta(days=30)
"""A bulk file of Marketo covers 31 days at most; some hours of them are left to clocks that change."""

DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)

FAREWELL = 5.0
"""Seconds that a failing backfill waits to say so in its row; without that it looks as if it was killed."""

NOBODY_KNOWN = (
    "nothing was decided: no sync has run on this ledger, so not everybody is known who was there then; "
    "run `mqlflow sync` and then the same backfill again"
)
"""A range of the past tells of people who were created or changed in it, not of all whose acts it holds."""

PERSON_DAYS = 100_000
"""People times days decided in one shift: some seconds' work, and some hundred megabytes."""


class NoSuchRange(SettingsFault):
    """The days or platforms that were asked for can't be backfilled; the message says why."""


@dataclass(frozen=True)
class _Backfill:
    """What one backfill is about. `stretch`: the instants of its days."""

    wiring: Wiring
    sources: Mapping[Platform, Source]
    stretch: Stretch
    shifts: Shifts
    progress: Progress
    stage: Stage


def backfill(
    wiring: Wiring,
    since: date,
    until: date,
    platforms: Sequence[Platform],
    progress: Progress,
    *,
    stage: Stage = plain,
) -> Summary:
    """Brings the days `since` to `until`, both included, into the ledger and decides them.

    Raises NoSuchRange; a platform that is asked for and does not answer raises its PlatformError.
    """
    sources = {platform: source for platform, source in wiring.sources.items() if platform in platforms}
    if not sources:
        wanted = " or ".join(f"MQLFLOW_{platform.upper()}_URL" for platform in platforms)
        raise NoSuchRange(f"no platform that was asked for is connected; set {wanted or 'one'}")
    start, beyond = _midnight(since), _midnight(until) + DAY
    if beyond <= start:
        raise NoSuchRange(f"the first day, {since}, comes after the last, {until}; swap them")
    now = min(source.server_time() for source in sources.values())
    if beyond > now:
        raise NoSuchRange(
            f"{until} is not over yet: it is {now:%Y-%m-%d %H:%M} UTC on the platforms. "
            f"A backfill ends with yesterday, {now.date() - DAY}, at the latest; a sync brings the rest"
        )
    stretch = Stretch(start - JUST_BEFORE, beyond - JUST_BEFORE)
    work = _Backfill(wiring, sources, stretch, Shifts(wiring, sources), progress, stage)
    total: Summary | None = None
    for begin, end in _windows(start, beyond):
        total = _added(total, _as_run(work, partial(_pull, work, Days(begin, end))))
        if total.failures:
            total.undecided.append("nothing was decided; the same backfill goes on from here")
            return total
    return _added(total, _as_run(work, partial(_decide, work)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), UTC)


def _windows(start: datetime, beyond: datetime) -> Iterator[tuple[datetime, datetime]]:
    """First and last millisecond of each window."""
    while start < beyond:
        end = min(start + WINDOW, beyond)
        yield start, end - MILLISECOND
        start = end


def _as_run(work: _Backfill, steps: Callable[[Run, Summary], None]) -> Summary:
    """Steps as a run with a row of its own."""
    with work.shifts.first() as run:
        told = Summary(run.id, run.flow, run.as_of, run.is_live, run.live_since)
    try:
        steps(run, told)
    except BaseException as error:
        with suppress(LedgerError), work.shifts.next(run, patience=FAREWELL) as now:
            _close(work, now, told, "failed", type(error).__name__)
        raise
    with work.shifts.next(run) as now:
        _close(work, now, told, told.exit.name.lower(), "; ".join(told.failures))
    return told


def _close(work: _Backfill, run: Run, told: Summary, status: str, message: str) -> None:
    with work.wiring.ledger.begin(run.token) as tx, tx.silo(Silo.OPERATIONS):
        runs.finish(tx, run.id, status, wall_clock(), counts=told.counts(), message=message or None)


def _pull(work: _Backfill, days: Days, run: Run, told: Summary) -> None:
    ledger, playbook = work.wiring.ledger, work.wiring.playbook
    for source in work.sources.values():
        pulled = work.stage(pull_past)(
            ledger,
            source,
            days,
            playbook.platforms,
            lambda: work.shifts.next(run),
            run.as_of,
            work.progress,
        )
        told.pulled.append(pulled)
    work.stage(settle)(ledger, lambda: work.shifts.next(run), playbook)


def _decide(work: _Backfill, run: Run, told: Summary) -> None:
    ledger, playbook = work.wiring.ledger, work.wiring.playbook
    with work.shifts.next(run) as now:
        if now.last_as_of is None:
            told.undecided.append(NOBODY_KNOWN)
            return
        through = min(work.stretch.through, now.last_as_of)
        missing = unread(ledger, Silo.LIFECYCLE, work.wiring.sources, playbook.platforms.freshness, through)
        if missing:
            told.undecided.extend(missing)
            return
        if through <= work.stretch.after:
            told.notes.append("no sync has come to these days yet: the next one decides them")
            return
        with ledger.begin(now.token) as tx, tx.silo(Silo.OPERATIONS):
            wanted = Stretch(work.stretch.after, through)
            left = still_open(wanted, backfills.begun(tx.connection))
            backfills.begin(tx, run.id, left)
    if not left:
        told.notes.append(
            "these days were decided before: decisions stay, and what is new about them counts in scores from now on"
        )
    for stretch in left:
        _decide_stretch(work, run, told, stretch)


def _decide_stretch(work: _Backfill, run: Run, told: Summary, stretch: Stretch) -> None:
    ledger, playbook = work.wiring.ledger, work.wiring.playbook
    with ledger.read() as connection:
        people = backfills.candidates(connection, stretch.through)
    size = max(100, int(PERSON_DAYS / max(1.0, (stretch.through - stretch.after) / DAY)))
    for through, keys in batches(people, stretch, size):
        with work.shifts.next(run) as now:
            window = replace(now.window(playbook, Origin.BACKFILL), last_as_of=stretch.after, as_of=through)
            found = work.stage(decide_past)(ledger, now, keys, stretch, window, playbook)
        told.decided.update(found.decided)
        told.opened.update(found.opened)
        told.moved.update(found.moved)
        told.blocked.update(found.blocked)
        work.progress.advance("decide the past", len(keys), len(people))
    with work.shifts.next(run) as now, ledger.begin(now.token) as tx, tx.silo(Silo.OPERATIONS):
        backfills.end(tx, run.id, stretch)


def _added(total: Summary | None, told: Summary) -> Summary:
    """The runs of a backfill as one summary, under the last one's id."""
    if total is None:
        return told
    told.pulled = _by_platform([*total.pulled, *told.pulled])
    for name in ("decided", "opened", "moved", "blocked"):
        getattr(told, name).update(getattr(total, name))
    for name in ("undecided", "problems", "notes"):
        setattr(told, name, [*getattr(total, name), *getattr(told, name)])
    return told


def _by_platform(parts: Sequence[Pulled]) -> list[Pulled]:
    found: dict[Platform, Pulled] = {}
    for part in parts:
        whole = found.setdefault(part.platform, Pulled(part.platform))
        for stream, counts in part.counts.items():
            whole.counts.setdefault(stream, Counter()).update(counts)
        whole.failures.update(part.failures)
        whole.reasons.update(part.reasons)
    return list(found.values())
