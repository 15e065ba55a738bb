"""Tasks and events."""

from __future__ import annotations

from simulator.salesforce.objects.parts import READ_ONLY
from simulator.salesforce.schema import (
    Field,
    SObject,
    checkbox,
    date_,
    datetime_,
    integer,
    longtext,
    lookup,
    owner,
    picklist,
    sobject,
    text,
)


def _activity(name: str, prefix: str, fields: list[Field]) -> SObject:
    return sobject(
        name,
        prefix,
        [
            lookup("WhoId", "Contact", "Lead", relationship="Who"),
            lookup("WhatId", "Account", "Opportunity", "Campaign", "MQL__c", relationship="What"),
            text("Subject", 255),
            date_("ActivityDate", label="Due Date Only"),
            owner("User") if name == "Event" else owner("Group", "User"),
            longtext("Description", 32000),
            lookup("AccountId", "Account", **READ_ONLY),
            # A custom field of activities stands on tasks and events alike.
            text("MQL_Cycle_Key__c", 64, label="MQL Cycle Key"),
            *fields,
        ],
        name_field="Subject",
    )


def task() -> SObject:
    return _activity(
        "Task",
        "00T",
        [
            picklist(
                "Status", "Not Started", "In Progress", "Completed", required=True, default="Not Started"
            ),
            picklist("Priority", "High", "Normal", "Low", default="Normal"),
            picklist("TaskSubtype", "Task", "Email", "Call", default="Task", updateable=False),
            picklist("Type", "Call", "Email", "Meeting", "Other"),
            picklist("CallType", "Internal", "Inbound", "Outbound"),
            text("CallDisposition", 255, label="Call Result"),
            integer("CallDurationInSeconds", label="Call Duration"),
            checkbox("IsClosed", label="Closed", **READ_ONLY),
            datetime_("CompletedDateTime", **READ_ONLY),
        ],
    )


def event() -> SObject:
    return _activity(
        "Event",
        "00U",
        [
            datetime_("StartDateTime"),
            datetime_("EndDateTime"),
            integer("DurationInMinutes"),
            picklist("Type", "Call", "Email", "Meeting", "Other"),
            text("Location", 255),
        ],
    )
