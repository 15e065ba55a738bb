"""What the engine decides. Decisions carry keys and ids, never personal values; `reasons` and `lines` are JSON text.

Keys are UUIDv5 of what they stand for: the same facts give the same keys, so a decision recorded twice is one row.
"""

import pandera.polars as pa
import polars as pl

from schemas.frames.base import Frame, UtcInstant


class Scores(Frame):
    """A person's score by one model, true at `scored_at`. Points are integer hundredths: 6500 is 65 points.

    A learned scorecard has no engagement, fit and grade; the others have no probability.
    """

    person_key: str = pa.Field()
    model: str = pa.Field()
    scored_at: UtcInstant = pa.Field()
    engagement: pl.Int64 = pa.Field(nullable=True, ge=0, le=10_000)
    fit: pl.Int64 = pa.Field(nullable=True, ge=0, le=10_000)
    score: pl.Int64 = pa.Field(ge=0, le=10_000)
    probability: pl.Float64 = pa.Field(
        nullable=True, ge=0, le=1
    )  # of the outcome that the card was learned for
    grade: str = pa.Field(nullable=True)  # fit letter and engagement digit: A1 … D4
    confidence: pl.Float64 = pa.Field(ge=0, le=1)  # share of the fit rules' attributes that are known
    next_tick_at: UtcInstant = pa.Field(
        nullable=True
    )  # first midnight at which something may change by itself
    account_id: str = pa.Field(nullable=True)  # what the account's score is put together by
    role: str = pa.Field(nullable=True)
    playbook_version: str = pa.Field()


class AccountScores(Frame):
    """What an account's people added up to from `valid_from` on. Runs after that one may decide by it."""

    account_id: str = pa.Field()
    valid_from: UtcInstant = pa.Field()
    score: pl.Int64 = pa.Field(ge=0, le=10_000)  # hundredths
    engaged: pl.Int64 = pa.Field(ge=0)  # people
    roles: pl.Int64 = pa.Field(ge=0)  # different roles among them
    people: pl.Int64 = pa.Field(ge=0)


class ScoreLines(Frame):
    """Why a score is what it is: the lines of one (person, model, instant) add up to its score exactly."""

    person_key: str = pa.Field()
    model: str = pa.Field()
    at: UtcInstant = pa.Field()
    part: str = pa.Field(
        isin=["engagement", "fit", "adjustment", "base", "card", "weight", "floor", "ceiling"]
    )
    rule_id: str = pa.Field()
    raw: pl.Int64 = pa.Field()  # before decay and cap, hundredths
    points: pl.Int64 = pa.Field()  # after decay and cap, hundredths of its part
    contribution: pl.Int64 = pa.Field()  # to the score, hundredths
    evidence: pl.List(pl.String) = pa.Field(nullable=True)  # activity keys, youngest 20
    evidence_count: pl.Int64 = pa.Field()
    since: UtcInstant = pa.Field(nullable=True)
    until: UtcInstant = pa.Field(nullable=True)


class Transitions(Frame):
    """One step of a person along the path of a line."""

    transition_key: str = pa.Field()
    person_key: str = pa.Field()
    line: str = pa.Field()
    at: UtcInstant = pa.Field()
    acted_at: UtcInstant = pa.Field()  # when the person or rep did it; earlier than `at` for late facts
    from_stage: str = pa.Field(nullable=True)
    to_stage: str = pa.Field()
    rule_id: str = pa.Field()
    cause: str = pa.Field(nullable=True)  # key of the fact
    cycle_key: str = pa.Field(nullable=True)
    pass_through: bool = pa.Field()
    origin: str = pa.Field()
    playbook_version: str = pa.Field()
    reasons: str = pa.Field()


class Cycles(Frame):
    """One handover, as it stands after this decision."""

    cycle_key: str = pa.Field(unique=True)
    person_key: str = pa.Field()
    line: str = pa.Field()
    number: pl.Int64 = pa.Field()
    kind: str = pa.Field()
    state: str = pa.Field()
    opened_at: UtcInstant = pa.Field()
    acted_at: UtcInstant = pa.Field()
    hand_raised_at: UtcInstant = pa.Field(nullable=True)
    accepted_at: UtcInstant = pa.Field(nullable=True)
    closed_at: UtcInstant = pa.Field(nullable=True)
    closed_as: str = pa.Field(
        nullable=True
    )  # rejected, recycled, converted, expired, void, merged, withdrawn
    close_reason: str = pa.Field(nullable=True)
    is_trial: bool = pa.Field()
    origin: str = pa.Field()
    trigger_rule: str = pa.Field()
    trigger_fact: str = pa.Field(nullable=True)
    playbook_version: str = pa.Field()
    score: pl.Int64 = pa.Field(nullable=True)
    fit: pl.Int64 = pa.Field(nullable=True)
    engagement: pl.Int64 = pa.Field(nullable=True)
    grade: str = pa.Field(nullable=True)
    campaign_id: str = pa.Field(nullable=True)
    campaign_name: str = pa.Field(nullable=True)
    campaign_type: str = pa.Field(nullable=True)
    account_id: str = pa.Field(nullable=True)
    is_target_account: bool = pa.Field(nullable=True)
    opportunity_id: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    owner_kind: str = pa.Field(nullable=True)
    assigned_at: UtcInstant = pa.Field(nullable=True)
    visible_at: UtcInstant = pa.Field(nullable=True)  # when MQL__c was applied: the owner could see it
    reasons: str = pa.Field()  # JSON: trigger, condition, near values
    lines: str = pa.Field(nullable=True)  # JSON: score lines at opening


