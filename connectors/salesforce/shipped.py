"""Which fields and objects the metadata folder beside this module creates, and how to mend one that is missing."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "metadata"
PERMISSION_SET = "Mqlflow"
_OBJECTS = FOLDER / "force-app" / "main" / "default" / "objects"
# A custom field of Activity is shown by both of its objects.
_SHOWN_AS = {"Activity": ("Task", "Event")}


@cache
def shipped() -> frozenset[tuple[str, str]]:
    """(object, field) of every custom field in the metadata folder."""
    found = set()
    for path in _OBJECTS.glob("*/fields/*.field-meta.xml"):
        sobject, field = path.parts[-3], path.name.removesuffix(".field-meta.xml")
        found |= {(shown, field) for shown in _SHOWN_AS.get(sobject, (sobject,))}
    return frozenset(found)


def how_to_create(sobject: str, field: str | None) -> str:
    """What an administrator does about a missing field (or object, if `field` is None)."""
    names = {name.lower() for name, _ in shipped()}
    pairs = {(name.lower(), column.lower()) for name, column in shipped()}
    deploy = (
        "deploy connectors/salesforce/metadata (see its README) and assign the permission set "
        f"{PERMISSION_SET} to the integration user"
    )
    if field is None:
        is_ours = sobject.lower() in names and sobject.endswith("__c")
        return deploy if is_ours else "give the integration user read permission"
    if (sobject.lower(), field.lower()) in pairs:
        return deploy
    if field.endswith("__c"):
        return (
            f"create it in Setup → Object Manager → {sobject} → Fields & Relationships and let the integration user "
            "see it, or correct the name in playbook/platforms.yaml"
        )
    return "correct or remove the line in playbook/platforms.yaml, or let the integration user see the field"
