"""The metadata to deploy and the default playbook name the same fields."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.salesforce.shipped import FOLDER, PERMISSION_SET, how_to_create, shipped
from connectors.salesforce.streams import plan_of
from connectors.salesforce.words import EXTERNAL_KEY, SOBJECT, Words
from engine.changes.calls import TASK_FIELDS
from schemas.vocabulary import Stream
from simulator.salesforce.objects import standard_schema
from tasks.push.creations import CARRIED
from tests.connectors.salesforce_org import platforms

URI = "http://soap.sforce.com/2006/04/metadata"
NAMESPACE = {"m": URI}
FILES = sorted(FOLDER.rglob("*.xml"))
# Deployed now so that no second deployment is needed when promises and campaign links are written.
# Field-level security knows addresses as a whole only.
PART_OF = {"Country": "Address", "MailingCountry": "MailingAddress", "BillingCountry": "BillingAddress"}
GUARDED = {"Lead", "Contact", "Account", "Opportunity", "Campaign", "Task", "Event", "MQL__c"}
# System fields, and those that a record can't be without: whoever sees the record sees them.
ALWAYS_SEEN = {
    *(
        "Id",
        "IsDeleted",
        "CreatedDate",
        "SystemModstamp",
        "LastModifiedDate",
        "LastModifiedById",
        "MasterRecordId",
    ),
    *("OwnerId", "Name", "FirstName", "LastName", "Company", "StageName", "CloseDate", "IsClosed", "IsWon"),
    *("IsConverted", "ConvertedDate", "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId"),
    *("CurrencyIsoCode", "Subject", "TaskSubtype", "CompletedDateTime", "EndDateTime"),
}
LATER = {
    ("MQL__c", "Response_Due_At__c"),
    ("MQL__c", "Verdict_Due_At__c"),
    ("MQL__c", "Source_Campaign__c"),
}


def named_by_the_playbook() -> set[tuple[str, str]]:
    playbook = platforms()
    objects = {**SOBJECT, "account": "Account", "opportunity": "Opportunity"}
    named = {
        (sobject, field)
        for name, sobject in objects.items()
        for field in getattr(playbook.salesforce, name).values()
    }
    named |= {("Lead", extra.lead) for extra in playbook.extra.values() if extra.lead}
    named |= {("Contact", extra.contact) for extra in playbook.extra.values() if extra.contact}
    return {(sobject, field) for sobject, field in named if field.endswith("__c")}


def test_every_custom_field_of_the_default_playbook_is_deployed_and_nothing_else() -> None:
    deployed = {(sobject, field) for sobject, field in shipped() if sobject != "Event"}
    assert deployed - LATER == named_by_the_playbook()


def read_by_default() -> set[tuple[str, str]]:
    """Every field that a sync with the default playbook asks for, and that a permission set can open."""
    playbook = platforms()
    words = Words(playbook.salesforce, playbook.extra)
    plans = [plan for stream in Stream if (plan := plan_of(stream, words))]
    queries = [query for plan in plans for query in (*plan.stamped, *plan.whole)]
    fields = {(query.sobject, path) for query in queries for path in query.fields if "." not in path}
    fields |= {
        (SOBJECT[name], words.field(name, EXTERNAL_KEY)) for name in ("lead", "contact")
    }  # by look-ups
    return {
        (sobject, PART_OF.get(field, field))
        for sobject, field in fields
        if sobject in GUARDED | {"User"} and is_guarded(sobject, field)
    }


def written_by_default() -> set[tuple[str, str]]:
    playbook = platforms().salesforce
    words = Words(playbook, platforms().extra)
    names = {
        "lead": {*playbook.writes["lead"], *CARRIED, "external_key", "status"},
        "contact": {*playbook.writes["contact"], "status"},
        "mql_record": set(playbook.mql_record),
        "task": {*TASK_FIELDS, "cycle_key"},
    }
    written = {(SOBJECT[name], words.field(name, one)) for name, ones in names.items() for one in ones}
    return {(sobject, PART_OF.get(field, field)) for sobject, field in written if is_guarded(sobject, field)}


def is_guarded(sobject: str, field: str) -> bool:
    """Whether a permission set can open the field: of users it opens our own only."""
    if sobject == "User":
        return field.endswith("__c")
    return field not in ALWAYS_SEEN and (sobject, field) != ("Lead", "Status")


def opened() -> dict[tuple[str, str], bool]:
    """(object, field) → whether the permission set lets it be edited; every one may be read."""
    root = permission_set()
    entries = root.findall("m:fieldPermissions", NAMESPACE)
    assert all(entry.findtext("m:readable", "", NAMESPACE) == "true" for entry in entries)
    found = {}
    for entry in entries:
        sobject, _, field = entry.findtext("m:field", "", NAMESPACE).partition(".")
        found[sobject, field] = entry.findtext("m:editable", "", NAMESPACE) == "true"
    assert len(found) == len(entries)
    return found


def permission_set() -> ElementTree.Element:
    path = FOLDER / f"force-app/main/default/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"
    return ElementTree.parse(path).getroot()


def test_the_permission_set_opens_what_is_read_and_written_and_nothing_else() -> None:
    """An integration user has a profile that shows no field by itself, standard ones included."""
    used = read_by_default() | written_by_default()
    assert set(opened()) == used | with_twins(used) | LATER
    edited = written_by_default()
    assert {field for field, editable in opened().items() if editable} == edited | with_twins(edited) | LATER


def test_a_field_of_tasks_is_opened_alike_on_events() -> None:
    """They share their field-level security, and what a deployment does not name is taken away."""
    permissions = opened()
    tasks = {field: editable for (sobject, field), editable in permissions.items() if sobject == "Task"}
    events = {field: editable for (sobject, field), editable in permissions.items() if sobject == "Event"}
    assert tasks == events


def test_the_permission_set_brings_what_its_permissions_stand_on() -> None:
    names = {
        entry.findtext("m:name", "", NAMESPACE)
        for entry in permission_set().iter(f"{{{URI}}}userPermissions")
    }
    assert names == {"ActivitiesAccess", "ApiEnabled", "EditTask", "ViewRoles", "ViewSetup"}
    objects = {
        entry.findtext("m:object", "", NAMESPACE)
        for entry in permission_set().iter(f"{{{URI}}}objectPermissions")
    }
    assert {sobject for sobject, _ in opened()} - {"Task", "Event", "User"} == objects


def with_twins(fields: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (twin, field)
        for sobject, field in fields
        for twin in ("Task", "Event")
        if sobject in ("Task", "Event")
    }


def test_the_manifest_names_every_deployed_part() -> None:
    root = ElementTree.parse(FOLDER / "manifest" / "package.xml")
    members = {
        kind.findtext("m:name", "", NAMESPACE): {entry.text for entry in kind.findall("m:members", NAMESPACE)}
        for kind in root.findall("m:types", NAMESPACE)
    }
    folders = FOLDER / "force-app/main/default/objects"
    fields = {f"{path.parts[-3]}.{_name(path)}" for path in folders.glob("*/fields/*.xml")}
    assert members["CustomField"] == {field for field in fields if not field.startswith("MQL__c.")}
    assert (members["CustomObject"], members["PermissionSet"]) == ({"MQL__c"}, {PERMISSION_SET})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_well_formed_and_named_as_what_it_holds(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    name = root.findtext("m:fullName", None, NAMESPACE)
    assert name in (None, _name(path))


def test_the_deployed_fields_are_of_the_kind_and_length_that_the_org_is_simulated_with() -> None:
    schema = standard_schema()
    kinds = {"Text": "string", "LongTextArea": "textarea", "DateTime": "datetime", "Number": "double"}
    for path in (FOLDER / "force-app/main/default/objects/MQL__c/fields").glob("*.xml"):
        root = ElementTree.parse(path).getroot()
        sobject = schema.get("MQL__c")
        field = sobject.field(_name(path)) if sobject else None
        assert field is not None, path.name
        kind = root.findtext("m:type", "", NAMESPACE)
        assert kinds.get(kind, kind.lower()) in (str(field.type), "lookup")
        length = root.findtext("m:length", None, NAMESPACE)
        assert length is None or int(length) == field.length, path.name
        assert (root.findtext("m:externalId", "false", NAMESPACE) == "true") == field.external_id


def test_how_a_missing_field_is_created_depends_on_whose_it_is() -> None:
    assert "deploy connectors/salesforce/metadata" in how_to_create("lead", "mql_stage__c")
    assert "Setup → Object Manager → Lead" in how_to_create("Lead", "Mine__c")
    assert "correct or remove the line in playbook/platforms.yaml" in how_to_create("Lead", "Titel")
    assert "read permission" in how_to_create("Opportunity", None)
    assert "deploy" in how_to_create("MQL__c", None)


def _name(path: Path) -> str:
    return path.name.split(".")[0]
