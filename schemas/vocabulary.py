"""The field's words, spelled once. Platform words never appear here: they stop at a connector's mapping."""

from enum import StrEnum


class Platform(StrEnum):
    MARKETO = "marketo"
    SALESFORCE = "salesforce"


class RecordObject(StrEnum):
    """Kinds of a platform's record about one human. Marketo has `person` only."""

    PERSON = "person"
    LEAD = "lead"
    CONTACT = "contact"


class Stream(StrEnum):
    """What can be pulled. A stream is read page by page, with one cursor per (platform, stream)."""

    PEOPLE = "people"  # Marketo: people. Salesforce: leads and contacts are LEADS and CONTACTS
    LEADS = "leads"
    CONTACTS = "contacts"
    ACCOUNTS = "accounts"
    OPPORTUNITIES = "opportunities"
    CONTACT_ROLES = "contact_roles"
    CAMPAIGNS = "campaigns"  # Salesforce campaigns; Marketo programs
    CAMPAIGN_MEMBERS = "campaign_members"
    OWNERS = "owners"  # users and queues
    QUEUE_MEMBERS = "queue_members"
    TASKS = "tasks"
    MQL_RECORDS = "mql_records"
    FIELD_HISTORY = "field_history"  # status and owner changes with their true instants
    ACTIVITIES = "activities"
    REMOVALS = "removals"  # deletions and merges that a platform tells apart from its rows


class ActivityKind(StrEnum):
    """Canonical activity vocabulary; `other` keeps what no mapping names."""

    PAGE_VISIT = "page_visit"
    LINK_CLICK = "link_click"
    FORM_FILL = "form_fill"
    EMAIL_SENT = "email_sent"
    EMAIL_DELIVERED = "email_delivered"
    EMAIL_OPEN = "email_open"
    EMAIL_CLICK = "email_click"
    EMAIL_BOUNCE = "email_bounce"
    UNSUBSCRIBE = "unsubscribe"
    WEBINAR_REGISTERED = "webinar_registered"
    WEBINAR_ATTENDED = "webinar_attended"
    WEBINAR_ON_DEMAND = "webinar_on_demand"
    EVENT_REGISTERED = "event_registered"
    EVENT_ATTENDED = "event_attended"
    CONTENT_DOWNLOAD = "content_download"
    TRIAL_SIGNUP = "trial_signup"
    SURVEY_RESPONSE = "survey_response"
    PROGRAM_STATUS = "program_status"
    LIST_ADD = "list_add"
    AD_CLICK = "ad_click"
    CHAT = "chat"
    SOCIAL = "social"
    THIRD_PARTY_INTENT = "third_party_intent"
    PERSON_CREATED = "person_created"
    VALUE_CHANGE = "value_change"  # stored as evidence of who changed what; never scores
    SCORE_CHANGE = "score_change"  # never scores
    OTHER = "other"


class Origin(StrEnum):
    """How a fact or decision came to be known."""

    LIVE = "live"
    ADOPTED = "adopted"  # was there before us
    BACKFILL = "backfill"


class VerdictKind(StrEnum):
    """What sales said or did about a person, as facts with an instant."""

    ACCEPTED = "accepted"  # working
    REJECTED = "rejected"
    RECYCLED = "recycled"
    CONVERTED_LEAD = "converted_lead"  # the lead became a contact
    OPPORTUNITY = "opportunity"  # an opportunity of the person was created
    REOPENED = "reopened"  # a person set the status back to open


class CycleKind(StrEnum):
    MQL = "mql"
    HAND_RAISE = "hand_raise"
    CALL_SIGNAL = "call_signal"


class CycleState(StrEnum):
    OPEN = "open"
    WORKING = "working"
    REJECTED = "rejected"
    RECYCLED = "recycled"
    CONVERTED = "converted"
    EXPIRED = "expired"
    VOID = "void"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        return self in (CycleState.OPEN, CycleState.WORKING)


class BlockKind(StrEnum):
    HARD = "hard"  # blocks everything
    NOT_READY = "not_ready"  # blocks score triggers; a hand raise passes as an ordinary MQL
    WITH_SALES = "with_sales"  # blocks score triggers; a hand raise opens a cycle of kind hand_raise


class OwnerKind(StrEnum):
    USER = "user"
    QUEUE = "queue"


class OutboxState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    DEFERRED = "deferred"  # tried again by a later run
    APPLIED = "applied"
    UNCHANGED = "unchanged"  # the platform already showed our value
    REJECTED = "rejected"
    CONFLICT = "conflict"  # a person's work was there: left alone, shown
    SUPERSEDED = "superseded"
    DROPPED = "dropped"  # its target is gone, e.g. a lead that was converted


class Silo(StrEnum):
    DATA = "data"
    SCORING = "scoring"
    LIFECYCLE = "lifecycle"
    ASSIGNMENT = "assignment"
    OUTBOX = "outbox"  # derived from decisions by engine/changes, pushed by tasks/push
    OPERATIONS = "operations"  # runs, cursors, lease


class Mode(StrEnum):
    LIVE = "live"
    PLAN = "plan"
    REPLAY = "replay"
