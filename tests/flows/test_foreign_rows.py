"""Rows that nobody here made: a real list of messy leads, and strings that break careless code, through the chain."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.acts import by_id, fill
from tests.flows.operator import REPOSITORY, at_work

pytestmark = pytest.mark.xdist_group("foreign rows")
DATA = REPOSITORY / "../shared/data"
LEADS = DATA / "x_education_dev.csv"
MAPPING = REPOSITORY / "tests/data/x_education_mapping.yaml"
NAUGHTY = DATA / "blns.json"
MARKETO = {
    "firstName": "first_name", "lastName": "last_name", "company": "company", "title": "title",
    "country": "country", "industry": "industry", "leadSource": "lead_source",
}  # fmt: skip
SALESFORCE = {
    "FirstName": "first_name", "LastName": "last_name", "Company": "company", "Title": "title",
    "Country": "country", "Industry": "industry",
}  # fmt: skip

SHORTEST = 40  # characters that every one of these fields takes


@pytest.mark.skipif(not LEADS.exists(), reason="the list of leads is not on this machine")
def test_a_real_list_of_messy_leads_is_taken_and_every_row_accounted_for(tmp_path: Path) -> None:
    with at_work(tmp_path, people=0, leads_csv=LEADS.resolve(), mapping=MAPPING) as operator:
        ran = operator.sync()
        assert ran.status in (0, 3)
        counts = ran.data["pulled"]["salesforce"]["leads"]
        assert counts["pulled"] == len(operator.simulator.records("salesforce", "Lead")) == 6468
        assert counts["stored"] + counts["quarantined"] + counts["duplicates"] == 6468
        kept = operator.query("SELECT count(*) AS n FROM quarantine WHERE reasons <> '[]'").item()
        assert kept == counts["quarantined"]
        # What the list says where it says nothing is kept as it is, and rules see nothing there.
        leads = operator.simulator.records("salesforce", "Lead")
        silent = next(lead["Id"] for lead in leads if lead["Industry"] == "Select")
        student = next(lead["Id"] for lead in leads if lead["Title"] == "Student")
        kept = "SELECT industry FROM records WHERE native_id = :id"
        assert operator.query(kept, id=silent).item() == "Select"
        assert "industry" not in operator.run("why", silent, "--json").data["attributes"]
        assert operator.run("why", student, "--json").data["attributes"]["is_student"] is True
        again = operator.sync()
        assert (again.data["decisions"], again.data["writes"]) == (0, 0)


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the list of naughty strings is not on this machine")
def test_hostile_strings_come_back_unchanged_or_wait_in_quarantine(tmp_path: Path) -> None:
    texts = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    strings = [text[:SHORTEST] for text in texts if text.strip()]
    with at_work(tmp_path, people=0) as operator:
        simulator = operator.simulator
        operator.sync()
        simulator.advance(60)
        sent = 0
        for number, start in enumerate(range(0, len(strings), len(MARKETO))):
            chosen = strings[start : start + len(MARKETO)]
            sent += len(chosen)
            values = dict(zip(MARKETO, chosen, strict=False)) | {"email": f"naughty{number}@blns.example"}
            who = int(simulator.add_record("marketo", "leads", values))
            fill(simulator, who, chosen[0], attributes={"Form Fields": chosen[-1]})
        for number, start in enumerate(range(0, len(strings), len(SALESFORCE))):
            chosen = strings[start : start + len(SALESFORCE)]
            values = dict(zip(SALESFORCE, chosen, strict=False)) | {"Email": f"naughty{number}@blns2.example"}
            simulator.add_record("salesforce", "Lead", {"LastName": "x", "Company": "x", **values})
        simulator.advance(60)
        ran = operator.sync(
            "--accept-batch", "people", "--accept-batch", "leads", "--accept-batch", "activities"
        )
        assert ran.status in (0, 3), ran.data["failures"]
        assert sent == len(strings)
        people = by_id(simulator.records("marketo", "leads"), "id")
        leads = by_id(simulator.records("salesforce", "Lead"))
        held = {
            (row["platform"], row["native_id"]): row
            for row in operator.query("SELECT * FROM records").iter_rows(named=True)
        }
        raw = "\n".join(operator.query("SELECT raw FROM quarantine")["raw"])
        for platform, records, mapping in (("marketo", people, MARKETO), ("salesforce", leads, SALESFORCE)):
            for native, record in records.items():
                compare(held.get((platform, str(native))), record, mapping, raw)


def compare(held: dict[str, Any] | None, record: dict[str, Any], mapping: dict[str, str], raw: str) -> None:
    if held is None:
        assert str(record.get("id", record.get("Id"))) in raw
        return
    for theirs, ours in mapping.items():
        assert held[ours] == (record[theirs] or None), f"{theirs} of {record.get('id', record.get('Id'))}"
