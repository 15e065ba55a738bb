"""Real lead lists as the simulator's Salesforce leads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.company import BadMapping
from simulator.world import World
from tests.simulator.companies import START, disagreements, marketo_leads, new_world

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "x_education_dev.csv"
MAPPING = ROOT / "tests" / "data" / "x_education_mapping.yaml"


def _load(world: World, csv: Path, mapping: Path) -> int:
    assert world.company is not None
    return world.company.load_csv(csv, mapping)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    csv, mapping = tmp_path / "leads.csv", tmp_path / "mapping.json"
    csv.write_text(
        "Id,Mail,Job,Land,When,Staff\n"
        "a/1,one@firm.example,Select,Germany,2025-05-01T10:00:00Z,40\n"
        'b 2,,"Head, of ""Ops""",unknown,garbage,many\n'
        "c-3,,,,,\n",
        encoding="utf-8",
    )
    columns = {"Email": "Mail", "Title": "Job", "Country": "Land", "NumberOfEmployees": "Staff"}
    mapping.write_text(
        json.dumps({"columns": columns, "constants": {"LeadSource": "List"}, "key": "Id", "created": "When"})
    )
    return csv, mapping


def test_rows_become_leads_with_their_values_untouched(small: tuple[Path, Path]) -> None:
    world = new_world(0)
    assert _load(world, *small) == 3
    leads = sorted(world.salesforce.find("Lead"), key=lambda lead: lead["LastName"])
    assert [lead["Title"] for lead in leads] == ["Select", 'Head, of "Ops"', None]
    assert [lead["Country"] for lead in leads] == ["Germany", "unknown", None]
    assert [lead["NumberOfEmployees"] for lead in leads] == [40, None, None]
    assert {lead["LeadSource"] for lead in leads} == {"List"}
    assert leads[0]["CreatedDate"] == "2025-05-01T10:00:00.000+0000"
    assert all(lead["CreatedDate"] < START.strftime("%Y-%m-%dT%H") for lead in leads)
    assert marketo_leads(world) == []


def test_missing_addresses_are_made_from_the_key_of_the_row(small: tuple[Path, Path]) -> None:
    world = new_world(0)
    _load(world, *small)
    found = {lead["Email"] for lead in world.salesforce.find("Lead")}
    assert found == {"one@firm.example", "b-2@example.com", "c-3@example.com"}


def test_a_list_can_come_into_marketo_as_well(small: tuple[Path, Path]) -> None:
    csv, mapping = small
    mapping.write_text(json.dumps({**json.loads(mapping.read_text()), "marketo": True}))
    world = new_world(0)
    _load(world, csv, mapping)
    for person in marketo_leads(world):
        lead = world.salesforce.get("Lead", person["sfdcLeadId"])
        assert lead is not None
        assert lead["Email"] == person["email"]
    assert len(marketo_leads(world)) == 3
    assert not disagreements(world)


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ("columns: [", "neither YAML nor JSON"),
        ("columns: {Email: Mail}", "key"),
        ("columns: {Email: Post}\nkey: Id", "no column Post"),
        ("columns: {Emial: Mail}\nkey: Id", "no field Emial"),
        ("columns: {Email: Mail}\nkey: Id\nkolumns: {}", "unknown keys kolumns"),
    ],
)
def test_a_wrong_mapping_is_named_in_one_line(small: tuple[Path, Path], mapping: str, complaint: str) -> None:
    path = small[1].with_suffix(".yaml")
    path.write_text(mapping)
    with pytest.raises(BadMapping, match=complaint):
        _load(new_world(0), small[0], path)


def test_a_file_that_is_not_there_is_named(small: tuple[Path, Path]) -> None:
    with pytest.raises(BadMapping, match=r"missing\.csv"):
        _load(new_world(0), small[0].with_name("missing.csv"), small[1])


@pytest.mark.skipif(not REAL.exists(), reason="the X Education rows are not part of the repository")
def test_real_rows_load_as_they_are() -> None:
    world = new_world(0)
    assert _load(world, REAL, MAPPING) == 6468
    leads = world.salesforce.find("Lead")
    assert len({lead["Email"] for lead in leads}) == 6468
    assert all(lead["Email"].endswith("@example.com") for lead in leads)
    assert sum(lead["Industry"] == "Select" for lead in leads) == 1268
    assert sum(lead["Country"] == "unknown" for lead in leads) == 5
    world.advance(86400)
    assert marketo_leads(world) == []
