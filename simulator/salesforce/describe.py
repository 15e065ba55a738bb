"""Describe: what an org says of its objects and fields."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.schema import Field, Schema, SObject, Type

_SOAP = {
    Type.ID: "tns:ID",
    Type.REFERENCE: "tns:ID",
    Type.BOOLEAN: "xsd:boolean",
    Type.INTEGER: "xsd:int",
    Type.DOUBLE: "xsd:double",
    Type.CURRENCY: "xsd:double",
    Type.DATETIME: "xsd:dateTime",
    Type.DATE: "xsd:date",
}
_UNSORTED = {Type.TEXTAREA}
_LOOKUP_BY = {"Email", "Name", "Username"}


def summary(sobject: SObject, root: str) -> dict[str, Any]:
    """One entry of describe global."""
    own = f"{root}/sobjects/{sobject.name}"
    history = sobject.history_of is not None
    return {
        "activateable": False,
        "associateEntityType": "History" if history else None,
        "associateParentEntity": sobject.history_of,
        "createable": sobject.createable,
        "custom": sobject.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": sobject.createable,
        "mergeable": sobject.name in ("Lead", "Contact", "Account"),
        "mruEnabled": False,
        "name": sobject.name,
        "queryable": True,
        "replicateable": sobject.replicateable,
        "retrieveable": True,
        "searchable": sobject.createable,
        "triggerable": sobject.createable,
        "undeletable": sobject.deletable,
        "updateable": sobject.updateable,
        "urls": {"rowTemplate": f"{own}/{{ID}}", "describe": f"{own}/describe", "sobject": own},
    }


def everything(schema: Schema, root: str) -> dict[str, Any]:
    objects = sorted(schema.objects.values(), key=lambda o: o.name)
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(o, root) for o in objects]}


def whole(sobject: SObject, schema: Schema, root: str) -> dict[str, Any]:
    """The description of one object with its fields and the objects that look up to it."""
    described = summary(sobject, root)
    own = f"{root}/sobjects/{sobject.name}"
    described["urls"] |= {
        "uiDetailTemplate": "/{ID}",
        "uiEditTemplate": "/{ID}/e",
        "uiNewRecord": f"/{sobject.prefix}/e",
        "layouts": f"{own}/describe/layouts",
    }
    return described | {
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": False,
                "childSObject": child.name,
                "deprecatedAndHidden": False,
                "field": field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": None,
                "restrictedDelete": False,
            }
            for child in schema.objects.values()
            for field in child.fields.values()
            if sobject.name in field.reference_to
        ],
        "compactLayoutable": True,
        "fields": [_field(f, sobject) for f in sobject.fields.values()],
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
    }


def _field(field: Field, sobject: SObject) -> dict[str, Any]:
    boolean = field.type is Type.BOOLEAN
    number = field.type in (Type.DOUBLE, Type.CURRENCY)
    has_default = field.default is not None or boolean
    return {
        "aggregatable": not boolean and field.type is not Type.TEXTAREA,
        "aiPredictionField": False,
        "autoNumber": bool(sobject.auto_name and field.name == "Name"),
        "byteLength": field.length * 3 if field.type not in (Type.ID, Type.REFERENCE) else 18,
        "calculated": field.calculated and field.custom,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": None,
        "controllerName": None,
        "createable": field.createable and sobject.createable,
        "custom": field.custom,
        "defaultValue": bool(field.default) if boolean else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": has_default or field.name == "OwnerId" or not field.createable,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 9 if field.type is Type.INTEGER else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": None,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.type not in (Type.DOUBLE, Type.CURRENCY, Type.DATETIME, Type.TEXTAREA),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.type is Type.ID
        or field.external_id
        or (field.name in _LOOKUP_BY and field.indexed),
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name == sobject.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": not (field.required or boolean or field.type is Type.ID or field.name in _NEVER_NULL),
        "permissionable": field.updateable and not field.required,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == field.default,
                "label": value,
                "validFor": None,
                "value": value,
            }
            for value in field.values
        ],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": 18 if number else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.type not in _UNSORTED,
        "type": field.type.value,
        "unique": field.unique,
        "updateable": field.updateable and sobject.updateable,
        "writeRequiresMasterRead": False,
    }


_NEVER_NULL = {
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
}
