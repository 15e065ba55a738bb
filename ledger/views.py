"""SQL views for analysts, on both databases: readable timestamps (UTC), points as points, people by key only.

| view | one row per | what it tells |
|---|---|---|
| `mql_cycles` | cycle | trigger, kind, state, clocks, verdict and its reason, score, campaign, owner |
| `stage_transitions` | step along the path | from, to, by which rule, because of which fact |
| `people_by_stage` | line and stage | how many people stand there now |
| `person_scores` | person and score model | the score as it last was, with its parts, grade and probability |
| `account_score_history` | account and change | what the account's people added up to, from when on |
| `score_adjustments` | adjustment | points given by hand: to whom, by whom, since when and until when |
| `cycle_assignments` | assignment | who got the cycle, by which rule, from which pool |
| `blocked_triggers` | block | what held a trigger back, since when and until when |
| `run_summary` | run | when, under which rules, how it ended |
| `run_figures` | count of a run | pulled, stored, quarantined, decided, pushed … |
| `outbox_problems` | entry that needs a look | rejected, in conflict, or still waiting after an attempt |
| `left_alone` | field of a record | what we would have written, what stands there, and why we left it |
| `quarantine_summary` | platform, stream and reasons | rows that wait to be mended |

None holds a personal value. A person who was merged is shown under the key of the one who lives on. Views are made
anew at each upgrade; a changed view therefore needs a revision, be it an empty one.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from ledger.tables.base import Instant
from ledger.tables.decisions import account_scores, assignments, blocks, cycles, scores, stages, transitions
from ledger.tables.facts import adjustments, owners, people
from ledger.tables.operations import conflicts, outbox, quarantine, run_counts, runs
from schemas.vocabulary import OutboxState

HOUR = 3600


class _Timestamp(sa.sql.functions.GenericFunction[str]):
    """A stored instant as a timestamp in UTC: a real one on PostgreSQL, sortable text on SQLite; to the second."""

    name = "readable"
    inherit_cache = True
    type = sa.Text()


@compiles(_Timestamp, "sqlite")
def _timestamp_sqlite(element: _Timestamp, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"datetime({compiler.process(element.clauses, **kwargs)} / 1000000, 'unixepoch')"


@compiles(_Timestamp, "postgresql")
def _timestamp_postgresql(element: _Timestamp, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"timezone('UTC', to_timestamp({compiler.process(element.clauses, **kwargs)} / 1000000))"


def _shown(*columns: sa.Column[Any]) -> list[sa.ColumnElement[Any]]:
    return [
        _Timestamp(column).label(column.name) if isinstance(column.type, Instant) else column
        for column in columns
    ]


def _person(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """The key of the person who lives on."""
    into = sa.select(people.c.merged_into).where(people.c.person_key == column).scalar_subquery()
    return sa.func.coalesce(into, column).label("person_key")


def _points(column: sa.Column[int]) -> sa.ColumnElement[Any]:
    return (column / sa.literal_column("100.0")).label(column.name)


def _owner_name(column: sa.Column[str]) -> sa.ColumnElement[str]:
    named = sa.select(sa.func.max(owners.c.name)).where(owners.c.native_id == column)
    return named.scalar_subquery().label("owner_name")


def _between(start: sa.Column[Any], end: sa.ColumnElement[Any], seconds: float) -> sa.ColumnElement[Any]:
    """The time between two instants in units of so many seconds."""
    micros = sa.type_coerce(end, sa.BigInteger) - sa.type_coerce(start, sa.BigInteger)
    return micros / sa.literal_column(f"{seconds * 1_000_000:.1f}")


def _cycles() -> sa.Select[Any]:
    c = cycles.c
    verdict = sa.func.coalesce(c.accepted_at, c.closed_at)
    return sa.select(
        *_shown(c.cycle_key),
        _person(c.person_key),
        *_shown(c.line, c.number, c.kind, c.state, c.is_trial, c.origin),
        *_shown(
            c.acted_at, c.opened_at, c.visible_at, c.hand_raised_at, c.assigned_at, c.accepted_at, c.closed_at
        ),
        _between(c.acted_at, verdict, HOUR).label("hours_from_act_to_verdict"),
        _between(c.visible_at, verdict, HOUR).label("hours_from_visible_to_verdict"),
        *_shown(c.closed_as, c.close_reason, c.trigger_rule, c.trigger_fact, c.playbook_version),
        *(_points(column) for column in (c.score, c.fit, c.engagement)),
        *_shown(c.grade, c.campaign_id, c.campaign_name, c.campaign_type, c.account_id, c.is_target_account),
        *_shown(c.opportunity_id, c.owner_id, c.owner_kind),
        _owner_name(c.owner_id),
        *_shown(c.reasons),
    )


def _transitions() -> sa.Select[Any]:
    t = transitions.c
    return sa.select(
        *_shown(t.transition_key),
        _person(t.person_key),
        *_shown(t.line, t.at, t.acted_at, t.from_stage, t.to_stage, t.rule_id, t.cause, t.cycle_key),
        *_shown(t.pass_through, t.origin, t.playbook_version, t.reasons),
    )


def _people_by_stage() -> sa.Select[Any]:
    living = sa.select(people.c.person_key).where(people.c.merged_into.is_(None))
    return (
        sa.select(stages.c.line, stages.c.stage, sa.func.count().label("people"))
        .where(stages.c.person_key.in_(living))
        .group_by(stages.c.line, stages.c.stage)
    )


def _person_scores() -> sa.Select[Any]:
    s = scores.c
    living = sa.select(people.c.person_key).where(people.c.merged_into.is_(None))
    return sa.select(
        *_shown(s.person_key, s.model, s.scored_at),
        *(_points(column) for column in (s.score, s.engagement, s.fit)),
        *_shown(s.grade, s.confidence, s.probability, s.account_id, s.role, s.playbook_version),
    ).where(s.person_key.in_(living))


def _account_scores() -> sa.Select[Any]:
    a = account_scores.c
    return sa.select(
        *_shown(a.account_id, a.valid_from), _points(a.score), *_shown(a.engaged, a.roles, a.people)
    )


def _adjustments() -> sa.Select[Any]:
    a = adjustments.c
    return sa.select(
        *_shown(a.adjustment_key),
        _person(a.person_key),
        *_shown(a.model, a.part),
        _points(a.points),
        *_shown(a.at, a.until, a.author),
    )


def _assignments() -> sa.Select[Any]:
    a = assignments.c
    return sa.select(
        *_shown(a.assignment_key, a.cycle_key),
        _person(a.person_key),
        *_shown(a.line, a.at, a.owner_id, a.owner_kind),
        _owner_name(a.owner_id),
        *_shown(a.rule_id, a.pool, a.how, a.playbook_version, a.reasons),
    )


def _blocks() -> sa.Select[Any]:
    b = blocks.c
    return sa.select(
        *_shown(b.block_key),
        _person(b.person_key),
        *_shown(b.line, b.at, b.trigger_rule, b.trigger_fact, b.exclusion, b.kind, b.since, b.until),
        *_shown(b.playbook_version),
    )


def _runs() -> sa.Select[Any]:
    r = runs.c
    return sa.select(
        *_shown(r.run_id, r.flow, r.mode, r.as_of, r.started_at, r.finished_at),
        _between(r.started_at, r.finished_at, 1).label("seconds"),
        *_shown(r.is_decided, r.status, r.message, r.playbook),
    )


def _run_figures() -> sa.Select[Any]:
    n = run_counts.c
    return sa.select(*_shown(n.run_id, runs.c.as_of, n.stage, n.platform, n.stream, n.name, n.n)).join_from(
        run_counts, runs, runs.c.run_id == n.run_id
    )


def _outbox_problems() -> sa.Select[Any]:
    o = outbox.c
    unsettled = o.state.in_([OutboxState.PENDING, OutboxState.DEFERRED]) & (o.attempts > 0)
    return sa.select(
        *_shown(o.id, o.platform, o.object, o.target, o.field, o.state, o.code, o.message, o.attempts),
        _person(o.person_key),
        *_shown(o.cycle_key, o.why, o.decided_at, o.claimed_at, o.settled_at, o.not_before, o.run_id),
    ).where(sa.or_(o.state.in_([OutboxState.REJECTED, OutboxState.CONFLICT]), unsettled))


def _left_alone() -> sa.Select[Any]:
    c = conflicts.c
    return sa.select(
        *_shown(c.platform, c.object, c.target, c.field),
        _person(c.person_key),
        *_shown(c.cycle_key, c.at, c.wanted, c.shown, c.why),
    ).where(c.field.in_(("owner_id", "status")))


def _quarantine_summary() -> sa.Select[Any]:
    q = quarantine.c
    group = (q.platform, q.stream, q.reasons)
    return (
        sa.select(
            *group,
            sa.func.count().label("waiting"),
            _Timestamp(sa.func.min(q.at)).label("first_at"),
            _Timestamp(sa.func.max(q.at)).label("last_at"),
        )
        .where(q.mended_at.is_(None))
        .group_by(*group)
    )


VIEWS = {
    "mql_cycles": _cycles,
    "stage_transitions": _transitions,
    "people_by_stage": _people_by_stage,
    "person_scores": _person_scores,
    "account_score_history": _account_scores,
    "score_adjustments": _adjustments,
    "cycle_assignments": _assignments,
    "blocked_triggers": _blocks,
    "run_summary": _runs,
    "run_figures": _run_figures,
    "outbox_problems": _outbox_problems,
    "left_alone": _left_alone,
    "quarantine_summary": _quarantine_summary,
}


def drop(connection: sa.Connection) -> None:
    """Out of the way of a migration: PostgreSQL changes no column that a view shows."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def create(connection: sa.Connection) -> None:
    """Makes all views, as they stand in this module."""
    for name, statement in VIEWS.items():
        text = statement().compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {text}".replace("%%", "%"))
