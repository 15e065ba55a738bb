"""The state in which people are first seen: a baseline, and no decision of ours.

Where sales has the person open, by the status table, an adopted cycle stands for that handover; stamps are taken over
as they are. Whoever came after the ledger began is below MQL by the playbook's own conditions, and whom sales found
by itself then has no cycle: such a person is never an MQL or SAL.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from engine.keys import cycle_key
from engine.lifecycle.journal import Because, Journal, Step
from engine.lifecycle.opportunities import OPENED, WON, moves
from engine.lifecycle.rulebook import CUSTOMER, MQL, OPPORTUNITY, SAL, Rulebook
from engine.lifecycle.state import Cycle, Group, Person, Place
from engine.target import crm_targets
from schemas.frames.base import UTC
from schemas.vocabulary import CycleKind, CycleState, Origin

ADOPTED = "adopted"
STAMPS = ["first_mql_at", "last_mql_at", "first_sal_at", "last_sal_at"]


@dataclass(frozen=True, slots=True)
class Found:
    """What the platforms show of a person at first sight. `opportunity`: opened or won, of the person."""

    existed: bool
    native_id: str | None = None
    meaning: str | None = None
    stage: str | None = None
    changed_at: datetime | None = None
    opportunity: str | None = None
    first_mql_at: datetime | None = None
    last_mql_at: datetime | None = None
    first_sal_at: datetime | None = None
    last_sal_at: datetime | None = None


def find(
    newcomers: pl.DataFrame, records: pl.DataFrame, lined: pl.DataFrame, book: Rulebook
) -> dict[str, Found]:
    """`newcomers`: person_key, existed. Only people of whom there is something to find have an entry."""
    theirs = records.join(newcomers, on="person_key").filter(~pl.col("is_deleted"))
    target = crm_targets(theirs, list(book.statuses)).select(
        "person_key",
        pl.concat_str("platform", "object", "native_id", separator=":").alias("native_id"),
        "meaning",
        pl.col("status_stage").alias("stage"),
        "changed_at",
    )
    stamps = theirs.group_by("person_key").agg(
        pl.col("first_mql_at", "first_sal_at").min(), pl.col("last_mql_at", "last_sal_at").max()
    )
    # Of people who came after the ledger began every opportunity is an event of its own.
    before = newcomers.filter("existed")
    stands = _opportunities(lined.join(before, on="person_key", how="semi"), book)
    found = (
        newcomers.select("person_key", "existed")
        .join(target, on="person_key", how="left")
        .join(stands, on="person_key", how="left")
        .join(stamps, on="person_key", how="left")
        .with_columns(
            pl.coalesce("first_mql_at", "last_mql_at").alias("first_mql_at"),
            pl.coalesce("last_mql_at", "first_mql_at").alias("last_mql_at"),
            pl.coalesce("first_sal_at", "last_sal_at").alias("first_sal_at"),
            pl.coalesce("last_sal_at", "first_sal_at").alias("last_sal_at"),
        )
        .filter(
            (pl.col("meaning") != "open").fill_null(False)
            | pl.any_horizontal(pl.col("opportunity", *STAMPS).is_not_null())
        )
    )
    names = ["existed", "native_id", "meaning", "stage", "changed_at", "opportunity", *STAMPS]
    return {row[0]: Found(*row[1:]) for row in found.select("person_key", *names).iter_rows()}


def _opportunities(lined: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """person_key, opportunity: won if one is, else opened if one is open on the default line."""
    seen = lined.filter(
        (pl.col("valid_from") <= pl.lit(book.window.as_of, UTC))
        & (pl.col("learned_at") <= book.window.known_by)
        & pl.col("lines").list.contains(book.default_line)
    )
    on_line = moves(seen).filter(pl.col("line") == book.default_line)
    last = on_line.sort("turn").group_by("person_key", "opportunity_id").agg(pl.col("how").last())
    stands = pl.when(pl.col("how") == WON).then(pl.lit(2)).when(pl.col("how") == OPENED).then(pl.lit(1))
    best = last.group_by("person_key").agg(stands.max().alias("best")).drop_nulls("best")
    names = pl.when(pl.col("best") == 2).then(pl.lit(WON)).otherwise(pl.lit(OPENED))
    return best.select("person_key", names.alias("opportunity"))


def adopt(
    group: Group, key: str, at: datetime, found: Found | None, existed: bool, book: Rulebook, journal: Journal
) -> Group:
    """The person's first place on the path, and the cycle that sales had open."""
    person = group.people[key]
    line = book.default_line
    if found is None:
        return group.put(_placed(person, line, person.below, at, _origin(existed, book), None, journal))
    stamps = {name: getattr(found, name) for name in STAMPS}
    cycle = _adopted_cycle(person, line, at, found, book)
    if cycle is not None and group.someone_else_has_open(key, line):
        cycle = None
    stage = _stage(person, found, cycle, book)
    person = _placed(person, line, stage, at, Origin.ADOPTED, cycle, journal, meaning=found.meaning)
    person = person.put(replace(person.places[line], **stamps))
    if cycle is None:
        return group.put(person)
    journal.opened[cycle.key] = Because(
        ADOPTED, also=(("record", found.native_id), ("status", found.meaning))
    )
    journal.note(cycle, ADOPTED, at, cycle.opened_at)
    return group.put(person.with_cycle(cycle))


