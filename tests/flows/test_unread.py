"""A stream that can't be read: nothing that needs it is decided, the other facts are kept, the next run catches up."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.acts import everything, faulty, fill, newcomer, written
from tests.flows.operator import Operator, at_work

pytestmark = pytest.mark.xdist_group("unread")
HURRY = {"MQLFLOW_PATIENCE": "1"}
# The first page comes, the ones behind it don't.
OPPORTUNITIES = [
    ("salesforce", "short_pages", {"size": 1, "match": {"object": "Opportunity"}}),
    ("salesforce", "http_status", {"status": 503, "times": 99, "match": {"path": "/query/"}}),
]
ACTIVITIES = [
    ("marketo", "http_status", {"status": 502, "times": 99, "match": {"path": "/rest/v1/activities.json"}})
]


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with at_work(tmp_path_factory.mktemp("unread"), people=100, seed=17, activity_days=20) as operator:
        operator.sync()
        operator.simulator.advance(60)
        yield operator


def states(operator: Operator, who: int) -> list[str]:
    key = operator.person("marketo", who)
    return operator.query("SELECT state FROM cycles WHERE person_key = :key", key=key)["state"].to_list()


@pytest.mark.parametrize(
    ("faults", "stream", "kept"),
    [
        (OPPORTUNITIES, "salesforce opportunities", ("activities", "person_native_id")),
        (ACTIVITIES, "marketo activities", ("tasks", "native_id")),
    ],
    ids=["opportunities", "activities"],
)
def test_without_a_stream_nothing_is_decided_and_the_next_run_catches_up(
    operator: Operator, faults: list[tuple[str, str, dict[str, Any]]], stream: str, kept: tuple[str, str]
) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, f"Unread{len(faults)}")
    fill(simulator, who)
    call = simulator.add_record("salesforce", "Task", {"Subject": "Call", "Status": "Completed"})
    simulator.advance(300)
    for deal in simulator.records("salesforce", "Opportunity")[:3]:
        simulator.patch_record("salesforce", "Opportunity", deal["Id"], {"Amount": 12_000 + len(faults)})
    before = everything(simulator)
    for platform, kind, options in faults:
        simulator.fault(platform, kind, **options)
    blind = operator.sync(**HURRY)
    simulator.clear_faults()
    assert blind.status == 1
    assert blind.data["decisions"] == 0
    assert written(before, everything(simulator)) == {}
    platform, _, name = stream.partition(" ")
    [told] = [line for line in blind.data["failures"] if line.startswith("lifecycle decided nothing: ")]
    assert platform in told
    assert name in told
    assert [line for line in blind.data["failures"] if line.startswith(f"{stream}: ")]
    row = operator.query("SELECT status, message FROM runs WHERE run_id = :run", run=blind.data["run_id"])
    assert row["status"].to_list() == ["failed"]
    assert stream in row["message"].item()
    # The facts of every other stream are kept.
    table, column = kept
    found = operator.query(f"SELECT {column} FROM {table}")[column].to_list()
    assert str(who if table == "activities" else call) in found
    after = operator.sync()
    assert after.status == 0
    assert states(operator, who) == ["open"]


def test_a_stream_that_nobody_may_read_is_to_be_mended_and_ends_2(operator: Operator) -> None:
    with faulty(operator.simulator, "salesforce", "missing_object", object="Opportunity"):
        blind = operator.sync(**HURRY)
    assert blind.status == 2
    assert blind.data["decisions"] == blind.data["writes"] == 0
    assert [line for line in blind.data["failures"] if "object Opportunity does not exist" in line]
    assert operator.sync().status in (0, 3)


def test_a_stream_that_only_assignment_reads_holds_up_assignment_alone(operator: Operator) -> None:
    simulator = operator.simulator
    simulator.advance(7200)
    who = newcomer(simulator, "Ownerless")
    fill(simulator, who)
    simulator.advance(60)
    with faulty(simulator, "salesforce", "missing_object", object="GroupMember"):
        blind = operator.sync(**HURRY)
    assert blind.status == 2  # somebody must give the permission back
    assert states(operator, who) == ["open"]
    owner = "SELECT owner_id FROM cycles WHERE person_key = :key"
    assert operator.query(owner, key=operator.person("marketo", who)).item() is None
    assert operator.sync().status == 0
    assert operator.query(owner, key=operator.person("marketo", who)).item() is not None


def test_a_platform_that_does_not_answer_leaves_the_other_ones_facts(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Alone")
    fill(simulator, who)
    simulator.advance(300)
    with faulty(simulator, "salesforce", "http_status", status=503, times=999):
        ran = operator.sync(**HURRY)
    assert ran.status == 1
    assert ran.data["pulled"].keys() == {"marketo"}
    assert ran.data["decisions"] == 0
    assert len([line for line in ran.data["failures"] if "503" in line or "SERVER_UNAVAILABLE" in line]) == 1
    assert operator.person("marketo", who)
    assert operator.sync().status == 0
    assert states(operator, who) == ["open"]
