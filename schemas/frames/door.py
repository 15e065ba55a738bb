"""Frames at the door: canonical rows as connectors yield them, after parsing, before the ledger.

A connector's page carries the same column names as raw text (`String`); `schemas.admission.admit` parses the text
into these types and splits bad rows off with their reasons. `native_id` is the platform's own key as text.
`changed_at` is the platform's change time; both instants are UTC. `extra` and `attributes` are JSON objects as text.
"""

import pandera.polars as pa
import polars as pl

from schemas.frames.base import Frame, UtcInstant

EMAIL_PATTERN = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$"
NATURAL = {"ge": 0}


class People(Frame):
    """One platform record about a human: a Marketo person, a Salesforce lead or contact."""

    object: str = pa.Field(isin=["person", "lead", "contact"])
    native_id: str = pa.Field(str_length={"min_value": 1, "max_value": 64})
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    merged_into: str = pa.Field(nullable=True)
    email: str = pa.Field(nullable=True, str_matches=EMAIL_PATTERN)
    first_name: str = pa.Field(nullable=True)
    last_name: str = pa.Field(nullable=True)
    company: str = pa.Field(nullable=True)
    title: str = pa.Field(nullable=True)
    phone: str = pa.Field(nullable=True)
    country: str = pa.Field(nullable=True)
    industry: str = pa.Field(nullable=True)
    employees: pl.Int64 = pa.Field(nullable=True, ge=0, le=10_000_000)
    website: str = pa.Field(nullable=True)
    lead_source: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)  # the record's own status, platform's spelling
    reject_reason: str = pa.Field(nullable=True)  # what a rep wrote beside a rejected status
    owner_id: str = pa.Field(nullable=True)
    account_id: str = pa.Field(nullable=True)
    crm_lead_id: str = pa.Field(nullable=True)  # Marketo's link to the synced pair
    crm_contact_id: str = pa.Field(nullable=True)
    converted_at: UtcInstant = pa.Field(nullable=True)  # a converted lead's instant and what it became
    converted_contact_id: str = pa.Field(nullable=True)
    converted_account_id: str = pa.Field(nullable=True)
    converted_opportunity_id: str = pa.Field(nullable=True)
    unsubscribed: bool = pa.Field(nullable=True)
    email_invalid: bool = pa.Field(nullable=True)
    stage: str = pa.Field(nullable=True)  # our own fields, as the platform shows them
    score: pl.Int64 = pa.Field(nullable=True)
    fit: pl.Int64 = pa.Field(nullable=True)
    engagement: pl.Int64 = pa.Field(nullable=True)
    grade: str = pa.Field(nullable=True)
    first_mql_at: UtcInstant = pa.Field(nullable=True)
    last_mql_at: UtcInstant = pa.Field(nullable=True)
    first_sal_at: UtcInstant = pa.Field(nullable=True)
    last_sal_at: UtcInstant = pa.Field(nullable=True)
    extra: str = pa.Field(nullable=True)


class Activities(Frame):
    """One act of a person. `native_key` is unique per platform (Marketo: marketoGUID)."""

    native_key: str = pa.Field(str_length={"min_value": 1, "max_value": 128})
    person_native_id: str = pa.Field()
    occurred_at: UtcInstant = pa.Field()
    kind: str = pa.Field()
    native_kind: str = pa.Field()
    asset_id: str = pa.Field(nullable=True)
    asset_name: str = pa.Field(nullable=True)  # form, page, mail or program name as the platform shows it
    url: str = pa.Field(nullable=True)
    link: str = pa.Field(nullable=True)  # what was clicked
    status: str = pa.Field(nullable=True)  # new program status
    field: str = pa.Field(nullable=True)  # value_change: which platform field, and its values
    old_value: str = pa.Field(nullable=True)
    new_value: str = pa.Field(nullable=True)
    source: str = pa.Field(nullable=True)  # who or what did it, in the platform's words
    campaign_id: str = pa.Field(nullable=True)
    is_bot: bool = pa.Field()  # the platform's own mark
    attributes: str = pa.Field(nullable=True)


class Intents(Frame):
    """Somebody at a company looked for a topic, as a vendor of intent data saw it: about a domain, not a person."""

    domain: str = pa.Field(str_matches=r"^[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+$")  # lower case, without www.
    topic: str = pa.Field(str_length={"min_value": 1, "max_value": 200})
    strength: pl.Float64 = pa.Field(nullable=True)  # in the vendor's measure
    vendor: str = pa.Field(str_length={"min_value": 1, "max_value": 100})
    occurred_at: UtcInstant = pa.Field()


