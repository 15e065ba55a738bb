"""Wrong input: one clear line that says what, where and what to do, exit status 2, no traceback, nothing run."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.flows.acts import everything, faulty, fill, newcomer, written
from tests.flows.operator import Operator, Ran
from tests.simulator_process import Simulator, start_simulator

pytestmark = pytest.mark.xdist_group("bad input")
CLOSED = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(people=100, seed=19, activity_days=20, marketo_rate=10_000) as simulator:
        yield simulator


@pytest.fixture
def operator(simulator: Simulator, tmp_path: Path) -> Iterator[Operator]:
    """Somebody with a new ledger; at the end nothing personal or secret may have been said."""
    operator = Operator.at(tmp_path, simulator)
    yield operator
    simulator.clear_faults()
    assert operator.leaks() == []


def one_line(ran: Ran) -> str:
    """What was said, if it was one line on standard error; with `--json` an object says the same."""
    assert "Traceback" not in ran.errors
    lines = ran.errors.splitlines()
    assert len(lines) == 1, ran.errors
    assert ran.out == "" or ran.data == {"error": lines[0], "exit": ran.status}
    return lines[0]


# The playbook


def test_every_fault_of_a_playbook_is_told_with_file_line_and_rule_and_nothing_is_run(
    operator: Operator,
) -> None:
    operator.edit("lifecycle.yaml", "score >= 65 AND fit >= 40", "scoore >= 65 AND fit >= 40")
    operator.edit("scoring.yaml", "points: points_top", "points: points_tops")
    operator.edit("assignment.yaml", "mode: decide_and_push", "mode: decide_and_pushed")
    operator.edit("data.yaml", "match_accounts_by_domain: true", "match_accounts_by_domian: true")
    operator.simulator.reset_calls()
    for command in (["sync"], ["sync", "--json"], ["doctor"], ["why", "anybody"]):
        ran = operator.run(*command)
        assert ran.status == 2
        assert ran.out == "" or ran.data == {"error": ran.errors.rstrip("\n"), "exit": 2}
        first, *faults = ran.errors.strip().splitlines()
        assert first == "The playbook has 4 faults; nothing was run."
        assert [re.split(r":\d+: ", fault)[0] for fault in faults] == [
            "assignment.yaml", "data.yaml", "lifecycle.yaml", "scoring.yaml"
        ]  # fmt: skip
        told = "\n".join(faults)
        assert "lifecycle.yaml:18: rule score: " in told
        assert "unknown column scoore" in told
        assert "rule self_assessment: engagement.signals.2.points: no token 'points_tops'" in told
        assert "match_accounts_by_domian" in told
    calls = operator.simulator.calls()
    assert calls["salesforce"]["total"] == calls["marketo"]["total"] == calls["marketo"]["token"] == 0
    assert not Path(operator.env["MQLFLOW_DATABASE_URL"].removeprefix("sqlite:///")).exists()


def test_a_line_number_leads_to_the_rule_that_is_wrong(operator: Operator) -> None:
    operator.edit("scoring.yaml", "points: points_top", "points: points_tops")
    told = operator.run("sync").errors
    number = int(re.search(r"scoring\.yaml:(\d+): ", told).group(1))  # type: ignore[union-attr]
    lines = (operator.folder / "playbook/scoring.yaml").read_text().splitlines()
    assert lines[number - 1].strip() == "points: points_tops"


# What the platforms lack

LACKS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a field of Lead": (
        "salesforce", {"kind": "missing_field", "object": "Lead", "field": "MQL_Stage__c"},
        "field MQL_Stage__c of Lead", "deploy",
    ),
    "a field of MQL__c": (
        "salesforce", {"kind": "missing_field", "object": "MQL__c", "field": "Grade__c"},
        "field Grade__c of MQL__c", "deploy",
    ),
    "MQL__c itself": (
        "salesforce", {"kind": "missing_object", "object": "MQL__c"}, "object MQL__c", "deploy",
    ),
    "a field of the Marketo lead": (
        "marketo", {"kind": "missing_field", "field": "mqlGrade"},
        "field mqlGrade of the lead object", "New Custom Field: type String, API name mqlGrade",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lack", LACKS)
def test_what_a_platform_lacks_is_named_with_how_to_create_it_before_any_write(
    operator: Operator, lack: str
) -> None:
    platform, fault, name, cure = LACKS[lack]
    newcomer(operator.simulator, "Lack" + str(fault.get("field", "Object")))  # whose score is to be written
    before = everything(operator.simulator)
    with faulty(operator.simulator, platform, **fault):
        ran = operator.sync()
        doctor = operator.run("doctor")
    assert ran.status == 2
    assert [line for line in ran.data["failures"] if name in line and cure in line]
    assert ran.data["writes"] == 0
    assert written(before, everything(operator.simulator)) == {}
    assert doctor.status == 2
    assert fault.get("field", "MQL__c") in doctor.out
    assert cure in doctor.out
    assert operator.sync().status in (0, 3)
    assert written(before, everything(operator.simulator))["person"]


def test_a_field_that_disappears_later_stops_every_write_and_keeps_it_for_later(operator: Operator) -> None:
    simulator = operator.simulator
    operator.sync()
    simulator.advance(60)
    who = newcomer(simulator, "Waiting")
    fill(simulator, who)
    simulator.advance(300)
    before = everything(simulator)
    with faulty(simulator, "salesforce", kind="missing_field", object="MQL__c", field="Grade__c"):
        ran = operator.sync()
        assert ran.status == 2
    assert written(before, everything(simulator)) == {}
    assert ran.data["opened"]["live mql"] >= 1  # decided all the same: only writing waits
    operator.sync()
    simulator.advance(600)
    operator.sync()
    assert simulator.record("marketo", "leads", who)["sfdcLeadId"]
    assert [row for row in simulator.records("salesforce", "MQL__c") if row["Grade__c"]]


# Settings, credentials, the wrong org


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MQLFLOW_DATABASE_URL", "nonsense", "MQLFLOW_DATABASE_URL"),
        ("MQLFLOW_DATABASE_URL", "mysql://127.0.0.1/x", "MQLFLOW_DATABASE_URL"),
        ("MQLFLOW_DATABASE_URL", "postgresql://somebody:hidden@127.0.0.1:9/none", "can't be used"),
        ("MQLFLOW_PLAYBOOK", "nowhere", "nowhere: no such folder; name it in MQLFLOW_PLAYBOOK"),
        ("MQLFLOW_MARKETO_URL", "http://marketo.example", "https"),
        ("MQLFLOW_SALESFORCE_URL", "no address", "URL"),
        ("MQLFLOW_LIVE_SINCE", "yesterday", "MQLFLOW_LIVE_SINCE: must be an instant with its time zone"),
        ("MQLFLOW_LIVE_SINCE", "2026-03-01", "MQLFLOW_LIVE_SINCE: must be an instant with its time zone"),
        ("MQLFLOW_QUARANTINE_DAYS", "some", "MQLFLOW_QUARANTINE_DAYS: must be a whole number of days"),
        ("MQLFLOW_SALESFORCE_CLIENT_ID", "", "MQLFLOW_SALESFORCE_CLIENT_ID"),
        ("MQLFLOW_MARKETO_CLIENT_SECRET", "", "MQLFLOW_MARKETO_CLIENT_SECRET"),
    ],
)
def test_a_wrong_setting_is_named(operator: Operator, name: str, value: str, told: str) -> None:
    ran = operator.run("sync", **{name: value})
    assert ran.status == 2
    assert told in ran.errors
    assert "hidden" not in ran.errors
    assert len(ran.errors.strip().splitlines()) <= 2
    assert ran.out == ""


def test_a_ledger_of_a_newer_version_is_refused_by_every_command(operator: Operator) -> None:
    def made_by(revision: str) -> None:
        with operator.ledger() as ledger, ledger.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    with operator.ledger() as ledger:
        ledger.upgrade()
        present = ledger.head()
    made_by("9999")
    for command in (["sync"], ["why", "anybody"], ["forget", "anybody", "--yes"], ["upgrade"]):
        ran = operator.run(*command)
        assert ran.status == 2
        assert "at revision 9999, which this version doesn't know" in one_line(ran)
    doctor = operator.run("doctor")
    assert doctor.status == 2
    assert "MEND database: The ledger" in doctor.out
    assert "a newer mqlflow made it" in doctor.out
    assert "mqlflow upgrade" not in doctor.out
    made_by(present)


def test_doctor_tells_of_a_ledger_that_can_be_read_and_not_written(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.sqlite_files.PATIENCE_MS", 50)
    path = Path(operator.env["MQLFLOW_DATABASE_URL"].removeprefix("sqlite:///"))
    with operator.ledger(), closing(sqlite3.connect(path, isolation_level=None)) as another_program:
        another_program.execute("BEGIN IMMEDIATE")
        doctor = operator.run("doctor")
    assert doctor.status == 2
    assert "MEND database: The ledger" in doctor.out
    assert "database is locked" in doctor.out
    assert operator.run("doctor").status == 0


def test_without_any_platform_it_is_told_how_to_connect_one_and_no_ledger_is_made(operator: Operator) -> None:
    ran = operator.run("sync", MQLFLOW_SALESFORCE_URL="", MQLFLOW_MARKETO_URL="")
    assert ran.status == 2
    assert "MQLFLOW_SALESFORCE_URL" in one_line(ran)
    assert not (operator.folder / "ledger.db").exists()


@pytest.mark.parametrize("platform", ["SALESFORCE", "MARKETO"])
def test_wrong_credentials_end_in_one_line_that_shows_none_of_them(operator: Operator, platform: str) -> None:
    wrong = {f"MQLFLOW_{platform}_CLIENT_SECRET": "an-entirely-wrong-secret"}
    ran = operator.command("sync", "--json", **wrong)
    assert ran.status == 2
    line = one_line(ran)
    assert line.startswith(f"{platform.lower()}: ")
    assert "secret" in line
    assert "an-entirely-wrong-secret" not in line
    doctor = operator.run("doctor", **wrong)
    assert doctor.status == 2
    assert f"MEND {platform.lower()} connection" in doctor.out


def test_a_ledger_refuses_another_org_and_stays_as_it_is(operator: Operator) -> None:
    operator.sync()
    before = operator.query("SELECT count(*) FROM records").item()
    with start_simulator(people=0, seed=99) as other:
        ran = operator.run("sync", "--json", **other.env)
        assert ran.status == 2
        assert "This ledger belongs to" in one_line(ran)
        half = {name: value for name, value in other.env.items() if "SALESFORCE" in name}
        assert "salesforce" in one_line(operator.run("sync", **half))
        assert "POST /composite" not in other.calls()["salesforce"]["by_endpoint"]  # nothing was pulled
        doctor = operator.run("doctor", **other.env)
        assert doctor.status == 2
        assert "MEND marketo binding" in doctor.out
        assert "MEND salesforce binding" in doctor.out
    assert operator.query("SELECT count(*) FROM records").item() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["sync", "--nonsense"],
        ["sync", "surplus"],
        ["synk"],
        ["sync", "--accept-batch", "nonsense"],
        ["backfill", "--since", "2026-13-01", "--until", "2026-01-01"],
        ["backfill", "--since", "2026-02-02", "--until", "2026-02-01"],
        ["backfill", "--since", "2026-02-02"],
        ["backfill", "--since", "2026-02-01", "--until", "2026-02-02", "--platform", "hubspot"],
        ["why"],
        ["why", "nobody-of-this-name"],
        ["why", "nobody@nowhere.example"],
        ["forget", "nobody@nowhere.example", "--yes"],
    ],
    ids=" ".join,
)
def test_an_unknown_parameter_ends_2_without_a_traceback(operator: Operator, arguments: list[str]) -> None:
    ran = operator.run(*arguments)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.errors.strip()
    assert "Traceback" not in ran.errors
    assert operator.leaks() == []


# A host that does not answer


@pytest.mark.parametrize("platform", ["SALESFORCE", "MARKETO"])
def test_a_host_that_does_not_answer_costs_only_its_own_facts(operator: Operator, platform: str) -> None:
    silent = {f"MQLFLOW_{platform}_URL": CLOSED, "MQLFLOW_PATIENCE": "1"}
    ran = operator.sync(**silent)
    assert ran.status == 1
    told = [line for line in ran.data["failures"] if line.startswith(f"{platform.lower()}: ")]
    assert told == [
        f"{platform.lower()}: 127.0.0.1:9 cannot be reached (ConnectionError): check the URL and the network"
    ]
    rest = [line for line in ran.data["failures"] if line not in told]
    assert len(rest) == 1
    assert rest[0].startswith(f"lifecycle decided nothing: {platform.lower()} ")
    assert ran.data["decisions"] == ran.data["writes"] == 0
    kept = operator.query("SELECT DISTINCT platform FROM records")["platform"].to_list()
    assert kept == [{"SALESFORCE": "marketo", "MARKETO": "salesforce"}[platform]]
    doctor = operator.run("doctor", **silent)
    assert doctor.status == 2
    assert f"MEND {platform.lower()} connection" in doctor.out
    assert operator.sync().data["decisions"] > 50


def test_when_no_host_answers_there_is_one_line_and_exit_1(operator: Operator) -> None:
    nowhere = {"MQLFLOW_SALESFORCE_URL": CLOSED, "MQLFLOW_MARKETO_URL": CLOSED, "MQLFLOW_PATIENCE": "1"}
    ran = operator.run("sync", "--json", **nowhere)
    assert ran.status == 1
    assert "marketo: 127.0.0.1:9 cannot be reached" in one_line(ran)


def test_a_host_that_stumbles_is_asked_again(operator: Operator) -> None:
    for platform in ("salesforce", "marketo"):
        operator.simulator.fault(platform, "http_status", status=503, times=2)
        operator.simulator.fault(platform, "drop_before", times=1)
    ran = operator.sync()
    assert ran.status in (0, 3)
    assert ran.data["failures"] == []
    assert operator.simulator.faults() == []


# A file that arrives broken


def test_a_bulk_file_that_stays_corrupt_is_one_clear_line_with_the_cursor_unmoved(operator: Operator) -> None:
    with faulty(operator.simulator, "marketo", "corrupt_file", times=99, match={"path": "/bulk/v1/leads"}):
        ran = operator.sync()
        calls = operator.simulator.faults()[0]["times"]
    assert ran.status == 1
    assert ran.data["failures"] == [
        "marketo people: the bulk file of leads did not match its checksum 3 times; the next sync reads it again",
        "lifecycle decided nothing: marketo people was not read through",
    ]
    assert calls == 99 - 3
    reached = operator.query(
        "SELECT read_through FROM cursors WHERE platform = 'marketo' AND stream = 'people'"
    )
    assert reached.is_empty()
    assert operator.sync().data["decisions"] > 50
