"""Leads and contacts."""

from __future__ import annotations

from simulator.salesforce.objects.parts import READ_ONLY, address, person_name, stamps
from simulator.salesforce.objects.picklists import (
    CURRENCIES,
    INDUSTRIES,
    LEAD_SOURCES,
    LEAD_STATUSES,
)
from simulator.salesforce.schema import (
    SObject,
    Type,
    checkbox,
    date_,
    datetime_,
    email,
    integer,
    longtext,
    lookup,
    make,
    money,
    number,
    owner,
    phone,
    picklist,
    sobject,
    text,
)


def lead() -> SObject:
    return sobject(
        "Lead",
        "00Q",
        [
            lookup("MasterRecordId", "Lead", relationship="MasterRecord", **READ_ONLY),
            *person_name(),
            text("Title", 128),
            text("Company", 255, required=True),
            *address(),
            phone("Phone"),
            phone("MobilePhone"),
            email("Email", indexed=True),
            make("Website", Type.URL, length=255),
            longtext("Description", 32000),
            picklist("LeadSource", *LEAD_SOURCES),
            picklist("Status", *LEAD_STATUSES, restricted=True, default="Open", label="Lead Status"),
            picklist("Industry", *INDUSTRIES),
            picklist("Rating", "Hot", "Warm", "Cold"),
            money("AnnualRevenue"),
            integer("NumberOfEmployees", label="Employees"),
            owner("Group", "User"),
            checkbox("HasOptedOutOfEmail", label="Email Opt Out"),
            checkbox("DoNotCall"),
            checkbox("IsConverted", label="Converted", updateable=False),
            date_("ConvertedDate", **READ_ONLY),
            lookup("ConvertedAccountId", "Account", relationship="ConvertedAccount", **READ_ONLY),
            lookup("ConvertedContactId", "Contact", relationship="ConvertedContact", **READ_ONLY),
            lookup("ConvertedOpportunityId", "Opportunity", relationship="ConvertedOpportunity", **READ_ONLY),
            checkbox("IsUnreadByOwner", default=True, label="Unread By Owner"),
            date_("LastActivityDate", **READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("MQL_Stage__c", 40),
            *stamps(),
            picklist("Reject_Reason__c"),
            text("Business_Line__c", 80),
            number("Lead_Score__c"),
        ],
        tracked=("Status", "OwnerId", "MQL_Stage__c"),
    )


def contact() -> SObject:
    return sobject(
        "Contact",
        "003",
        [
            lookup("MasterRecordId", "Contact", relationship="MasterRecord", **READ_ONLY),
            lookup("AccountId", "Account"),
            *person_name(),
            text("Title", 128),
            text("Department", 80),
            *address("Mailing"),
            phone("Phone"),
            phone("MobilePhone"),
            email("Email", indexed=True),
            longtext("Description", 32000),
            picklist("LeadSource", *LEAD_SOURCES),
            owner("User"),
            checkbox("HasOptedOutOfEmail", label="Email Opt Out"),
            checkbox("DoNotCall"),
            date_("LastActivityDate", **READ_ONLY),
            datetime_("EmailBouncedDate"),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("MQL_Status__c", 40),
            *stamps(),
            text("Business_Line__c", 80),
        ],
    )
