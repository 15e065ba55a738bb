"""Prefect as its users meet it: a real server, everything in prefect.yaml deployed, runs started from outside."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML

from connectors.errors import AccessDenied, PlatformError, Unavailable
from flows.in_prefect import as_task
from ledger import lease
from ledger.open import Ledger
from schemas.vocabulary import Platform, Stream
from tasks.pull import Pulled
from tests.flows.operator import REPOSITORY
from tests.flows.prefect_up import Up, free_port, prepare, refused, up

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(
        600
    ),  # a run is a fresh process that imports Prefect: minutes on a machine that has no time
]
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `make up` for all tests of this module, its first sync done."""
    folder = prepare(tmp_path_factory.mktemp("up"))
    with up(folder, free_port(), "--people", "200", "--seed", "3") as running:
        running.wait_until_ready()
        running.wait_for(lambda: "The first sync has ended" in running.said)
        yield running


def test_everything_in_prefect_yaml_is_deployed(house: Up) -> None:
    written = YAML(typ="safe").load((REPOSITORY / "prefect.yaml").read_text(encoding="utf-8"))
    deployed = house.call("POST", "deployments/filter", {})
    assert {found["name"] for found in deployed} == {wanted["name"] for wanted in written["deployments"]}
    assert {found["status"] for found in deployed} == {"READY"}  # a worker is there for them


def test_a_sync_is_scheduled_every_five_minutes(house: Up) -> None:
    """The pins of requirements/lock.txt: with a newer SQLAlchemy the scheduler silently makes no runs."""
    wanted = {
        "deployment_id": {"any_": [house.deployment("sync/sync")["id"]]},
        "state": {"type": {"any_": ["SCHEDULED"]}},
    }
    coming = house.wait_for(lambda: found if len(found := house.runs(**wanted)) > 2 else None)
    starts = sorted(datetime.fromisoformat(run["expected_start_time"]) for run in coming)
    assert starts[-1] > datetime.now(UTC)
    assert {late - early for early, late in pairwise(starts)} == {timedelta(minutes=5)}


def test_the_first_sync_completes_and_says_what_it_did(house: Up) -> None:
    run = house.run(house.first_run())
    assert run["state_type"] == "COMPLETED", house.log(run["id"])
    assert "rows quarantined" in run["state"]["message"]  # broken rows are planted in every company
    assert run["name"].startswith("sync")
    assert f"The first sync has ended. Completed: {run['state']['message']}" in house.said


def test_stages_are_tasks_named_for_what_they_do(house: Up) -> None:
    wanted = {"task_runs": {"flow_run_id": {"any_": [house.first_run()]}}}
    names = {task["name"] for task in house.call("POST", "task_runs/filter", wanted)}
    assert {"pull marketo", "pull salesforce", "score", "move", "record", "push"} <= names


def test_a_sync_leaves_artifacts_that_a_manager_can_read(house: Up) -> None:
    left = house.artifacts(house.first_run())
    assert set(left) == {"what-changed", "funnel", "quarantined"}
    assert "| marketo people |" in left["what-changed"]
    assert "| Known |" in left["funnel"]
    picture = re.search(r"\(data:image/svg\+xml;base64,([\w+/=]+)\)", left["funnel"])
    assert picture is not None
    assert base64.b64decode(picture[1]).startswith(b"<svg")
    assert "| first reason | rows |" in left["quarantined"]


def test_neither_logs_nor_artifacts_hold_an_address(house: Up) -> None:
    run = house.first_run()
    told = "\n".join([house.log(run), *house.artifacts(run).values(), house.said])
    assert not ADDRESS.search(told)
    logs = "\n".join(
        path.read_text(encoding="utf-8") for path in (house.folder / ".mqlflow/up").glob("*.log")
    )
    assert not ADDRESS.search(logs)


def test_the_form_of_a_backfill_asks_for_days_and_platforms_and_explains_them(house: Up) -> None:
    schema = house.deployment("backfill/backfill")["parameter_openapi_schema"]
    asked = schema["properties"]
    assert asked["since"]["format"] == asked["until"]["format"] == "date"
    assert schema["required"] == ["since", "until"]
    assert asked["platforms"]["default"] == ["marketo", "salesforce"]
    (choices,) = schema["definitions"].values()
    assert choices["enum"] == ["marketo", "salesforce"]
    assert all(parameter.get("description") for parameter in asked.values())


def test_a_backfill_started_by_hand_completes_and_is_named_for_its_days(house: Up) -> None:
    run = house.start("backfill/backfill", since="2026-02-01", until="2026-02-07")
    ended = house.ended(run)
    assert ended["name"] == "backfill 2026-02-01 to 2026-02-07"
    assert ended["state_type"] == "COMPLETED", house.log(run)


def test_learning_asks_in_a_form_and_refuses_a_handful_of_outcomes(house: Up) -> None:
    asked = house.deployment("learn/learn")["parameter_openapi_schema"]["properties"]
    assert asked["outcome"]["enum"] == ["accepted", "won"]
    assert all(parameter.get("description") for parameter in asked.values())
    ended = house.ended(house.start("learn/learn", outcome="accepted"))
    assert ended["state_type"] == "FAILED"
    assert "the present rules stay" in ended["state"]["message"]


def test_scorecards_are_checked_every_day_and_a_playbook_without_any_is_in_order(house: Up) -> None:
    deployed = house.deployment("check-scorecard/check-scorecard")
    assert [schedule["schedule"]["cron"] for schedule in deployed["schedules"]] == ["30 5 * * *"]
    run = house.start("check-scorecard/check-scorecard")
    assert house.ended(run)["state_type"] == "COMPLETED", house.log(run)


