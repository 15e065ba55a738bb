"""The benchmarks run and measure what they say; nothing here is about how long it took."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import few_outcomes
from benchmarks.company import Scene, furnish
from benchmarks.history import generate
from benchmarks.incremental import filled, touched
from benchmarks.measure import Result
from benchmarks.midnight import everybody, found, night
from benchmarks.year import catch_up
from tests.engine.learning_world import company

REPOSITORY = Path(__file__).parents[2]
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = 150


def test_a_generated_history_lies_in_its_time_and_is_the_same_again() -> None:
    history = generate(PEOPLE, 20, START, END, surely=True)
    assert history.acts["occurred_at"].is_between(START, END).all()
    assert history.acts["act"].is_unique().all()
    assert history.acts["number"].n_unique() == PEOPLE
    assert history.acts.equals(generate(PEOPLE, 20, START, END, surely=True).acts)


def test_a_year_is_decided_at_every_act(tmp_path: Path) -> None:
    result = catch_up(Scene(PEOPLE, tmp_path))
    assert result.details["instants"] >= result.details["activities"] > 0
    assert result.details["cycles"] > 0
    assert Result.from_json(json.loads(json.dumps(result.as_json()))) == result


def test_at_midnight_some_are_due_and_after_nine_days_everybody_whose_points_age(tmp_path: Path) -> None:
    furnish(tmp_path)
    scene = Scene(PEOPLE, tmp_path)
    due = [result.steps[-1].rows or 0 for result in (found(scene), night(scene), everybody(scene))]
    assert due[0] == PEOPLE
    assert due[1] < PEOPLE
    assert due[2] > 0.9 * PEOPLE


def test_the_engine_and_two_bare_queries_give_everybody_the_same_score(tmp_path: Path) -> None:
    found_results = measured(tmp_path, "--only", "engine", "--engine", "3000", "--rounds", "1")
    files, *contenders = found_results["results"]
    assert files["details"]["activities"] > 50_000
    assert len(contenders) == 3
    assert all(result["details"]["differing"] == 0 for result in contenders)


def test_a_thousand_touched_people_are_found_loaded_and_scored(tmp_path: Path) -> None:
    scene = Scene(3_000, tmp_path)
    assert filled(scene).details["activities"] > 3_000
    assert {step.rows for step in touched(scene).steps} == {1_000}


def measured(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """What the command line wrote."""
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", *arguments, "--json", str(out)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_the_command_line_writes_its_results_as_json(tmp_path: Path) -> None:
    found_results = measured(tmp_path, "--people", "100", "--only", "year")
    (result,) = found_results["results"]
    assert result["people"] == 100
    assert result["peak_mb"] > 0
    assert found_results["machine"]["processors"] > 0


def test_learning_from_few_outcomes_is_judged_on_the_same_later_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company(900).write_csv(tmp_path / "leads.csv")
    few_outcomes.main(
        [
            "--csv",
            str(tmp_path / "leads.csv"),
            "--label",
            "won",
            "--time",
            "number",
            "--outcomes",
            "50",
            "9999",
        ]
    )
    first, few, whole = capsys.readouterr().out.splitlines()
    assert first == "3 columns left out by the guard; judged on 270 later rows"
    assert (json.loads(few)["outcomes"], json.loads(few)["stretches"]) == ("50", 6)
    assert json.loads(whole)["scorecard"] > 0.85
