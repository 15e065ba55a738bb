"""What a sync does that has nothing to do: no decisions, no writes, hardly a request. And what every sync counts."""

from collections.abc import Iterator

import pytest

from tests.flows.acts import everything, fill, newcomer, visit, written
from tests.flows.operator import Operator, at_work

pytestmark = pytest.mark.xdist_group("quiet")
AT_MOST = 8
"""Requests to each platform; a composite counts one, token calls and empty pages don't count."""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with at_work(tmp_path_factory.mktemp("quiet"), people=200, seed=11) as operator:
        operator.sync()
        yield operator


def settle(operator: Operator) -> None:
    """Syncs until one has nothing to write any more."""
    for _ in range(6):
        if not operator.sync().data["writes"]:
            return
    raise AssertionError("there is always something left to write")


def hand_over(operator: Operator, name: str) -> int:
    """Somebody raises a hand and is brought into the CRM; answers the writes of the last push."""
    operator.simulator.advance(
        60
    )  # not in the very second of the last run, in which the rules came into force
    fill(operator.simulator, newcomer(operator.simulator, name))
    operator.simulator.advance(300)
    assert operator.sync().data["opened"]["live mql"] >= 1
    operator.simulator.advance(300)
    return int(operator.sync().data["writes"])


def test_a_sync_after_one_that_wrote_nothing_does_nothing_with_a_handful_of_requests(
    operator: Operator,
) -> None:
    settle(operator)
    operator.simulator.reset_calls()
    before = everything(operator.simulator)
    ran = operator.sync()
    calls = operator.simulator.calls()
    assert (ran.status, ran.data["decisions"], ran.data["writes"]) == (0, 0, 0)
    assert written(before, everything(operator.simulator)) == {}
    assert calls["salesforce"]["total"] <= AT_MOST, calls
    assert calls["marketo"]["total"] <= AT_MOST, calls


def test_a_sync_right_after_a_push_does_not_react_to_its_own_echo(operator: Operator) -> None:
    assert hand_over(operator, "Echo") > 20
    before = everything(operator.simulator)
    ran = operator.sync()
    assert (ran.status, ran.data["decisions"], ran.data["writes"]) == (0, 0, 0)
    assert written(before, everything(operator.simulator)) == {}


def test_the_native_sync_mirrors_a_push_and_that_is_no_news_either(operator: Operator) -> None:
    """Status and owner that we wrote in the CRM come back through Marketo minutes later."""
    hand_over(operator, "Mirror")
    operator.simulator.advance(300)
    ran = operator.sync()
    assert ran.data["pulled"]["marketo"]["people"]["stored"] >= 1
    assert "mql_record record" not in ran.data["asked"]
    echoes = operator.query("SELECT count(*) AS n FROM cycles WHERE state = 'working' AND origin = 'live'")
    assert echoes.item() == 0


def test_the_run_row_tells_the_same_counts_as_the_output_and_the_quarantine_holds_them(
    operator: Operator,
) -> None:
    operator.simulator.advance(7200)
    visit(operator.simulator, newcomer(operator.simulator, "Counted", numberOfEmployees=-5), "/pricing")
    ran = operator.sync()
    told = {
        (platform, stream, name): n
        for platform, streams in ran.data["pulled"].items()
        for stream, counts in streams.items()
        for name, n in counts.items()
    }
    rows = operator.query(
        "SELECT platform, stream, name, n FROM run_counts WHERE run_id = :run AND stage = 'pull'",
        run=ran.data["run_id"],
    )
    assert {row[:3]: row[3] for row in rows.rows()} == told
    assert told["marketo", "people", "quarantined"] == 1
    assert ran.status == 3
    assert ran.data["quarantine_reasons"] == {"employees: too small": 1}
    kept = operator.query("SELECT count(*) AS n FROM quarantine").item()
    counted = operator.query(
        "SELECT sum(n) AS n FROM run_counts WHERE stage = 'pull' AND name = 'quarantined'"
    ).item()
    assert kept == counted


def test_a_row_that_is_bad_again_is_known_and_no_new_complaint(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Again", numberOfEmployees=-7)
    simulator.advance(300)
    assert operator.sync().status == 3
    again = operator.sync()
    assert again.status == 0
    simulator.patch_record("marketo", "leads", who, {"numberOfEmployees": 70})
    simulator.advance(300)
    mended = operator.sync()
    assert mended.status == 0
    assert operator.person("marketo", who)
    open_rows = operator.query("SELECT mended_at FROM quarantine WHERE key LIKE :key", key=f"%{who}%")
    assert None not in open_rows["mended_at"].to_list()


def test_an_hour_later_the_slow_lists_are_read_again_and_nothing_follows_from_that(
    operator: Operator,
) -> None:
    settle(operator)
    ran = operator.sync()
    assert "owners" not in ran.data["pulled"]["salesforce"]
    operator.simulator.advance(3700)
    later = operator.sync()
    assert later.data["pulled"]["salesforce"]["owners"]["pulled"] > 0
    assert later.data["pulled"]["marketo"]["campaigns"]["stored"] == 0
