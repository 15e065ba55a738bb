"""The metadata to deploy and the default playbook name the same fields."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.salesforce.shipped import FOLDER, PERMISSION_SET, how_to_create, shipped
from connectors.salesforce.words import SOBJECT
from simulator.salesforce.objects import standard_schema
from tests.connectors.salesforce_org import platforms

NAMESPACE = {"m": "http://soap.sforce.com/2006/04/metadata"}
FILES = sorted(FOLDER.rglob("*.xml"))
# Deployed now so that no second deployment is needed when promises and campaign links are written.
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


def test_the_permission_set_opens_every_deployed_field() -> None:
    root = ElementTree.parse(
        FOLDER / f"force-app/main/default/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"
    )
    opened = {
        tuple((entry.findtext("m:field", "", NAMESPACE)).split("."))
        for entry in root.findall("m:fieldPermissions", NAMESPACE)
    }
    assert opened == {(sobject, field) for sobject, field in shipped() if sobject != "Event"}


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
