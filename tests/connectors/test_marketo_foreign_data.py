"""Rows that nobody here made: vendor-shaped activities, and hostile strings in every text field."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.marketo.activity_rows import activity_row
from connectors.marketo.mapping import PersonMapping
from connectors.rows import to_frame
from schemas.admission import admit
from schemas.frames.door import Activities, People
from schemas.vocabulary import Stream
from tests.connectors.marketo_subscription import FIELDS, Subscription, subscription
from tests.simulator.marketo_site import START

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ACTIVITY_FILES = (
    "click_email",
    "open_email",
    "email_bounced",
    "email_delivered",
    "send_email",
    "change_data_value",
)
OWN = {
    "id",
    "activity_date",
    "activity_type_id",
    "lead_id",
    "primary_attribute_value",
    "primary_attribute_value_id",
}


def table(name: str) -> list[dict[str, str]]:
    path = DATA / "fivetran-marketo" / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{name}.csv is not here: it does not belong to the project")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def hostile_strings() -> list[str]:
    path = DATA / "blns.json"
    if not path.exists():
        pytest.skip("the list of hostile strings is not here: it does not belong to the project")
    return list(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ACTIVITY_FILES)
def test_activities_of_a_real_subscription_are_read_whole(name: str) -> None:
    rows = []
    for record in table(f"marketo_activity_{name}_data"):
        item: dict[str, Any] = {
            "marketoGUID": record["id"],
            "leadId": int(record["lead_id"]),
            "activityDate": record["activity_date"],
            "activityTypeId": int(record["activity_type_id"]),
            "primaryAttributeValue": record["primary_attribute_value"],
            "attributes": [
                {"name": column.replace("_", " ").title(), "value": value}
                for column, value in record.items()
                if column not in OWN and value
            ],
        }
        rows.append(activity_row(item, {}, str))
    frame, unreadable = to_frame(Stream.ACTIVITIES, rows)
    admitted = admit(frame, Activities, "native_key")
    assert len(admitted.good) + len(admitted.rejected) + len(unreadable) == len(rows) > 0
    assert admitted.rejected.is_empty(), admitted.rejected["reasons"].to_list()[:3]


def test_people_of_a_real_subscription_are_read_whole() -> None:
    names = {
        "email": "email",
        "title": "title",
        "phone": "phone",
        "created_at": "created_at",
        "changed_at": "updated_at",
    }
    mapping = PersonMapping.of(names, {})
    rows = [mapping.row(record) for record in table("marketo_lead_data")]
    frame, unreadable = to_frame(Stream.PEOPLE, rows)
    admitted = admit(frame, People, "native_id")
    assert len(admitted.good) + len(admitted.rejected) + len(unreadable) == len(rows) > 0
    for reasons in admitted.rejected["reasons"].to_list():
        assert all(reason.startswith("email") for reason in reasons), reasons


@pytest.fixture
def marketo() -> Iterator[Subscription]:
    with subscription() as opened:
        yield opened


TEXTS = ("last_name", "first_name", "company", "title", "country", "phone")


def test_hostile_strings_come_back_unchanged_from_files_and_from_pages(marketo: Subscription) -> None:
    strings = hostile_strings()
    leads = marketo.site.instance.load_leads(
        {"createdAt": START, **{FIELDS[name]: text for name in TEXTS}} for text in strings
    )
    expected = {str(lead): text or None for lead, text in zip(leads, strings, strict=True)}
    for touched in (False, True):
        reading = marketo.pull([Stream.PEOPLE])
        pages = [page for page in reading.pages if len(page.rows)]
        shown = {row["native_id"]: row for page in pages for row in page.rows.to_dicts()}
        assert shown.keys() == expected.keys()
        for key, row in shown.items():
            assert {row[name] for name in TEXTS} == {expected[key]}, key
        good = sum(len(admit(page.rows, People, "native_id").good) for page in pages)
        assert good == len(strings)
        if not touched:
            marketo.advance(minutes=30)
            for lead in leads:
                marketo.site.instance.update_lead(lead, {"unsubscribed": True}, source="User")
            marketo.advance(minutes=1)


def test_hostile_strings_in_activities_come_back_unchanged_from_files_and_from_pages(
    marketo: Subscription,
) -> None:
    strings = hostile_strings()
    [lead] = marketo.site.instance.load_leads([{"lastName": "P", "createdAt": START}])

    def visits() -> dict[str, str]:
        moment = marketo.site.world.clock.now()
        return {
            marketo.site.instance.add_activity(
                1,
                lead,
                at=moment,
                primary_id=1,
                primary_value=text,
                attributes={"Webpage URL": text, "User Agent": text},
            ): text
            for text in strings
        }

    for step in range(2):
        expected = visits()
        marketo.advance(minutes=1)
        reading = marketo.pull([Stream.ACTIVITIES])
        rows = {row["native_key"]: row for page in reading.pages for row in page.rows.to_dicts()}
        for key, text in expected.items():
            known = json.loads(rows[key]["attributes"])
            assert known.get("User Agent", "") == text
            # `null` is how a file writes a missing value, and a page's name is no person's name.
            assert rows[key]["asset_name"] == text or (step == 0 and text in ("null", ""))
        marketo.advance(minutes=20)