def _adopted_cycle(person: Person, line: str, at: datetime, found: Found, book: Rulebook) -> Cycle | None:
    """Handed over, or worked on: by whoever was there before, or by somebody who left a stamp."""
    is_working = found.meaning == "accepted"
    if found.native_id is None or not (is_working or found.meaning == "handed_over"):
        return None
    if is_working and not found.existed and found.last_mql_at is None:
        return None
    opened_at = min(found.last_mql_at or found.changed_at or at, at)
    accepted_at = found.last_sal_at if found.last_sal_at and found.last_sal_at >= opened_at else None
    return Cycle(
        key=cycle_key(line, f"{ADOPTED}:{found.native_id}"),
        person=person.key,
        line=line,
        number=1,
        kind=CycleKind.MQL,
        state=CycleState.WORKING if is_working else CycleState.OPEN,
        opened_at=opened_at,
        acted_at=opened_at,
        touched_at=opened_at,
        is_trial=False,
        origin=Origin.ADOPTED,
        trigger_rule=ADOPTED,
        accepted_at=accepted_at if is_working else None,
    )


def _stage(person: Person, found: Found, cycle: Cycle | None, book: Rulebook) -> str:
    if found.opportunity == WON and CUSTOMER in book.steps:
        return CUSTOMER
    if found.opportunity is not None and OPPORTUNITY in book.steps:
        return OPPORTUNITY
    if cycle is not None:
        return SAL if cycle.state == CycleState.WORKING else MQL
    named = found.stage
    if named is None or found.meaning in ("open", "handed_over", "accepted") or named in (MQL, SAL):
        return person.below
    return named if named in book.steps or named in book.rules.detours else person.below


def _placed(
    person: Person,
    line: str,
    stage: str,
    at: datetime,
    origin: Origin,
    cycle: Cycle | None,
    journal: Journal,
    *,
    meaning: str | None = None,
) -> Person:
    also = (("status", meaning),) if meaning else ()
    because = Because(ADOPTED if origin == Origin.ADOPTED else f"stages.{stage}", also=also)
    key = cycle.key if cycle else None
    journal.steps.append(Step(person.key, line, at, at, None, stage, because, key, False, origin))
    return person.put(Place(line, stage, at, origin))


def _origin(existed: bool, book: Rulebook) -> Origin:
    if book.is_backfill:
        return Origin.BACKFILL
    return Origin.ADOPTED if existed else Origin.LIVE
