"""What people hand in beside the platforms: adjusted scores, and intent data about companies."""

import uuid
from dataclasses import asdict, dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ledger import runs
from ledger.facts import handed_in, read
from ledger.lease_token import LeaseToken
from ledger.open import Ledger
from schemas.admission import admit
from schemas.frames.base import dtypes
from schemas.frames.door import Intents
from schemas.frames.facts import Adjustments
from schemas.playbook.load import Playbook
from schemas.vocabulary import Silo
from tasks.find import Unknown, one_person
from tasks.learning.tables import NoTable, read_csv
from tasks.run import Run

NAMES = {"observed_at": "occurred_at"}
OPTIONAL = ("strength",)
MOST = 1000
"""Points of one adjustment: ten times what a part of the score can have."""


class Refused(Exception):
    """What was handed in can't be used; the message says what to give instead."""


@dataclass(frozen=True)
class Adjusted:
    """An adjustment that waits for the next run."""

    adjustment_key: str
    person_key: str
    model: str
    part: str
    points: int
    until: datetime | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Imported:
    """What became of a file's rows. `rejected`: line in the file and what is wrong there."""

    stored: int
    known: int
    rejected: list[tuple[int, str]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def take_in(ledger: Ledger, run: Run) -> int:
    """Makes what waits facts of this run; how many there were."""
    with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
        return handed_in.take_in(tx, run.as_of)


def adjust(
    ledger: Ledger,
    token: LeaseToken,
    playbook: Playbook,
    text: str,
    *,
    points: int,
    part: str,
    model: str,
    author: str,
    reason: str,
    last_day: date | None,
    key: uuid.UUID,
) -> Adjusted:
    """Hands in an adjustment of one person's score; it counts from the next run on, through `last_day`."""
    scored = [each.id for each in playbook.models if not each.card]
    if model not in scored:
        raise Refused(f"no model {model!r} whose score can be adjusted; there are: {', '.join(scored)}")
    if not points:
        raise Refused("0 points adjust nothing; give points to add or, negative, to take")
    if abs(points) > MOST:
        raise Refused(f"{points} points are more than a score has; give {MOST} at most")
    if not reason.strip() or not author.strip():
        raise Refused("an adjustment has a reason and an author; give both")
    with ledger.read() as connection:
        person = one_person(connection, text)
        if read.people(connection, [person])["is_erased"].any():
            raise Unknown(f"{person} was forgotten; nothing is scored any more")
        decided = runs.last_as_of(connection)
    until = _end_of(last_day, playbook.organisation.zone) if last_day else None
    if until is not None and decided is not None and until <= decided:
        raise Refused(f"{last_day} is over, so nothing would be adjusted; give a later last day")
    row = {
        "adjustment_key": str(key),
        "person_key": person,
        "model": model,
        "part": part,
        "points": 100 * points,
        "until": until,
        "author": author,
        "reason": reason,
    }
    shape = {name: dtype for name, dtype in dtypes(Adjustments).items() if name != "at"}
    with ledger.begin(token) as tx, tx.silo(Silo.DATA):
        handed_in.add_adjustment(tx, pl.DataFrame([row], schema=shape))
    return Adjusted(str(key), person, model, part, points, until)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    if day.year == MAXYEAR:
        raise Refused(f"{day} is too far ahead; leave --expires out for good")
    return datetime.combine(day + timedelta(days=1), time(), zone)


def read_intents(path: Path) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Good rows (schemas.frames.door.Intents) of a CSV file, and line and reasons of the bad ones."""
    table = read_csv(path)
    wanted = [{after: before for before, after in NAMES.items()}.get(name, name) for name in dtypes(Intents)]
    missing = [name for name in wanted if name not in table.columns and name not in OPTIONAL]
    if missing:
        needed = ", ".join(name for name in wanted if name not in OPTIONAL)
        raise NoTable(f"{path} has no column {', '.join(missing)}; all of {needed} are needed")
    table = table.with_columns(
        pl.lit(None, pl.String).alias(name) for name in OPTIONAL if name not in table.columns
    )
    day = pl.col("observed_at").str.strip_chars()
    is_day = day.str.contains(r"^\d{4}-\d\d-\d\d$")
    raw = table.select(
        pl.col("domain").str.strip_chars().str.to_lowercase().str.strip_prefix("www."),
        pl.col("topic", "vendor").str.strip_chars(),
        "strength",
        pl.when(is_day).then(day + pl.lit("T00:00:00Z")).otherwise(day).alias("occurred_at"),
        line=pl.int_range(2, pl.len() + 2).cast(pl.String),
    )
    names = list(dtypes(Intents))
    found = admit(raw.select(names), Intents, "domain")
    good = found.good
    if found.rejected.is_empty():
        return good, []
    # The door names a bad row by its key, which several rows may share: each row again by itself tells its line.
    rejected = []
    suspect = raw.filter(pl.col("domain").fill_null("?").is_in(found.rejected["key"].unique().to_list()))
    for row in suspect.iter_slices(1):
        alone = admit(row.select(names), Intents, "domain").rejected
        if len(alone):
            rejected.append((int(row["line"][0]), "; ".join(alone["reasons"][0])))
    return good, rejected


def import_intents(
    ledger: Ledger, token: LeaseToken, rows: pl.DataFrame, rejected: list[tuple[int, str]]
) -> Imported:
    """Stores observations that are not known yet; they count from the next run on."""
    with ledger.begin(token) as tx, tx.silo(Silo.DATA):
        stored = handed_in.add_intents(tx, rows)
    return Imported(stored, len(rows) - stored, rejected)
