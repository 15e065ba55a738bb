"""Which frame model a stream's rows must satisfy, and its natural key."""

from schemas.frames import door
from schemas.frames.base import Frame
from schemas.vocabulary import Stream

MODELS: dict[Stream, type[Frame]] = {
    Stream.PEOPLE: door.People,
    Stream.LEADS: door.People,
    Stream.CONTACTS: door.People,
    Stream.ACCOUNTS: door.Accounts,
    Stream.OPPORTUNITIES: door.Opportunities,
    Stream.CONTACT_ROLES: door.ContactRoles,
    Stream.CAMPAIGNS: door.Campaigns,
    Stream.CAMPAIGN_MEMBERS: door.CampaignMembers,
    Stream.OWNERS: door.Owners,
    Stream.QUEUE_MEMBERS: door.QueueMembers,
    Stream.TASKS: door.Tasks,
    Stream.MQL_RECORDS: door.MqlRecords,
    Stream.FIELD_HISTORY: door.FieldHistory,
    Stream.ACTIVITIES: door.Activities,
    Stream.REMOVALS: door.Removals,
}


def natural_key(stream: Stream) -> str:
    """The column by which a re-read row is recognised within its platform."""
    return "native_key" if stream is Stream.ACTIVITIES else "native_id"
