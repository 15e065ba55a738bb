"""Lead conversion: one lead becomes an account, a contact and perhaps an opportunity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulator.salesforce.errors import RecordError
from simulator.salesforce.objects.picklists import CONVERTED_STATUS
from simulator.salesforce.values import stamp

if TYPE_CHECKING:
    from simulator.salesforce.org import Org

_TO_CONTACT = {
    "Salutation": "Salutation",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Title": "Title",
    "Email": "Email",
    "Phone": "Phone",
    "MobilePhone": "MobilePhone",
    "Street": "MailingStreet",
    "City": "MailingCity",
    "State": "MailingState",
    "PostalCode": "MailingPostalCode",
    "Country": "MailingCountry",
    "LeadSource": "LeadSource",
    "HasOptedOutOfEmail": "HasOptedOutOfEmail",
    "CurrencyIsoCode": "CurrencyIsoCode",
    "Business_Line__c": "Business_Line__c",
    "First_MQL_Date__c": "First_MQL_Date__c",
    "Last_MQL_Date__c": "Last_MQL_Date__c",
    "First_SAL_Date__c": "First_SAL_Date__c",
    "Last_SAL_Date__c": "Last_SAL_Date__c",
}
_TO_ACCOUNT = {
    "Company": "Name",
    "Industry": "Industry",
    "NumberOfEmployees": "NumberOfEmployees",
    "Website": "Website",
    "Country": "BillingCountry",
    "CurrencyIsoCode": "CurrencyIsoCode",
}


@dataclass(frozen=True)
class Converted:
    account_id: str
    contact_id: str
    opportunity_id: str | None


def convert(
    org: Org,
    lead: dict[str, Any],
    *,
    by: str,
    at: datetime,
    account_id: str | None,
    contact_id: str | None,
    create_opportunity: bool,
    opportunity_name: str | None,
    owner_id: str | None,
) -> Converted:
    if lead["IsConverted"]:
        raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    owner = owner_id or lead["OwnerId"]
    if str(owner).startswith("00G"):
        raise RecordError(
            "REQUIRED_FIELD_MISSING",
            "The lead is owned by a queue: name the user who will own the account and the contact",
            ["OwnerId"],
        )
    with org.transaction():
        if account_id is None:
            account = {new: lead[old] for old, new in _TO_ACCOUNT.items()}
            account_id = org.insert(
                "Account", {**account, "OwnerId": owner, "Type": "Prospect"}, by=by, at=at
            )
        if contact_id is None:
            contact = {new: lead[old] for old, new in _TO_CONTACT.items()}
            values = {**contact, "AccountId": account_id, "OwnerId": owner}
            contact_id = org.insert("Contact", values, by=by, at=at)
        opportunity_id = None
        if create_opportunity:
            opportunity_id = _opportunity(
                org, lead, account_id, contact_id, owner, opportunity_name, by=by, at=at
            )
        _follow(org, lead["Id"], contact_id, at=at)
        when = stamp(at)
        after = {
            **lead,
            "Status": CONVERTED_STATUS,
            "OwnerId": owner,
            "IsConverted": True,
            "ConvertedDate": when[:10],
            "ConvertedAccountId": account_id,
            "ConvertedContactId": contact_id,
            "ConvertedOpportunityId": opportunity_id,
            "LastModifiedDate": when,
            "LastModifiedById": by,
            "SystemModstamp": when,
        }
        kind = org.sobject("Lead")
        org.write(kind, lead, after, by=by, at=at)
        org.history.special(kind, lead["Id"], "leadConverted", by=by, stamp=when)
    return Converted(account_id, contact_id, opportunity_id)


def _opportunity(
    org: Org,
    lead: dict[str, Any],
    account_id: str,
    contact_id: str,
    owner: str,
    name: str | None,
    *,
    by: str,
    at: datetime,
) -> str:
    values = {
        "Name": (name or f"{lead['Company']}-")[:120],
        "AccountId": account_id,
        "StageName": "Prospecting",
        "CloseDate": (at + timedelta(days=90)).date(),
        "OwnerId": owner,
        "LeadSource": lead["LeadSource"],
        "CurrencyIsoCode": lead["CurrencyIsoCode"],
        "Business_Line__c": lead["Business_Line__c"],
        "Type": "New Business",
        "ContactId": contact_id,
    }
    opportunity_id = org.insert("Opportunity", values, by=by, at=at)
    role = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
    org.insert("OpportunityContactRole", role, by=by, at=at)
    return opportunity_id


def _follow(org: Org, lead_id: str, contact_id: str, *, at: datetime) -> None:
    """Tasks and campaign memberships go with the person."""
    when = stamp(at)
    for name in ("Task", "Event"):
        kind = org.sobject(name)
        for row in org.find(name, WhoId=lead_id):
            org.store.update(kind, row["Id"], {"WhoId": contact_id, "SystemModstamp": when})
    members = org.sobject("CampaignMember")
    for row in org.find("CampaignMember", LeadId=lead_id):
        org.store.update(members, row["Id"], {"ContactId": contact_id, "SystemModstamp": when})
