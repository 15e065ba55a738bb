"""Where people stand on the path, and how far they ever came: the numbers of a funnel, counted in the database."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """Everybody who lives, in groups. What somebody did before being merged counts for the one who lives on."""
    rank = {stage: number for number, stage in enumerate(path)}
    key = sa.func.coalesce(people.c.merged_into, transitions.c.person_key)
    step = sa.case(rank, value=transitions.c.to_stage, else_=0)
    handed = sa.case({"mql": 1, "sal": 2}, value=transitions.c.to_stage, else_=0)
    came = (
        sa.select(
            key.label("person_key"),
            transitions.c.line,
            sa.func.max(step).label("furthest"),
            sa.func.max(handed).label("handed"),
        )
        .join_from(transitions, people, people.c.person_key == transitions.c.person_key, isouter=True)
        .group_by(key, transitions.c.line)
        .subquery()
    )
    furthest = sa.func.coalesce(came.c.furthest, 0)
    was_sal = stages.c.first_sal_at.is_not(None) | (sa.func.coalesce(came.c.handed, 0) == 2)
    was_mql = stages.c.first_mql_at.is_not(None) | (sa.func.coalesce(came.c.handed, 0) > 0)
    columns = [stages.c.line, stages.c.stage, furthest, was_mql, was_sal]
    chosen = (
        sa.select(*columns, sa.func.count())
        .join_from(stages, people, people.c.person_key == stages.c.person_key)
        .join(
            came,
            (came.c.person_key == stages.c.person_key) & (came.c.line == stages.c.line),
            isouter=True,
        )
        .where(people.c.merged_into.is_(None))
        .group_by(*columns)
        .order_by(*columns)
    )
    return [
        Standing(line, stage, far, bool(mql), bool(sal), n)
        for line, stage, far, mql, sal, n in connection.execute(chosen)
    ]
