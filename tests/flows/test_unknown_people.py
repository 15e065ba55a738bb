"""People older than `people_since`, whom no increment brings: read once they act."""

from collections.abc import Iterator

import pytest

from tests.flows.acts import OPEN, act, fill
from tests.flows.operator import Operator, at_work

pytestmark = pytest.mark.xdist_group("unknown_people")


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with at_work(tmp_path_factory.mktemp("people"), people=200, seed=37, activity_days=20) as operator:
        operator.sync()
        operator.simulator.advance(60)
        yield operator


def cycles(operator: Operator, who: int) -> list[tuple[str, str]]:
    key = operator.person("marketo", who)
    return operator.query("SELECT state, kind FROM cycles WHERE person_key = :key", key=key).rows()


def test_whoever_was_there_before_people_since_is_read_once_they_act(operator: Operator) -> None:
    simulator = operator.simulator
    known = set(operator.query("SELECT native_id FROM records WHERE platform = 'marketo'")["native_id"])
    peculiar = {str(row["id"]) for rows in simulator.truth().values() for row in rows}
    old = next(
        int(lead["id"])
        for lead in simulator.records("marketo", "leads")
        if str(lead["id"]) not in known | peculiar and lead["sfdcType"] is None and lead["company"]
        if lead["country"] == "Germany" and lead["createdAt"] and "@" in lead["email"]
    )
    fill(simulator, old)
    simulator.advance(300)
    operator.sync()
    assert cycles(operator, old) == [("open", "mql")]
    simulator.reset_calls()
    operator.sync()
    assert simulator.calls()["marketo"]["total"] <= 8


def test_whoever_is_known_and_acts_is_not_read_again(operator: Operator) -> None:
    simulator = operator.simulator
    operator.sync()
    simulator.advance(60)
    operator.sync()  # what our own writes changed is read
    [known] = operator.query(
        "SELECT min(native_id) FROM records WHERE platform = 'marketo' AND NOT is_deleted"
    )
    act(simulator, int(known.item()), OPEN, "Newsletter")
    simulator.advance(1)
    ran = operator.sync()
    assert ran.data["pulled"]["marketo"]["activities"]["stored"] >= 1
    assert ran.data["pulled"]["marketo"].get("people", {"pulled": 0})["pulled"] == 0
