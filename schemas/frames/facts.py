"""What the ledger hands to the engine: facts about people, each with when it happened and when we learned it.

`occurred_at` or `valid_from`: when it became true. `learned_at`: when this ledger learned it. The engine sees a fact
at the instant `at` with knowledge `known_by` only if `occurred_at ≤ at` and `learned_at ≤ known_by`.
Keys: `person_key` and `cycle_key` are UUIDs as text; `record_id`, `owner_id`, `account_id` are platform ids.
"""

import pandera.polars as pa
import polars as pl

from schemas.frames.base import Frame, UtcInstant


class People(Frame):
    """One row per living person of the set. Null `decided_through`: never decided."""

    person_key: str = pa.Field(unique=True)
    created_at: UtcInstant = pa.Field()  # oldest creation instant among the records
    first_learned_at: UtcInstant = pa.Field()
    decided_through: UtcInstant = pa.Field(nullable=True)
    group_key: str = pa.Field()  # people who share an e-mail without being joined; else the person's own key
    is_erased: bool = pa.Field()


class Records(Frame):
    """Present platform records of the people: what they show now, our own values included."""

    person_key: str = pa.Field()
    platform: str = pa.Field()
    object: str = pa.Field()
    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    is_converted: bool = pa.Field()
    email: str = pa.Field(nullable=True)
    last_name: str = pa.Field(nullable=True)
    company: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    account_id: str = pa.Field(nullable=True)
    stage: str = pa.Field(nullable=True)
    score: pl.Int64 = pa.Field(nullable=True)
    fit: pl.Int64 = pa.Field(nullable=True)
    engagement: pl.Int64 = pa.Field(nullable=True)
    grade: str = pa.Field(nullable=True)
    first_mql_at: UtcInstant = pa.Field(nullable=True)
    last_mql_at: UtcInstant = pa.Field(nullable=True)
    first_sal_at: UtcInstant = pa.Field(nullable=True)
    last_sal_at: UtcInstant = pa.Field(nullable=True)


class RecordVersions(Frame):
    """What a record said from `valid_from` on; our own writes left out (status, owner: last foreign value)."""

    person_key: str = pa.Field()
    platform: str = pa.Field()
    object: str = pa.Field()
    native_id: str = pa.Field()
    valid_from: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    assumed: bool = pa.Field()  # first-seen value, taken to hold since the record's creation
    origin: str = pa.Field()
    is_deleted: bool = pa.Field()
    email: str = pa.Field(nullable=True)
    first_name: str = pa.Field(nullable=True)
    last_name: str = pa.Field(nullable=True)
    company: str = pa.Field(nullable=True)
    title: str = pa.Field(nullable=True)
    phone: str = pa.Field(nullable=True)
    country: str = pa.Field(nullable=True)
    industry: str = pa.Field(nullable=True)
    employees: pl.Int64 = pa.Field(nullable=True)
    website: str = pa.Field(nullable=True)
    lead_source: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    account_id: str = pa.Field(nullable=True)
    unsubscribed: bool = pa.Field(nullable=True)
    email_invalid: bool = pa.Field(nullable=True)
    extra: str = pa.Field(nullable=True)  # JSON object


class Activities(Frame):
    """Acts of the people. `activity_key` = platform:native_key."""

    activity_key: str = pa.Field()
    person_key: str = pa.Field()
    occurred_at: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    origin: str = pa.Field()
    kind: str = pa.Field()
    native_kind: str = pa.Field()
    asset_name: str = pa.Field(nullable=True)
    url: str = pa.Field(nullable=True)
    link: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)
    campaign_id: str = pa.Field(nullable=True)
    campaign_name: str = pa.Field(nullable=True)
    campaign_type: str = pa.Field(nullable=True)
    is_bot: bool = pa.Field()


class AccountVersions(Frame):
    account_id: str = pa.Field()
    valid_from: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    name: str = pa.Field(nullable=True)
    domain: str = pa.Field(nullable=True)
    type: str = pa.Field(nullable=True)
    industry: str = pa.Field(nullable=True)
    employees: pl.Int64 = pa.Field(nullable=True)
    country: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    is_target: bool = pa.Field(nullable=True)


class OpportunityVersions(Frame):
    """Versions of the opportunities that touch the people, once per (person, opportunity, version)."""

    person_key: str = pa.Field()
    link: str = pa.Field(isin=["role", "conversion", "account"])  # how it is the person's
    linked_at: UtcInstant = pa.Field()  # since when it is (role created, lead converted, account joined)
    opportunity_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    valid_from: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    type: str = pa.Field(nullable=True)
    stage: str = pa.Field(nullable=True)
    is_closed: bool = pa.Field()
    is_won: bool = pa.Field()
    owner_id: str = pa.Field(nullable=True)
    business_line: str = pa.Field(nullable=True)


class Verdicts(Frame):
    """What sales said or did, as facts. Our own echoes are not among them."""

    fact_key: str = pa.Field(unique=True)
    person_key: str = pa.Field()
    cycle_key: str = pa.Field(nullable=True)  # known when it was said on MQL__c
    kind: str = pa.Field()  # VerdictKind
    reason: str = pa.Field(nullable=True)
    occurred_at: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()
    origin: str = pa.Field()
    source: str = pa.Field()  # mql_record, lead, contact, opportunity, conversion
    said_by: str = pa.Field(nullable=True)
    opportunity_id: str = pa.Field(nullable=True)


class MqlRecords(Frame):
    """`MQL__c` of the people's cycles as the CRM shows it now, our own values included."""

    cycle_key: str = pa.Field(unique=True)
    native_id: str = pa.Field()
    learned_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    lead_id: str = pa.Field(nullable=True)
    contact_id: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)
    closed_as: str = pa.Field(nullable=True)
    reject_reason: str = pa.Field(nullable=True)
    recycle_reason: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)


class Removals(Frame):
    """A person whose every record was deleted, or who was merged into another."""

    fact_key: str = pa.Field()
    person_key: str = pa.Field()
    into_person_key: str = pa.Field(nullable=True)
    occurred_at: UtcInstant = pa.Field()
    learned_at: UtcInstant = pa.Field()


class Owners(Frame):
    """The roster as it stands now: users and queues."""

    owner_id: str = pa.Field(unique=True)
    kind: str = pa.Field()
    name: str = pa.Field()
    is_active: bool = pa.Field()
    can_own: bool = pa.Field()
    role: str = pa.Field(nullable=True)
    away_until: UtcInstant = pa.Field(nullable=True)


class Adjustments(Frame):
    """Points that a person gave by hand, to one part of one model's score."""

    adjustment_key: str = pa.Field(unique=True)
    person_key: str = pa.Field()
    model: str = pa.Field()
    part: str = pa.Field(isin=["engagement", "fit"])
    points: pl.Int64 = pa.Field()  # hundredths, before floor, ceiling and weight
    at: UtcInstant = pa.Field()  # when the ledger took it in
    until: UtcInstant = pa.Field(nullable=True)  # a local midnight; null: for good
    author: str = pa.Field()
    reason: str = pa.Field()
