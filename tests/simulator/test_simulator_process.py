"""The simulator as a process: its ready line, its control API, its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.serve import parser
from tests.simulator_process import REPOSITORY, Simulator, start_simulator

COMMAND = [sys.executable, "-m", "simulator", "serve", "--people", "0"]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with start_simulator(people=60, seed=5) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    running.clear_faults()
    running.reset_calls()
    yield running
    running.clear_faults()


def salesforce(simulator: Simulator, path: str, **options: Any) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": simulator.env["MQLFLOW_SALESFORCE_CLIENT_ID"],
        "client_secret": simulator.env["MQLFLOW_SALESFORCE_CLIENT_SECRET"],
    }
    token = requests.post(f"{simulator.salesforce}/services/oauth2/token", data=form, timeout=10).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = f"{simulator.salesforce}/services/data/v66.0{path}"
    return requests.get(url, headers=headers, timeout=30, **options)


def test_the_ready_line_holds_addresses_and_all_that_a_sync_needs(simulator: Simulator) -> None:
    assert simulator.control.endswith("/simulator")
    assert set(simulator.env) == {
        "MQLFLOW_SALESFORCE_URL",
        "MQLFLOW_SALESFORCE_CLIENT_ID",
        "MQLFLOW_SALESFORCE_CLIENT_SECRET",
        "MQLFLOW_MARKETO_URL",
        "MQLFLOW_MARKETO_CLIENT_ID",
        "MQLFLOW_MARKETO_CLIENT_SECRET",
        "MQLFLOW_LIVE_SINCE",
    }
    assert simulator.env["MQLFLOW_LIVE_SINCE"] == "2026-03-02T09:00:00Z"
    assert simulator.env["MQLFLOW_SALESFORCE_URL"] == simulator.salesforce


def test_both_platforms_serve_the_same_company(simulator: Simulator) -> None:
    answer = salesforce(simulator, "/query", params={"q": "SELECT COUNT() FROM Lead"}).json()
    assert answer["totalSize"] > 10
    token = requests.get(
        f"{simulator.marketo}/identity/oauth/token",
        params={
            "grant_type": "client_credentials",
            "client_id": simulator.env["MQLFLOW_MARKETO_CLIENT_ID"],
            "client_secret": simulator.env["MQLFLOW_MARKETO_CLIENT_SECRET"],
        },
        timeout=10,
    ).json()
    assert token["access_token"]
    linked = [p["sfdcLeadId"] for p in simulator.records("marketo", "leads") if p.get("sfdcLeadId")]
    leads = {row["Id"] for row in simulator.records("salesforce", "Lead")}
    assert linked
    assert set(linked) <= leads


def test_the_clock_moves_by_hand_and_shows_in_the_date_header(simulator: Simulator) -> None:
    before = simulator.now()
    after = simulator.advance(3600)
    assert after > before
    assert simulator.now() == after
    stamp = salesforce(simulator, "/limits").headers["Date"]
    assert stamp[17:25] == after[11:19]


def test_calls_count_by_endpoint_with_tokens_apart(simulator: Simulator) -> None:
    salesforce(simulator, "/limits")
    salesforce(simulator, "/sobjects/Lead/00Q5f0000000001EAA")
    counted = simulator.calls()["salesforce"]
    assert counted["total"] == 2
    assert counted["token"] == 2
    assert counted["by_endpoint"] == {
        "GET /limits": 1,
        "GET /sobjects/Lead/{id}": 1,
        "POST /services/oauth2/token": 2,
    }
    simulator.reset_calls()
    assert simulator.calls()["salesforce"]["total"] == 0


def test_a_fault_is_armed_shown_fired_and_cleared(simulator: Simulator) -> None:
    armed = simulator.fault("salesforce", "http_status", status=503, times=1, match={"path": "/limits"})
    assert simulator.faults() == [armed]
    assert salesforce(simulator, "/limits").status_code == 503
    assert simulator.faults() == []
    simulator.fault("marketo", "code", code="606")
    simulator.clear_faults()
    assert simulator.faults() == []
    with pytest.raises(AssertionError, match="has no fault 'earthquake'"):
        simulator.fault("salesforce", "earthquake")


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/clock", {"advance_seconds": 1e300}, "too large"),
        ("/clock", {"advance_seconds": -1}, "time does not go back"),
        ("/faults", {"platform": "salesforce", "kind": "delay", "times": 0}, "at least once"),
        ("/faults", {"platform": "marketo", "kind": "delay", "seconds": "long"}, "seconds must be"),
        ("/faults", {"platform": "marketo", "kind": "http_status", "status": 99}, "status must be"),
        ("/records/salesforce/Lead", {"values": [1]}, "values must be an object"),
        ("/records/marketo/leads", {"values": {"leadScore": "high"}}, "Required of type 'score'"),
    ],
)
def test_a_wrong_word_to_the_control_is_400_and_says_what(
    simulator: Simulator, path: str, body: dict[str, Any], says: str
) -> None:
    answer = requests.post(simulator.control + path, json=body, timeout=30)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_the_truth_is_told_whole_and_by_kind(simulator: Simulator) -> None:
    truth = simulator.truth()
    assert truth
    kind = next(iter(truth))
    assert simulator.truth(kind) == truth[kind]
    with pytest.raises(AssertionError, match="'unicorn'"):
        simulator.truth("unicorn")


def test_a_record_changes_as_a_person_would_change_it(simulator: Simulator) -> None:
    lead = simulator.add_record("salesforce", "Lead", {"LastName": "Ada", "Company": "Engines"})
    simulator.patch_record("salesforce", "Lead", lead, {"Status": "Working"})
    row = simulator.record("salesforce", "Lead", lead)
    assert row["Status"] == "Working"
    author = simulator.record("salesforce", "User", row["LastModifiedById"])
    assert author["Name"] not in ("Mqlflow Integration", "Marketo Sync", "Default Lead Owner")
    fields = [h["Field"] for h in simulator.records("salesforce", "LeadHistory") if h["LeadId"] == lead]
    assert fields == ["created", "Status"]
    converted = simulator.convert_lead(lead, create_opportunity=False)
    assert converted["opportunity_id"] is None
    assert simulator.record("salesforce", "Lead", lead)["ConvertedContactId"] == converted["contact_id"]
    with pytest.raises(AssertionError, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        simulator.patch_record("salesforce", "Lead", lead, {"Status": "Open"})


def test_records_are_deleted_and_merged(simulator: Simulator) -> None:
    a, b = (simulator.add_record("salesforce", "Lead", {"LastName": n, "Company": "x"}) for n in "ab")
    simulator.delete_record("salesforce", "Lead", b, merged_into=a)
    row = simulator.record("salesforce", "Lead", b)
    assert (row["IsDeleted"], row["MasterRecordId"]) == (True, a)
    c, d = (simulator.add_record("marketo", "leads", {"email": f"{n}@merge.example"}) for n in "cd")
    simulator.delete_record("marketo", "leads", d, merged_into=c)
    simulator.patch_record("marketo", "leads", c, {"title": "CEO"})
    assert simulator.record("marketo", "leads", c)["title"] == "CEO"
    with pytest.raises(AssertionError, match="400"):
        simulator.record("marketo", "leads", d)


def test_records_come_in_pages_too(simulator: Simulator) -> None:
    everything = simulator.records("salesforce", "User")
    assert simulator.records("salesforce", "User", limit=3, offset=2) == everything[2:5]
    with pytest.raises(AssertionError, match="no object 'Nope'"):
        simulator.records("salesforce", "Nope")


def test_a_jwt_key_can_be_registered_while_running(simulator: Simulator) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    simulator.register_jwt_key(key.public_key().public_bytes(encoding, form).decode())
    with pytest.raises(AssertionError, match="PEM"):
        simulator.register_jwt_key("no key")


def test_a_taken_port_is_one_clear_line_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [*COMMAND, "--marketo-port", str(port)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"simulator: the marketo port {port} cannot be used")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("people", "-5"),
        ("activity-days", "-1"),
        ("speed", "-1"),
        ("speed", "nan"),
        ("start", "yesterday"),
        ("start", "0001-01-01"),
    ],
)
def test_a_value_that_makes_no_company_is_named_with_status_2(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["serve", f"--{option}={value}"])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"--{option}: {value!r} is " in last


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly_and_frees_the_ports(number: signal.Signals) -> None:
    with start_simulator() as simulator:
        os.kill(simulator.pid, number)
        assert simulator.wait() == (0, "")
        with pytest.raises(requests.ConnectionError):
            requests.get(simulator.salesforce + "/services/data", timeout=5)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, as Linux tells it."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (number - 1) & 1)


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells which signals are handled"
)
def test_a_signal_while_the_company_is_founded_ends_it_quietly_too() -> None:
    process = subprocess.Popen(
        [*COMMAND[:-1], "20000"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not catches(process.pid, signal.SIGTERM) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # it is founding now
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_it_ends_when_its_parent_is_gone() -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = subprocess.Popen(
        [*COMMAND, "--parent-pid", str(parent.pid)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("{")
        parent.communicate(b"\n")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_with_a_speed_the_company_lives_by_itself() -> None:
    with start_simulator(people=0, speed=600, parent_pid=os.getpid()) as simulator:
        before = simulator.now()
        deadline = time.monotonic() + 20
        while simulator.now() < before[:11] + "09:05:00Z" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert simulator.now() >= before[:11] + "09:05:00Z"


def test_the_same_seed_gives_the_same_company() -> None:
    seen = []
    for _ in range(2):
        with start_simulator(people=30, seed=9) as simulator:
            seen.append((simulator.records("salesforce", "Lead"), simulator.records("marketo", "leads")))
    assert seen[0] == seen[1]
    assert seen[0][0]
