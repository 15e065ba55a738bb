"""Campaigns and their members."""

from __future__ import annotations

from simulator.salesforce.objects.parts import READ_ONLY
from simulator.salesforce.objects.picklists import (
    CURRENCIES,
)
from simulator.salesforce.schema import (
    SObject,
    checkbox,
    date_,
    longtext,
    lookup,
    money,
    owner,
    picklist,
    sobject,
    text,
)


def campaign() -> SObject:
    return sobject(
        "Campaign",
        "701",
        [
            text("Name", 80, required=True, label="Campaign Name"),
            lookup("ParentId", "Campaign", relationship="Parent"),
            picklist("Type", "Webinar", "Trade Show", "Content", "Email", "Advertisement", "Other"),
            picklist("Status", "Planned", "In Progress", "Completed", "Aborted", default="Planned"),
            date_("StartDate"),
            date_("EndDate"),
            checkbox("IsActive", label="Active"),
            money("BudgetedCost"),
            money("ActualCost"),
            longtext("Description", 32000),
            owner("User"),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("Business_Line__c", 80),
        ],
    )


def member() -> SObject:
    return sobject(
        "CampaignMember",
        "00v",
        [
            lookup("CampaignId", "Campaign", required=True, updateable=False),
            lookup("LeadId", "Lead", updateable=False),
            lookup("ContactId", "Contact", updateable=False),
            picklist("Status", "Sent", "Responded", "Registered", "Attended", default="Sent"),
            checkbox("HasResponded", label="Responded", **READ_ONLY),
            date_("FirstRespondedDate", **READ_ONLY),
        ],
        name_field=None,
    )
