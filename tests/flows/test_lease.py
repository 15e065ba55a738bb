"""One writer per ledger, seen from the command line: who comes second says so, a killed holder is followed at once."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa

from tests.flows.acts import fill, newcomer
from tests.flows.operator import Operator, at_work
from tests.ledger_fixtures import new_database, postgresql_server

__all__ = ["postgresql_server"]

pytestmark = pytest.mark.xdist_group("lease")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def operator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("lease")
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(new_database(request.getfixturevalue("postgresql_server")))
        operator = stack.enter_context(at_work(folder, url, people=100, seed=13, activity_days=20))
        operator.sync()
        operator.simulator.advance(60)
        yield operator


@contextmanager
def stopped_sync(operator: Operator, *, ends: int = 0) -> Iterator["subprocess.Popen[str]"]:
    """A sync that was stopped (SIGSTOP) in the middle of its pull; it goes on when the block ends, and ends with this
    status."""
    operator.simulator.fault("marketo", "delay", seconds=2, match={"path": "/activities"})
    process = operator.start("sync", "--json")
    while operator.simulator.faults():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield process
    finally:
        os.kill(process.pid, signal.SIGCONT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == ends, errors
    assert "Traceback" not in errors


def set_lease(operator: Operator, values: str) -> None:
    with operator.ledger() as ledger, sa.create_engine(ledger.engine.url).begin() as connection:
        connection.exec_driver_sql(f"UPDATE lease SET {values}")


def test_two_syncs_at_once_one_runs_and_the_other_says_so_and_ends_4(operator: Operator) -> None:
    with stopped_sync(operator) as first:
        second = operator.command("sync", "--json")
    assert second.status == 4
    assert second.data == {"error": second.errors.strip(), "exit": 4}
    assert second.errors.strip().startswith(f"The ledger is held by a sync run (process {first.pid} on ")
    assert len(second.errors.strip().splitlines()) == 1


def test_a_killed_holder_is_followed_at_once_and_its_work_is_done(operator: Operator) -> None:
    who = newcomer(operator.simulator, "Followed")
    fill(operator.simulator, who)
    operator.simulator.advance(300)
    operator.simulator.fault("salesforce", "delay", seconds=5, match={"path": "/composite"})
    assert operator.kill_sync_when(lambda: not operator.simulator.faults())
    with operator.ledger() as ledger, sa.create_engine(ledger.engine.url).begin() as connection:
        held = connection.exec_driver_sql("UPDATE lease SET expires_at = expires_at + 86400000000").rowcount
    assert held == 1
    assert operator.sync().status == 0  # nobody waited for the lease to expire, a day from now
    cycles = operator.query(
        "SELECT state FROM cycles WHERE person_key = :key", key=operator.person("marketo", who)
    )
    assert cycles["state"].to_list() == ["open"]


def test_a_holder_that_lives_is_not_replaced_however_long_it_has_said_nothing(operator: Operator) -> None:
    with stopped_sync(operator):
        set_lease(operator, "expires_at = 0")
        assert operator.sync().status == 4


def test_who_was_replaced_stops_and_says_so_and_ends_4(operator: Operator) -> None:
    """So it goes to a run on another host that was silent for too long."""
    runs = "SELECT count(*) FROM runs WHERE finished_at IS NOT NULL"
    before = operator.query(runs).item()
    with stopped_sync(operator, ends=4):
        set_lease(operator, "token = 'of another', expires_at = 0")
    assert operator.query(runs).item() == before
    set_lease(operator, "token = NULL, expires_at = NULL")
    assert operator.sync().status == 0


def test_looking_needs_no_lease(operator: Operator) -> None:
    person = operator.query("SELECT min(person_key) AS key FROM scores").item()
    with stopped_sync(operator):
        assert operator.run("why", person).status == 0