class CycleEvents(Frame):
    """Append-only history of a cycle: opened, hand_raised, accepted, rejected, recycled, converted, reassigned …"""

    event_key: str = pa.Field()
    cycle_key: str = pa.Field()
    person_key: str = pa.Field()
    kind: str = pa.Field()
    at: UtcInstant = pa.Field()
    acted_at: UtcInstant = pa.Field()
    fact_key: str = pa.Field(nullable=True)
    reason: str = pa.Field(nullable=True)
    said_by: str = pa.Field(nullable=True)


class Stages(Frame):
    """Where a person stands on a line now."""

    person_key: str = pa.Field()
    line: str = pa.Field()
    stage: str = pa.Field()
    since: UtcInstant = pa.Field()
    origin: str = pa.Field()
    first_mql_at: UtcInstant = pa.Field(nullable=True)  # what the stamps must show; adopted ones included
    last_mql_at: UtcInstant = pa.Field(nullable=True)
    first_sal_at: UtcInstant = pa.Field(nullable=True)
    last_sal_at: UtcInstant = pa.Field(nullable=True)
    spent_through: UtcInstant = pa.Field(nullable=True)  # acts up to here can open no cycle any more


class Blocks(Frame):
    """A trigger that was held back, and by what."""

    block_key: str = pa.Field()
    person_key: str = pa.Field()
    line: str = pa.Field()
    at: UtcInstant = pa.Field()
    trigger_rule: str = pa.Field()
    trigger_fact: str = pa.Field(nullable=True)
    exclusion: str = pa.Field()
    kind: str = pa.Field()  # BlockKind
    since: UtcInstant = pa.Field(nullable=True)
    until: UtcInstant = pa.Field(nullable=True)  # null: as long as the condition holds
    playbook_version: str = pa.Field()


class WouldQualify(Frame):
    """Who meets a trigger now without a new act; replaced as a whole for each decided person."""

    person_key: str = pa.Field()
    line: str = pa.Field()
    rule_id: str = pa.Field()
    since: UtcInstant = pa.Field()
    why: str = pa.Field()  # no_new_act, exclusion id, not_live


class Clocks(Frame):
    """When a decided person is to be looked at again though nothing new is known: the end of a window or of a cycle."""

    person_key: str = pa.Field(unique=True)
    next_clock_at: UtcInstant = pa.Field(nullable=True)  # null: nothing ends


class Assignments(Frame):
    """Who got a cycle, by which rule."""

    assignment_key: str = pa.Field()
    cycle_key: str = pa.Field()
    person_key: str = pa.Field()
    line: str = pa.Field()
    at: UtcInstant = pa.Field()
    owner_id: str = pa.Field(nullable=True)  # null: nobody could be found; shown, never silent
    owner_kind: str = pa.Field(nullable=True)
    rule_id: str = pa.Field()
    pool: str = pa.Field(nullable=True)
    how: str = pa.Field(isin=["rule", "kept", "opportunity", "account", "last_cycle", "crm", "nobody"])
    playbook_version: str = pa.Field()
    reasons: str = pa.Field()


class PoolPointers(Frame):
    """Round-robin state: how many cycles each member of a pool was given, and when last."""

    pool: str = pa.Field()
    owner_id: str = pa.Field()
    given: pl.Int64 = pa.Field(ge=0)
    last_at: UtcInstant = pa.Field(nullable=True)
    last_cycle_key: str = pa.Field(nullable=True)


class Changes(Frame):
    """What should be written to a platform: one field of one record. Values are JSON text (`null`, `"text"`, `42`)."""

    platform: str = pa.Field()
    object: str = pa.Field()  # person, lead, contact, mql_record, task
    target: str = (
        pa.Field()
    )  # native id; for mql_record and task the cycle key; for a creation the person key
    is_creation: bool = pa.Field()
    field: str = pa.Field()
    value: str = pa.Field()
    priority: pl.Int64 = pa.Field()  # 1 owner, status, MQL__c, creations; 2 stamps; 3 scores
    person_key: str = pa.Field()
    cycle_key: str = pa.Field(nullable=True)
    decided_at: UtcInstant = pa.Field()
    why: str = pa.Field()  # rule or decision that asks for it


class LastWrites(Frame):
    """What was last asked of a platform for one field of one record: the youngest outbox entry that counts.

    Superseded and dropped entries don't count. `at`: when it was settled, else claimed, else decided.
    """

    platform: str = pa.Field()
    object: str = pa.Field()
    target: str = pa.Field()
    is_creation: bool = pa.Field()
    field: str = pa.Field()
    value: str = pa.Field()
    state: str = pa.Field()  # OutboxState
    at: UtcInstant = pa.Field()
    person_key: str = pa.Field()
    cycle_key: str = pa.Field(nullable=True)


class Drops(Frame):
    """Entries of the outbox that nobody wants any more: their record was converted or is gone, or sales was quicker."""

    platform: str = pa.Field()
    object: str = pa.Field()
    target: str = pa.Field()
    field: str = pa.Field()
    why: str = pa.Field()


class Conflicts(Frame):
    """What we would have written and left alone, because a person's work stands there or something is missing."""

    platform: str = pa.Field()
    object: str = pa.Field()
    target: str = pa.Field()
    field: str = pa.Field()
    person_key: str = pa.Field()
    cycle_key: str = pa.Field(nullable=True)
    at: UtcInstant = pa.Field()
    wanted: str = pa.Field()  # JSON, as in Changes
    shown: str = pa.Field()  # JSON
    why: str = pa.Field()
