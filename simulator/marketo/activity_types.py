"""The activity types of the subscription, with the attribute names that the wire shows.

Names of types marked ``illustrative`` are not established by any public source: a client must read them
from types.json and rely on none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

NEW_LEAD, CHANGE_DATA_VALUE, CHANGE_SCORE = 12, 13, 22
SYNC_TO_SFDC, CONVERT_LEAD, CHANGE_OWNER = 19, 21, 23
ADD_TO_LIST, REMOVE_FROM_LIST = 24, 25
MERGE_LEADS, DELETE_LEAD, REQUEST_CAMPAIGN = 32, 37, 47
CHANGE_STATUS_IN_PROGRESSION, PUSH_LEAD = 104, 145


@dataclass(frozen=True, slots=True)
class ActivityType:
    id: int
    name: str
    description: str
    primary: tuple[str, str] | None
    attributes: tuple[tuple[str, str], ...]
    illustrative: bool = False
    api_name: str | None = None


_S, _I, _B = "string", "integer", "boolean"
_WEB = (
    ("Client IP Address", _S),
    ("Query Parameters", _S),
    ("Referrer URL", _S),
    ("User Agent", _S),
)
_RUN = (
    ("Campaign Run ID", _I),
    ("Choice Number", _I),
    ("Has Predictive", _B),
    ("Step ID", _I),
    ("Test Variant", _I),
)
_BOUNCE = (*_RUN, ("Category", _S), ("Subcategory", _S), ("Details", _S), ("Email", _S))
_DEVICE = (
    ("Is Bot Activity", _B),
    ("Bot Activity Pattern", _S),
    ("Device", _S),
    ("Platform", _S),
    ("Is Mobile Device", _B),
    ("User Agent", _S),
)
_API = (("API Method Name", _S), ("Modifying User", _S), ("Request Id", _S))
_MAIL = ("Mailing ID", _I)


def _type(
    id: int,
    name: str,
    primary: tuple[str, str] | None,
    *attributes: tuple[str, str],
    description: str = "",
    illustrative: bool = False,
) -> ActivityType:
    return ActivityType(id, name, description or name, primary, attributes, illustrative)


_OPEN = (*_RUN, *_DEVICE)
_CLICK = (
    ("Campaign Run ID", _I),
    ("Choice Number", _I),
    ("Is Predictive", _B),
    ("Step ID", _I),
    ("Test Variant", _I),
    *_DEVICE,
    ("Link", _S),
    ("Link ID", _S),
)
_SFDC = (("SFDC Type", _S), ("SFDC Id", _S), ("Source", _S))
_SALES_MAIL = (("Artifact ID", _S), ("Source", _S), ("Sent By", _S), ("Template ID", _I))
_STAGE = (
    ("Old Stage ID", _I),
    ("Old Stage", _S),
    ("New Stage ID", _I),
    ("New Stage", _S),
    ("Reason", _S),
)

BUILT_IN: tuple[ActivityType, ...] = (
    _type(
        1,
        "Visit Webpage",
        ("Webpage ID", _I),
        *_WEB,
        ("Search Engine", _S),
        ("Search Query", _S),
        ("Webpage URL", _S),
        description="User visits a web page",
    ),
    _type(
        2,
        "Fill Out Form",
        ("Webform ID", _I),
        *_WEB,
        ("Form Fields", "text"),
        ("Webpage ID", _I),
        description="User fills out and submits form on web page",
    ),
    _type(
        3, "Click Link", ("Link ID", _I), *_WEB, ("Webpage ID", _I), description="User clicks link on a page"
    ),
    _type(6, "Send Email", _MAIL, *_RUN, description="Send Marketo Email to a person"),
    _type(7, "Email Delivered", _MAIL, *_RUN, description="Marketo Email is delivered to a person"),
    _type(8, "Email Bounced", _MAIL, *_BOUNCE, description="Marketo Email is bounced for a person"),
    _type(
        9,
        "Unsubscribe Email",
        _MAIL,
        *_WEB,
        ("Campaign Run ID", _I),
        ("Form Fields", "text"),
        ("Test Variant", _I),
        ("Webform ID", _I),
        ("Webpage ID", _I),
        description="Person unsubscribes from Marketo Emails",
    ),
    _type(10, "Open Email", _MAIL, *_OPEN, description="User opens Marketo Email"),
    _type(11, "Click Email", _MAIL, *_CLICK, description="User clicks on a link in a Marketo Email"),
    _type(
        NEW_LEAD,
        "New Lead",
        None,
        ("Created Date", "datetime"),
        ("Form Name", _S),
        ("Lead Source", _S),
        ("List Name", _S),
        ("SFDC Type", _S),
        ("Source Type", _S),
        *_API,
        description="New person/record is added to the lead database",
    ),
    _type(
        CHANGE_DATA_VALUE,
        "Change Data Value",
        ("Attribute Name", _S),
        ("New Value", "text"),
        ("Old Value", "text"),
        ("Reason", _S),
        ("Source", _S),
        *_API,
        description="Changed attribute value for a person/record",
    ),
    _type(SYNC_TO_SFDC, "Sync Lead to SFDC", ("SFDC Type", _S), *_SFDC, illustrative=True),
    _type(
        CONVERT_LEAD,
        "Convert Lead",
        ("Lead ID", _I),
        ("Assign To", _S),
        ("Converted Status", _S),
        ("Send Notification Email", _B),
        illustrative=True,
    ),
    _type(
        CHANGE_SCORE,
        "Change Score",
        ("Score Name", _S),
        ("Change Value", _S),
        ("New Value", "Integer"),
        ("Old Value", "Integer"),
        ("Priority", "Integer"),
        ("Reason", _S),
        ("Relative Score", "Integer"),
        ("Relative Urgency", "Integer"),
        ("Urgency", "float"),
        description="Modify the score of a person",
    ),
    _type(
        CHANGE_OWNER,
        "Change Owner",
        ("Lead ID", _I),
        ("New Owner", _S),
        ("Old Owner", _S),
        ("Source", _S),
        illustrative=True,
    ),
    _type(ADD_TO_LIST, "Add to List", ("List ID", _I), ("Source", _S), description="Add a person to a list"),
    _type(REMOVE_FROM_LIST, "Remove from List", ("List ID", _I), ("Source", _S)),
    _type(26, "SFDC Activity", ("Subject", _S), ("Status", _S), ("Owner", _S), illustrative=True),
    _type(
        27, "Email Bounced Soft", _MAIL, *_BOUNCE, description="Marketo Email is bounced soft for a person"
    ),
    _type(28, "Sync Lead Updates to SFDC", ("SFDC Type", _S), *_SFDC, illustrative=True),
    _type(29, "Delete Lead from SFDC", ("SFDC Id", _S), ("Source", _S), illustrative=True),
    _type(30, "SFDC Activity Updated", ("Subject", _S), ("Status", _S), ("Owner", _S), illustrative=True),
    _type(31, "SFDC Merge Leads", ("SFDC Id", _S), ("Merge IDs", _S), illustrative=True),
    _type(
        MERGE_LEADS,
        "Merge Leads",
        ("Lead ID", _I),
        ("Master Updated", _B),
        ("Merge IDs", "array"),
        ("Merge Source", _S),
        ("Merged in Sales", _B),
        description="Merge two or more leads into a single record",
    ),
    _type(34, "Add to Opportunity", ("Opportunity ID", _I), ("Role", _S), ("Is Primary", _B)),
    _type(35, "Remove from Opportunity", ("Opportunity ID", _I), ("Role", _S), ("Is Primary", _B)),
    _type(
        36, "Update Opportunity", ("Opportunity ID", _I), ("Data Value Changes", _S), ("Attribute Name", _S)
    ),
    _type(DELETE_LEAD, "Delete Lead", ("Lead ID", _I), ("Campaign", _S), ("Deleted In Sales", _B)),
    _type(38, "Send Alert", _MAIL, ("Send To Owner", _S), ("Send To List", _S)),
    _type(39, "Send Sales Email", ("Sales Email ID", _I), *_SALES_MAIL),
    _type(40, "Open Sales Email", ("Sales Email ID", _I), *_SALES_MAIL),
    _type(41, "Click Sales Email", ("Sales Email ID", _I), *_SALES_MAIL, ("Link", _S)),
    _type(42, "Add to SFDC Campaign", ("Campaign ID", _I), ("Status", _S)),
    _type(43, "Remove from SFDC Campaign", ("Campaign ID", _I), ("Status", _S)),
    _type(44, "Change Status in SFDC Campaign", ("Campaign ID", _I), ("Old Status", _S), ("New Status", _S)),
    _type(45, "Receive Sales Email", ("Sales Email ID", _I), *_SALES_MAIL),
    _type(
        46,
        "Interesting Moment",
        ("Type", _S),
        ("Date", "datetime"),
        ("Description", "text"),
        ("Source", _S),
        illustrative=True,
    ),
    _type(REQUEST_CAMPAIGN, "Request Campaign", ("Campaign ID", _I), ("Source", _S)),
    _type(48, "Sales Email Bounced", ("Sales Email ID", _I), *_SALES_MAIL, ("Details", _S)),
    _type(100, "Change Lead Partition", ("Partition ID", _I), ("Old Partition ID", _I), ("Reason", _S)),
    _type(101, "Change Revenue Stage", ("Model ID", _I), *_STAGE, illustrative=True),
    _type(102, "Change Revenue Stage Manually", ("Model ID", _I), *_STAGE, illustrative=True),
    _type(
        CHANGE_STATUS_IN_PROGRESSION,
        "Change Status in Progression",
        ("Program ID", _I),
        ("Acquired By", _B),
        ("New Status", _S),
        ("New Status ID", _I),
        ("Old Status", _S),
        ("Old Status ID", _I),
        ("Program Member ID", _I),
        ("Reason", _S),
        ("Success", _B),
        description="Change the status in a program progression",
    ),
    _type(108, "Change Segment", ("Segmentation ID", _I), ("New Segment ID", _I), ("Old Segment ID", _I)),
    _type(110, "Call Webhook", ("Webhook", _I), ("Error Type", "Integer"), ("Response", "text")),
    _type(113, "Add to Nurture", ("Program ID", _I), ("Track ID", _I), ("Track Name", _S)),
    _type(114, "Change Nurture Track", ("Program ID", _I), ("New Track ID", _I), ("Previous Track ID", _I)),
    _type(115, "Change Nurture Cadence", ("Program ID", _I), ("New Nurture Cadence", _S)),
    _type(123, "Change Program Member Data", ("Program ID", _I), ("New Value", _S), ("Old Value", _S)),
    _type(PUSH_LEAD, "Push Lead to Marketo", ("Program ID", _I), ("Source", _S), ("Reason", _S), *_API),
    _type(155, "Execute Campaign", ("Campaign ID", _I), ("Qualified", _B), ("Reason", _S)),
)


def built_in() -> dict[int, ActivityType]:
    return {kind.id: kind for kind in BUILT_IN}
