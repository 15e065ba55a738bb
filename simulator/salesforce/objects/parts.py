"""Groups of fields, and kinds of objects, that recur."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.schema import (
    Field,
    SObject,
    Type,
    checkbox,
    datetime_,
    lookup,
    make,
    picklist,
    sobject,
    system_fields,
    text,
)

READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def address(prefix: str = "") -> list[Field]:
    return [
        make(f"{prefix}Street", Type.TEXTAREA, length=255),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80),
        text(f"{prefix}PostalCode", 20),
        text(f"{prefix}Country", 80),
    ]


def person_name() -> list[Field]:
    return [
        picklist("Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
        text("FirstName", 40),
        text("LastName", 80, required=True),
        text("Name", 121, label="Full Name", calculated=True, **READ_ONLY),
    ]


def stamps() -> list[Field]:
    return [
        datetime_("First_MQL_Date__c"),
        datetime_("Last_MQL_Date__c"),
        datetime_("First_SAL_Date__c"),
        datetime_("Last_SAL_Date__c"),
        text("MQL_External_Key__c", 64, external_id=True, unique=True, indexed=True),
    ]


def configuration(name: str, prefix: str, fields: list[Field], **options: Any) -> SObject:
    """Set-up objects: read by integrations, changed by administrators."""
    closed: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}
    return sobject(name, prefix, fields, system=system_fields(soft_delete=False), **{**closed, **options})


def history(of: str, name: str, prefix: str, parent: str) -> SObject:
    relationship = None if parent != "ParentId" else "Parent"
    fields = [
        make("Id", Type.ID, label="History Id", length=18, **READ_ONLY),
        checkbox("IsDeleted", **READ_ONLY),
        lookup(parent, of, relationship=relationship, **READ_ONLY),
        lookup("CreatedById", "User", relationship="CreatedBy", **READ_ONLY),
        datetime_("CreatedDate", indexed=True, **READ_ONLY),
        text("Field", 255, **READ_ONLY),
        text("DataType", 40, **READ_ONLY),
        text("OldValue", 255, filterable=False, **READ_ONLY),
        text("NewValue", 255, filterable=False, **READ_ONLY),
    ]
    closed: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}
    return sobject(
        name, prefix, fields, system=(), name_field=None, history_of=of, replicateable=False, **closed
    )
