"""Where people stand on the path, and how far they ever came: the numbers of a funnel, counted in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ledger.tables.decisions import stages, transitions
from ledger.tables.facts import people


@dataclass(frozen=True)
class Standing:
    """`people` of a line who stand on the same stage and came equally far.

    `furthest` counts along the path from 0; a detour is no step of it. `was_mql`, `was_sal`: by a handover, ours or one
    that was there before us; whom sales found by itself has neither.
    """

    line: str
    stage: str
    furthest: int
    was_mql: bool
    was_sal: bool
    people: int


def read_standings(connection: sa.Connection, path: Sequence[str]) -> list[Standing]:
    """Everybody who lives, in groups. What somebody did before being merged counts for the one who lives on.

    Walked steps and present places are put one below the other and grouped by person: joined, SQLite would look up
    each person in an index of lines, which are few.
    """
    both = sa.union_all(_walked(path), _placed()).subquery()
    one = (
        sa.select(
            both.c.line,
            sa.func.max(both.c.stage).label("stage"),  # of one place; walked steps have none
            sa.func.max(both.c.furthest).label("furthest"),
            sa.func.max(both.c.was_mql).label("was_mql"),
            sa.func.max(both.c.was_sal).label("was_sal"),
        )
        .group_by(both.c.person_key, both.c.line)
        .subquery()
    )
    columns = [one.c.line, one.c.stage, one.c.furthest, one.c.was_mql, one.c.was_sal]
    chosen = sa.select(*columns, sa.func.count()).where(one.c.stage.is_not(None))
    return [
        Standing(line, stage, furthest, bool(was_mql), bool(was_sal), n)
        for line, stage, furthest, was_mql, was_sal, n in connection.execute(
            chosen.group_by(*columns).order_by(*columns)
        )
    ]


def _walked(path: Sequence[str]) -> sa.Select[Any]:
    """How far each step led; a step to MQL or SAL is a handover."""
    stage = transitions.c.to_stage
    return sa.select(
        sa.func.coalesce(people.c.merged_into, transitions.c.person_key).label("person_key"),
        transitions.c.line,
        sa.null().cast(sa.Text).label("stage"),
        sa.case({name: number for number, name in enumerate(path)}, value=stage, else_=0).label("furthest"),
        sa.case((stage.in_(["mql", "sal"]), 1), else_=0).label("was_mql"),
        sa.case((stage == "sal", 1), else_=0).label("was_sal"),
    ).join_from(transitions, people, people.c.person_key == transitions.c.person_key, isouter=True)


def _placed() -> sa.Select[Any]:
    """Where each living person stands, with the stamps that an earlier handover left."""
    return (
        sa.select(
            stages.c.person_key,
            stages.c.line,
            stages.c.stage,
            sa.literal(0).label("furthest"),
            sa.case((stages.c.first_mql_at.is_not(None), 1), else_=0).label("was_mql"),
            sa.case((stages.c.first_sal_at.is_not(None), 1), else_=0).label("was_sal"),
        )
        .join_from(stages, people, people.c.person_key == stages.c.person_key)
        .where(people.c.merged_into.is_(None))
    )
