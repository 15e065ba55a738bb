"""Accounts, their opportunities, and who decides in them."""

from __future__ import annotations

from simulator.salesforce.objects.parts import READ_ONLY, address
from simulator.salesforce.objects.picklists import (
    CURRENCIES,
    INDUSTRIES,
    LEAD_SOURCES,
    STAGES,
)
from simulator.salesforce.schema import (
    SObject,
    Type,
    checkbox,
    date_,
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


def account() -> SObject:
    return sobject(
        "Account",
        "001",
        [
            lookup("MasterRecordId", "Account", relationship="MasterRecord", **READ_ONLY),
            text("Name", 255, required=True, label="Account Name", indexed=True),
            picklist("Type", "Prospect", "Customer", "Partner", label="Account Type"),
            lookup("ParentId", "Account", relationship="Parent"),
            *address("Billing"),
            phone("Phone"),
            make("Website", Type.URL, length=255),
            picklist("Industry", *INDUSTRIES),
            money("AnnualRevenue"),
            integer("NumberOfEmployees", label="Employees"),
            longtext("Description", 32000),
            owner("User"),
            date_("LastActivityDate", **READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            checkbox("Target_Account__c"),
            text("Domain__c", 255, indexed=True),
        ],
    )


def opportunity() -> SObject:
    return sobject(
        "Opportunity",
        "006",
        [
            lookup("AccountId", "Account"),
            text("Name", 120, required=True, label="Opportunity Name"),
            longtext("Description", 32000),
            picklist("StageName", *STAGES, required=True, label="Stage"),
            money("Amount"),
            number("Probability"),
            date_("CloseDate", required=True),
            picklist(
                "Type",
                "New Business",
                "Existing Customer - Upgrade",
                "Existing Customer - Renewal",
                "Existing Customer - Downgrade",
                label="Opportunity Type",
            ),
            picklist("LeadSource", *LEAD_SOURCES),
            checkbox("IsClosed", label="Closed", **READ_ONLY),
            checkbox("IsWon", label="Won", **READ_ONLY),
            lookup("CampaignId", "Campaign"),
            owner("User"),
            lookup("ContactId", "Contact", updateable=False),
            date_("LastActivityDate", **READ_ONLY),
            picklist("CurrencyIsoCode", *CURRENCIES, restricted=True, default="EUR"),
            text("Business_Line__c", 80),
        ],
    )


def contact_role() -> SObject:
    return sobject(
        "OpportunityContactRole",
        "00K",
        [
            lookup("OpportunityId", "Opportunity", required=True, updateable=False),
            lookup("ContactId", "Contact", required=True),
            picklist("Role", "Decision Maker", "Evaluator", "Economic Buyer", "Influencer", "Other"),
            checkbox("IsPrimary", label="Primary"),
        ],
        name_field=None,
    )