def test_a_profile_of_a_handful_of_customers_is_refused_in_one_line(house: Up) -> None:
    ended = house.ended(house.start("profile/profile"))
    assert ended["state_type"] == "FAILED"
    assert "at least 30 are needed" in ended["state"]["message"]


def test_a_second_run_of_a_deployment_is_cancelled_while_one_runs(house: Up) -> None:
    with house.unscheduled("sync/sync"):
        first, second = house.start("sync/sync"), house.start("sync/sync")
        states = sorted(house.ended(run)["state_type"] for run in (first, second))
    assert states == ["CANCELLED", "COMPLETED"]


def test_a_sync_that_finds_the_ledger_held_is_skipped_and_says_by_whom(house: Up) -> None:
    with (
        house.unscheduled("sync/sync"),
        Ledger.open(house.database_url) as ledger,
        lease.acquire(ledger, "sync"),
    ):
        run = house.start("sync/sync")
        state = house.ended(run)["state"]
    assert (state["type"], state["name"]) == ("CANCELLED", "Skipped")
    assert "The ledger is held by a sync run" in state["message"]
    assert "Traceback" not in house.log(run)


def test_a_wrong_playbook_fails_with_its_faults_and_no_traceback(house: Up) -> None:
    scoring = house.folder / "playbook/scoring.yaml"
    right = scoring.read_text(encoding="utf-8")
    with house.unscheduled("sync/sync"):
        scoring.write_text(right + "\nunheard_of: 1\n", encoding="utf-8")
        try:
            run = house.start("sync/sync")
            state = house.ended(run)["state"]
        finally:
            scoring.write_text(right, encoding="utf-8")
    assert (state["type"], state["name"]) == ("FAILED", "Failed")
    assert "scoring.yaml" in state["message"]
    assert "unheard_of" in state["message"]
    assert "Traceback" not in house.log(run)


def test_nothing_of_the_users_own_prefect_or_ledger_is_used(house: Up) -> None:
    assert (house.folder / ".mqlflow/up/prefect").is_dir()
    assert house.settings()["MQLFLOW_DATABASE_URL"] == house.database_url
    assert not list(Path(house.folder).glob("*.db"))


def in_a_flow(house: Up, stage: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    """Calls a stage as a task of a flow in this process; its result or error, and the run's id."""
    from prefect import flow
    from prefect.runtime import flow_run
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    came: list[Any] = []

    @flow(name="trial", persist_result=False)
    def trial() -> None:
        came.append(str(flow_run.id))
        try:
            came.append(as_task(stage, retried_after=[0.1])(*args))
        except PlatformError as error:
            came.append(error)

    with temporary_settings({PREFECT_API_URL: house.api, PREFECT_HOME: str(house.folder / "trial")}):
        trial()
    return came[1], came[0]


def task_states(house: Up, run: str) -> list[tuple[str, str]]:
    """Name and state of a run's tasks; the server learns of them a moment later."""
    wanted = {"task_runs": {"flow_run_id": {"any_": [run]}}}

    def look() -> list[tuple[str, str]]:
        tasks = house.call("POST", "task_runs/filter", wanted)
        final = [task for task in tasks if task["state_type"] in ("COMPLETED", "FAILED")]
        return [(task["name"], task["state_type"]) for task in final]

    return house.wait_for(look, 60)


def test_what_a_stage_gives_comes_back_itself_not_a_copy(house: Up) -> None:
    frame = pl.DataFrame({"points": [1, 2]})

    def score(points: pl.DataFrame) -> pl.DataFrame:
        return points

    result, run = in_a_flow(house, score, frame)
    assert result is frame
    assert task_states(house, run) == [("score", "COMPLETED")]


def test_a_stage_is_tried_again_when_a_platform_was_away_for_a_moment(house: Up) -> None:
    tries: list[int] = []

    def push() -> str:
        tries.append(len(tries))
        if len(tries) == 1:
            raise Unavailable("marketo", "no answer")
        return "pushed"

    result, run = in_a_flow(house, push)
    assert result == "pushed"
    assert task_states(house, run) == [("push", "COMPLETED")]


def test_a_stage_is_not_tried_again_when_a_person_must_mend_something(house: Up) -> None:
    tries: list[int] = []

    def push() -> None:
        tries.append(len(tries))
        raise AccessDenied("salesforce", "no permission on MQL__c")

    error, run = in_a_flow(house, push)
    assert isinstance(error, AccessDenied)
    assert tries == [0]
    assert task_states(house, run) == [("push", "FAILED")]


def test_a_stage_that_went_on_without_a_stream_is_shown_as_failed_and_its_result_counts(house: Up) -> None:
    pulled = Pulled(Platform.MARKETO, failures={Stream.PEOPLE: "no answer"})
    result, run = in_a_flow(house, lambda: pulled)
    assert result is pulled
    assert [state for _, state in task_states(house, run)] == ["FAILED"]


def test_a_second_one_in_the_same_folder_says_so_and_starts_nothing(house: Up) -> None:
    before = house.commands()
    second = refused(house.folder, free_port())
    assert second.returncode == 2
    (line,) = second.stdout.splitlines()
    assert f"process {house.process.pid}" in line
    assert "Ctrl-C" in line
    assert house.call("GET", "health")
    assert {pid for pid, command in before.items() if "prefect.engine" not in command} <= set(
        house.commands()
    )