class Accounts(Frame):
    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    name: str = pa.Field(nullable=True)
    domain: str = pa.Field(nullable=True)
    type: str = pa.Field(nullable=True)
    industry: str = pa.Field(nullable=True)
    employees: pl.Int64 = pa.Field(nullable=True, ge=0)
    country: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    is_target: bool = pa.Field(nullable=True)


class Opportunities(Frame):
    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    account_id: str = pa.Field(nullable=True)
    name: str = pa.Field(nullable=True)
    type: str = pa.Field(nullable=True)
    stage: str = pa.Field(nullable=True)
    is_closed: bool = pa.Field()
    is_won: bool = pa.Field()
    amount: pl.Float64 = pa.Field(nullable=True)
    currency: str = pa.Field(nullable=True)
    closed_at: UtcInstant = pa.Field(nullable=True)  # a date on the wire: 00:00 UTC of it
    owner_id: str = pa.Field(nullable=True)
    business_line: str = pa.Field(nullable=True)


class ContactRoles(Frame):
    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    opportunity_id: str = pa.Field()
    contact_id: str = pa.Field()
    role: str = pa.Field(nullable=True)


class Campaigns(Frame):
    """Salesforce campaigns and Marketo programs."""

    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field(nullable=True)
    changed_at: UtcInstant = pa.Field(nullable=True)
    name: str = pa.Field()
    type: str = pa.Field(nullable=True)  # Marketo: channel
    status: str = pa.Field(nullable=True)


class CampaignMembers(Frame):
    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    campaign_id: str = pa.Field()
    person_object: str = pa.Field(isin=["person", "lead", "contact"])
    person_native_id: str = pa.Field()
    status: str = pa.Field(nullable=True)


class Owners(Frame):
    """Users and queues. `away_until`: a date on which the user is back, 00:00 UTC of it."""

    kind: str = pa.Field(isin=["user", "queue"])
    native_id: str = pa.Field()
    changed_at: UtcInstant = pa.Field(nullable=True)
    name: str = pa.Field()
    email: str = pa.Field(nullable=True)
    is_active: bool = pa.Field()
    can_own: bool = pa.Field()  # a standard user, or a queue for leads
    role: str = pa.Field(nullable=True)
    away_until: UtcInstant = pa.Field(nullable=True)


class QueueMembers(Frame):
    """Always a full reading: what is absent is gone."""

    native_id: str = pa.Field()
    queue_id: str = pa.Field()
    user_id: str = pa.Field()


class Tasks(Frame):
    """Calls, mails and meetings with a person. `kind`: call, email, meeting or other."""

    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    is_deleted: bool = pa.Field()
    person_native_id: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    kind: str = pa.Field(isin=["call", "email", "meeting", "other"])
    subject: str = pa.Field(nullable=True)
    is_completed: bool = pa.Field()
    completed_at: UtcInstant = pa.Field(nullable=True)
    cycle_key: str = pa.Field(nullable=True)


class MqlRecords(Frame):
    """`MQL__c` as the CRM shows it. `external_key` is the ledger's cycle key."""

    native_id: str = pa.Field()
    created_at: UtcInstant = pa.Field()
    changed_at: UtcInstant = pa.Field()
    changed_by: str = pa.Field(nullable=True)
    is_deleted: bool = pa.Field()
    external_key: str = pa.Field(nullable=True)
    lead_id: str = pa.Field(nullable=True)
    contact_id: str = pa.Field(nullable=True)
    status: str = pa.Field(nullable=True)
    closed_as: str = pa.Field(nullable=True)
    reject_reason: str = pa.Field(nullable=True)
    recycle_reason: str = pa.Field(nullable=True)
    owner_id: str = pa.Field(nullable=True)
    mql_at: UtcInstant = pa.Field(nullable=True)


class FieldHistory(Frame):
    """One recorded change of a tracked field. `field` is canonical: status, owner_id or created."""

    native_id: str = pa.Field()
    object: str = pa.Field(isin=["lead", "mql_record"])
    record_id: str = pa.Field()
    field: str = pa.Field()
    old_value: str = pa.Field(nullable=True)
    new_value: str = pa.Field(nullable=True)
    changed_at: UtcInstant = pa.Field()
    changed_by: str = pa.Field(nullable=True)


class Removals(Frame):
    """A deletion, or a merge into another record."""

    native_id: str = pa.Field()  # unique key of the removal itself
    object: str = pa.Field(isin=["person", "lead", "contact"])
    removed_id: str = pa.Field()
    into_id: str = pa.Field(nullable=True)  # the winner of a merge; null: deleted
    occurred_at: UtcInstant = pa.Field()
