"""What an org has before anybody works in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulator.salesforce.ids import make_id
from simulator.salesforce.objects.picklists import CONVERTED_STATUS, LEAD_STATUSES

if TYPE_CHECKING:
    from simulator.salesforce.org import Org

INTEGRATION_USER = "Mqlflow Integration"
TECHNICAL_USERS = (INTEGRATION_USER, "Marketo Sync", "Default Lead Owner")
PERMISSION_SET = "Mqlflow"
_READ = ("Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Event")
_WRITE = ("Lead", "Contact", "MQL__c", "Task")


def found(org: Org, *, seed: int) -> str:
    """Fills a new org and answers its Organization id, which differs by seed."""
    created = org.clock.now() - timedelta(days=900)
    organization_id = make_id("00D", 1_000_000 + seed)
    org.load("User", [_user(name, created) for name in TECHNICAL_USERS])
    org.load(
        "Organization",
        [
            {
                "Id": organization_id,
                "Name": "Northbeam Systems",
                "InstanceName": "EU42",
                "OrganizationType": "Enterprise Edition",
                "TimeZoneSidKey": "Europe/Berlin",
                "DefaultLocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
                "DefaultCurrencyIsoCode": "EUR",
                "CreatedDate": created,
            }
        ],
    )
    org.load(
        "LeadStatus",
        [
            {
                "MasterLabel": status,
                "ApiName": status,
                "SortOrder": i + 1,
                "IsConverted": status == CONVERTED_STATUS,
                "IsDefault": i == 0,
                "CreatedDate": created,
            }
            for i, status in enumerate(LEAD_STATUSES)
        ],
    )
    org.load(
        "AssignmentRule",
        [{"Name": "Standard lead rule", "SobjectType": "Lead", "Active": True, "CreatedDate": created}],
    )
    _permissions(org, created)
    return organization_id


def _user(name: str, created: Any) -> dict[str, Any]:
    first, _, last = name.rpartition(" ")
    handle = name.lower().replace(" ", ".")
    return {
        "Username": f"{handle}@northbeam.example",
        "FirstName": first,
        "LastName": last,
        "Email": f"{handle}@northbeam.example",
        "Alias": handle[:8],
        "IsActive": True,
        "UserType": "Standard",
        "CreatedDate": created,
    }


def _permissions(org: Org, created: Any) -> None:
    user = org.user_named(INTEGRATION_USER)
    (permission_set,) = org.load(
        "PermissionSet",
        [
            {
                "Name": PERMISSION_SET,
                "Label": "mqlflow",
                "IsCustom": True,
                "PermissionsApiEnabled": True,
                "CreatedDate": created,
            }
        ],
    )
    org.load(
        "PermissionSetAssignment",
        [{"PermissionSetId": permission_set, "AssigneeId": user, "CreatedDate": created}],
    )
    org.load(
        "ObjectPermissions",
        [
            {
                "ParentId": permission_set,
                "SobjectType": name,
                "PermissionsRead": True,
                "PermissionsViewAllRecords": True,
                "PermissionsCreate": name in _WRITE,
                "PermissionsEdit": name in _WRITE,
                "CreatedDate": created,
            }
            for name in (*_READ, *_WRITE)
        ],
    )
    org.load(
        "FieldPermissions",
        [
            {
                "ParentId": permission_set,
                "SobjectType": name,
                "Field": f"{name}.{field.name}",
                "PermissionsRead": True,
                "PermissionsEdit": name in _WRITE,
                "CreatedDate": created,
            }
            for name in (*_READ, *_WRITE)
            for field in org.sobject(name).fields.values()
            if field.custom
        ],
    )
