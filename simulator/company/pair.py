"""A person's records on the two platforms: what each says of the same human, in its own field names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.company.accounts import CURRENCY_OF
from simulator.company.people import Person
from simulator.marketo.instance import Instance

NO_COMPANY = "[not provided]"  # Salesforce demands a company of a lead; this is what sync tools write
# Salesforce lead field -> Marketo field: what native sync keeps equal.
LEAD_FIELDS: Mapping[str, str] = {
    "FirstName": "firstName",
    "LastName": "lastName",
    "Email": "email",
    "Company": "company",
    "Title": "title",
    "Phone": "phone",
    "Country": "country",
    "State": "state",
    "Industry": "industry",
    "NumberOfEmployees": "numberOfEmployees",
    "Website": "website",
    "LeadSource": "leadSource",
    "Status": "leadStatus",
    "HasOptedOutOfEmail": "unsubscribed",
    "OwnerId": "sfdcLeadOwnerId",
    "Business_Line__c": "businessLine",
}
CONTACT_FIELDS: Mapping[str, str] = {
    "FirstName": "firstName",
    "LastName": "lastName",
    "Email": "email",
    "Title": "title",
    "Phone": "phone",
    "MailingCountry": "country",
    "MailingState": "state",
    "LeadSource": "leadSource",
    "HasOptedOutOfEmail": "unsubscribed",
    "Business_Line__c": "businessLine",
}


def lead_row(person: Person, created: datetime, **more: Any) -> dict[str, Any]:
    return {
        "FirstName": person.first,
        "LastName": person.last,
        "Email": person.email,
        "Company": person.company or NO_COMPANY,
        "Title": person.title,
        "Phone": person.phone,
        "Country": person.country_text,
        "State": person.country.state if person.country_text else None,
        "Industry": person.industry,
        "NumberOfEmployees": person.employees,
        "LeadSource": person.source,
        "Business_Line__c": person.line,
        "HasOptedOutOfEmail": not person.mailable,
        "CurrencyIsoCode": CURRENCY_OF.get(person.country.code, "EUR"),
        "CreatedDate": created,
        **more,
    }


def contact_row(person: Person, created: datetime, **more: Any) -> dict[str, Any]:
    return {
        "FirstName": person.first,
        "LastName": person.last,
        "Email": person.email,
        "AccountId": person.firm.account_id if person.firm else None,
        "Title": person.title,
        "Department": person.job.department if person.job else None,
        "Phone": person.phone,
        "MailingCountry": person.country_text,
        "MailingState": person.country.state if person.country_text else None,
        "LeadSource": person.source,
        "Business_Line__c": person.line,
        "HasOptedOutOfEmail": not person.mailable,
        "CurrencyIsoCode": CURRENCY_OF.get(person.country.code, "EUR"),
        "CreatedDate": created,
        **more,
    }


def marketo_values(person: Person) -> dict[str, Any]:
    """What Marketo holds of somebody whom Salesforce does not know."""
    return {
        "email": person.email,
        "firstName": person.first,
        "lastName": person.last,
        "company": person.company,
        "title": person.title,
        "phone": person.phone,
        "country": person.country_text,
        "state": person.country.state if person.country_text else None,
        "industry": person.industry,
        "numberOfEmployees": person.employees,
        "leadSource": person.source,
        "businessLine": person.line,
        "unsubscribed": not person.mailable,
    }


def link_values(person: Person, owner: str | None, status: str | None) -> dict[str, Any]:
    """The fields by which Marketo's record names its partner in Salesforce."""
    linked: dict[str, Any] = {"sfdcLeadId": person.lead_id, "sfdcLeadOwnerId": owner, "leadStatus": status}
    if person.contact_id:
        account = person.firm.account_id if person.firm else None
        linked |= {"sfdcType": "Contact", "sfdcId": person.contact_id, "sfdcContactId": person.contact_id}
        linked["sfdcAccountId"] = account
        if not person.lead_id:
            linked["leadStatus"] = None
    elif person.lead_id:
        linked |= {"sfdcType": "Lead", "sfdcId": person.lead_id, "company": person.company or NO_COMPANY}
    return linked


def same(old: Any, new: Any) -> bool:
    """No value, the empty text and an unchecked box are the same to the sync."""
    if isinstance(old, float) and isinstance(new, int):
        return old == new
    return (old or None) == (new or None)


def write_sync_activity(
    marketo: Instance, type_id: int, who: int, at: datetime, value: str | None, attributes: Mapping[str, Any]
) -> None:
    """What the sync leaves in a person's activity log."""
    marketo.add_activity(type_id, who, at=at, primary_id=who, primary_value=value, attributes=attributes)
