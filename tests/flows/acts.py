"""What people of the simulated company do, at will: visit, fill in a form, click; and what both platforms then hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulator_process import Simulator

VISIT, FORM, OPEN, CLICK = 1, 2, 10, 11
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/144.0 Safari/537.36"
OBJECTS = (
    "Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Task",
    "Event", "LeadHistory", "MQL__c",
)  # fmt: skip
OURS = (
    "mqlScore", "mqlFit", "mqlEngagement", "mqlGrade", "mqlStage", "mqlFirstDate", "mqlLastDate", "salFirstDate",
    "salLastDate",
)  # fmt: skip
READY = {
    "company": "Alder Freight",
    "title": "Director of Operations",
    "industry": "Technology",
    "country": "Germany",
    "numberOfEmployees": 900,
    "phone": "+49 30 5550142",
}
"""Of a person who fits well."""


def newcomer(simulator: Simulator, name: str, **values: Any) -> int:
    """A person whom Marketo hears of now; one who fits well, unless told otherwise."""
    given = {"firstName": "Nora", "lastName": name, "email": f"{name.lower()}@alderfreight.example"}
    return int(simulator.add_record("marketo", "leads", {**given, **READY, **values}))


def act(simulator: Simulator, who: int, type_id: int, asset: str, **options: Any) -> str:
    """An activity, now unless `activityDate` says otherwise. Answers its id."""
    values = {"activityTypeId": type_id, "leadId": who, "primaryAttributeValue": asset, **options}
    return str(simulator.add_record("marketo", "activities", values))


def visit(simulator: Simulator, who: int, path: str, **options: Any) -> str:
    shown = {"Webpage URL": path, "User Agent": BROWSER, "Client IP Address": "203.0.113.9"}
    return act(simulator, who, VISIT, "www.northbeam.example" + path, attributes=shown, **options)


def fill(simulator: Simulator, who: int, form: str = "Contact Us", **options: Any) -> str:
    """Fills a form; the default one is a hand raise."""
    return act(simulator, who, FORM, form, primaryAttributeValueId=4711, **options)


def everything(simulator: Simulator) -> dict[str, list[dict[str, Any]]]:
    """Every record that a sync could change, by object."""
    found = {name: simulator.records("salesforce", name) for name in OBJECTS}
    return {**found, "person": simulator.records("marketo", "leads")}


def by_id(rows: list[dict[str, Any]], key: str = "Id") -> dict[Any, dict[str, Any]]:
    return {row[key]: row for row in rows}


@contextmanager
def faulty(simulator: Simulator, platform: str, kind: str, **options: Any) -> Iterator[None]:
    """A fault for the length of a block."""
    simulator.fault(platform, kind, **options)
    try:
        yield
    finally:
        simulator.clear_faults()


Written = dict[str, dict[Any, dict[str, Any]]]
STAMPS = {"LastModifiedDate", "LastModifiedById", "SystemModstamp", "LastActivityDate", "updatedAt"}


def written(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> Written:
    """What changed between two readings: object → id → field → new value; new records with all their values."""
    found: Written = {}
    for name, rows in after.items():
        key = "id" if name == "person" else "Id"
        old = by_id(before[name], key)
        for row in rows:
            was = old.get(row[key], {})
            fresh = {
                field: value
                for field, value in row.items()
                if was.get(field) != value and field not in STAMPS
            }
            if fresh:
                found.setdefault(name, {})[row[key]] = fresh
        gone = set(old) - {row[key] for row in rows}
        for one in gone:
            found.setdefault(name, {})[one] = {"gone": True}
    return found
