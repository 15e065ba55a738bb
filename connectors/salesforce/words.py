"""The field names of one organisation's playbook, by our object names."""

from collections.abc import Mapping
from typing import Any

from connectors.errors import Misconfigured
from connectors.salesforce.errors import SALESFORCE
from schemas.playbook.names import unknown_names
from schemas.playbook.platforms import ExtraField, Fields, Salesforce

MQL = "MQL__c"
SOBJECT = {"lead": "Lead", "contact": "Contact", "mql_record": MQL, "task": "Task", "user": "User"}
EXTERNAL_KEY = "external_key"

FIXED = {
    "native_id": "Id",
    "created_at": "CreatedDate",
    "changed_at": "SystemModstamp",
    "is_deleted": "IsDeleted",
}
CONVERSION = {
    "converted_contact_id": "ConvertedContactId",
    "converted_account_id": "ConvertedAccountId",
    "converted_opportunity_id": "ConvertedOpportunityId",
}
_TASK = {
    "subject": "Subject",
    "description": "Description",
    "person_native_id": "WhoId",
    "related_id": "WhatId",
    "owner_id": "OwnerId",
    "status": "Status",
    "priority": "Priority",
    "due_at": "ActivityDate",
    "kind": "Type",
}

Record = Mapping[str, Any]


class Words:
    """Which canonical name is which field of which object."""

    def __init__(self, settings: Salesforce, extra: Mapping[str, ExtraField]) -> None:
        self.settings = settings
        self.extra: dict[str, Fields] = {
            "lead": {name: field.lead for name, field in extra.items() if field.lead},
            "contact": {name: field.contact for name, field in extra.items() if field.contact},
        }
        self.fields: dict[str, Fields] = {
            "lead": {**FIXED, **CONVERSION, **settings.lead},
            "contact": {**FIXED, **settings.contact},
            "account": {**FIXED, **settings.account},
            "opportunity": {**FIXED, **settings.opportunity},
            "mql_record": {**FIXED, "changed_by": "LastModifiedById", **settings.mql_record},
            "task": {**FIXED, **_TASK, **settings.task},
            "user": {**FIXED, "name": "Name", "email": "Email", "is_active": "IsActive", **settings.user},
        }
        _check_names(
            {name: getattr(settings, name) for name in ("lead", "contact", "account", "opportunity")}
        )

    def field(self, name: str, canonical: str) -> str:
        """The field that holds a canonical name of one of our objects."""
        try:
            return self.fields[name][canonical]
        except KeyError:
            line = f"salesforce.{name}.{canonical}"
            message = f"no field for {canonical}: add a line {line} to playbook/platforms.yaml"
            raise Misconfigured(SALESFORCE, message) from None

    def named(self, name: str) -> dict[str, str]:
        """Every field of an object that the playbook names itself: canonical name → field."""
        own: dict[str, Fields] = {
            "lead": self.settings.lead,
            "contact": self.settings.contact,
            "account": self.settings.account,
            "opportunity": self.settings.opportunity,
            "mql_record": self.settings.mql_record,
            "task": self.settings.task,
            "user": self.settings.user,
        }
        return {**own[name], **self.extra.get(name, {})}


def _check_names(fields: Mapping[str, Fields]) -> None:
    """A playbook's are checked where it is loaded; here those of settings that were made in another way."""
    faults = [f"{'.'.join(map(str, path[:-1]))}: {wrong}" for path, wrong in unknown_names(fields, {})]
    if faults:
        raise Misconfigured(SALESFORCE, f"playbook/platforms.yaml, {'; '.join(faults)}")


def value(record: Record, path: str) -> Any:
    """The value at a field path, whichever way the record is nested."""
    if path in record:
        return record[path]
    found: Any = record
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
