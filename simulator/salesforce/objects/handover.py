"""The custom object of the handover: one record per MQL cycle."""

from __future__ import annotations

from simulator.salesforce.objects.parts import READ_ONLY
from simulator.salesforce.objects.picklists import (
    MQL_STATUSES,
)
from simulator.salesforce.schema import (
    SObject,
    datetime_,
    longtext,
    lookup,
    number,
    owner,
    picklist,
    sobject,
    text,
)


def mql() -> SObject:
    return sobject(
        "MQL__c",
        "a0X",
        [
            text("Name", 80, label="MQL Name", **READ_ONLY),
            owner("Group", "User"),
            text("External_Key__c", 64, external_id=True, unique=True, indexed=True),
            lookup("Lead__c", "Lead"),
            lookup("Contact__c", "Contact"),
            lookup("Account__c", "Account"),
            lookup("Opportunity__c", "Opportunity"),
            number("Cycle_Number__c"),
            text("Kind__c", 40),
            text("Line__c", 80),
            picklist("Status__c", *MQL_STATUSES, restricted=True, default="Open"),
            text("Closed_As__c", 40),
            text("Reject_Reason__c", 255),
            text("Recycle_Reason__c", 255),
            datetime_("MQL_At__c"),
            datetime_("Assigned_At__c"),
            datetime_("Accepted_At__c"),
            datetime_("Closed_At__c"),
            datetime_("Hand_Raised_At__c"),
            datetime_("Response_Due_At__c"),
            datetime_("Verdict_Due_At__c"),
            text("Assigned_By__c", 255),
            text("Assignment_Reason__c", 255),
            number("Fit_Score__c"),
            number("Engagement_Score__c"),
            number("Total_Score__c"),
            text("Grade__c", 10),
            text("Playbook_Version__c", 80),
            longtext("Score_Breakdown__c", 32000),
            text("Trigger_Rule__c", 255),
            text("Trigger_Activity__c", 255),
            text("Source_Campaign__c", 255),
            text("Campaign_Name__c", 255),
            text("Campaign_Type__c", 80),
            text("Lead_Source__c", 80),
            longtext("Summary__c", 32000),
        ],
        label="MQL",
        auto_name="MQL-{:06d}",
        tracked=("Status__c", "OwnerId"),
    )
