"""`mqlflow learn` and `mqlflow score` as a person types them."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.command_line.app import app
from tasks.learning.tables import load_scorecard
from tests.engine.learning_world import LEAKS, company

COLUMNS = ["--label", "won", "--time", "number"]
runner = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of past leads and the card that was learned from it."""
    folder = tmp_path_factory.mktemp("learning")
    company().write_csv(folder / "leads.csv")
    learned = _learn(folder, "leads.csv", *COLUMNS, "--out", str(folder / "card.yaml"), "--json")
    (folder / "learned.json").write_text(learned.stdout)
    return folder


def _learn(folder: Path, csv: str, *options: str):  # type: ignore[no-untyped-def]
    return runner.invoke(app, ["learn", "--csv", str(folder / csv), *options])


def test_learning_tells_measures_and_leaks_to_machines(folder: Path) -> None:
    told = json.loads((folder / "learned.json").read_text())
    assert {leak["column"] for leak in told["leaks"]} == LEAKS
    assert told["measures"]["scorecard"].keys() >= {"auc", "pr_auc", "brier", "calibration_error", "lift"}


def test_each_measure_stands_under_its_name_on_a_narrow_screen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "COLUMNS": "80",
        "FORCE_COLOR": "1",
        "TERM": "dumb",
    }.items():  # a terminal of 80 columns
        monkeypatch.setenv(name, value)
    told = _learn(folder, "leads.csv", *COLUMNS, "--out", str(folder / "again.yaml")).stdout
    assert max(len(line) for line in told.splitlines()) <= 80
    head = next(line for line in told.splitlines() if "Brier" in line)
    card = next(line for line in told.splitlines() if "scorecard" in line)
    names, cells = (line.replace("┃", "│").split("│") for line in (head, card))
    measures = json.loads((folder / "learned.json").read_text())["measures"]["scorecard"]
    place = next(number for number, name in enumerate(names) if "Brier" in name)
    assert float(cells[place]) == pytest.approx(measures["brier"], abs=1e-4)
    assert len(names) == len(cells)


def test_learning_twice_writes_the_same_bytes(folder: Path) -> None:
    _learn(folder, "leads.csv", *COLUMNS, "--out", str(folder / "again.yaml"))
    assert (folder / "again.yaml").read_bytes() == (folder / "card.yaml").read_bytes()


def test_scoring_adds_three_columns_and_keeps_the_rest(folder: Path) -> None:
    out = folder / "scored.csv"
    done = runner.invoke(
        app,
        [
            "score",
            "--csv",
            str(folder / "leads.csv"),
            "--scorecard",
            str(folder / "card.yaml"),
            "--out",
            str(out),
        ],
    )
    assert done.exit_code == 0, done.output
    before, after = pl.read_csv(folder / "leads.csv"), pl.read_csv(out)
    assert after.columns == [*before.columns, "score", "probability", "reasons"]
    assert after.select(before.columns).equals(before)
    assert "time on site = " in after["reasons"][0]


def test_a_table_that_has_a_score_already_needs_a_prefix(folder: Path) -> None:
    company(50).with_columns(pl.lit(1).alias("score")).write_csv(folder / "has_score.csv")
    options = ["score", "--csv", str(folder / "has_score.csv"), "--scorecard", str(folder / "card.yaml")]
    assert runner.invoke(app, options).exit_code == 2
    named = runner.invoke(app, [*options, "--prefix", "learned_"])
    assert named.exit_code == 0
    assert "learned_score" in named.stdout.splitlines()[0]


def test_a_hand_edited_point_counts(folder: Path) -> None:
    card = load_scorecard(folder / "card.yaml")
    text = (folder / "card.yaml").read_text().replace(f"base: {card.base}", f"base: {card.base + 7}")
    (folder / "edited.yaml").write_text(text)
    assert load_scorecard(folder / "edited.yaml").base == card.base + 7


def test_a_card_with_a_fraction_of_a_point_names_file_and_line(folder: Path) -> None:
    (folder / "broken.yaml").write_text((folder / "card.yaml").read_text().replace("base: 50", "base: 50.5"))
    done = runner.invoke(
        app, ["score", "--csv", str(folder / "leads.csv"), "--scorecard", str(folder / "broken.yaml")]
    )
    assert done.exit_code == 2
    assert "broken.yaml:" in done.output
    assert "base" in done.output


def test_a_check_on_a_changed_world_alarms_and_recalibration_rewrites_only_the_calibration(
    folder: Path,
) -> None:
    company(seed=3, level=-1.5).write_csv(folder / "newer.csv")
    copy = folder / "in_force.yaml"
    copy.write_text(
        (folder / "card.yaml").read_text().replace("attributes:", "attributes:  # agreed with sales")
    )
    before = copy.read_text().splitlines()
    alarm = _learn(folder, "newer.csv", "--check", str(copy))
    assert alarm.exit_code == 1
    assert "ALARM" in alarm.stdout
    assert f"{load_scorecard(copy).judged.auc:.3f} when it was learned" in " ".join(alarm.stdout.split())
    assert _learn(folder, "newer.csv", "--recalibrate", str(copy)).exit_code == 0
    after = copy.read_text().splitlines()
    changed = [line for line, other in zip(before, after, strict=True) if line != other]
    start = before.index("calibration:")
    assert changed
    assert set(changed) <= set(before[start : start + 7])
    assert _learn(folder, "newer.csv", "--check", str(copy)).exit_code == 0


def test_rows_from_before_the_last_calibration_are_told(folder: Path) -> None:
    card = str(folder / "card.yaml")
    newer = pl.read_csv(folder / "leads.csv").with_columns(pl.col("number") + 10_000)
    newer.write_csv(folder / "later.csv")
    assert "not newer" in _learn(folder, "leads.csv", "--check", card).stdout
    assert json.loads(_learn(folder, "leads.csv", "--check", card, "--json").stdout)["not_newer"] is True
    assert "not newer" not in _learn(folder, "later.csv", "--check", card).stdout
    copy = folder / "renewed.yaml"
    copy.write_bytes((folder / "card.yaml").read_bytes())
    assert "not newer" not in _learn(folder, "later.csv", "--recalibrate", str(copy)).stdout
    assert "not newer" in _learn(folder, "leads.csv", "--recalibrate", str(copy)).stdout


def test_too_few_outcomes_end_with_1_and_write_no_card(folder: Path) -> None:
    company(40).write_csv(folder / "few.csv")
    done = _learn(folder, "few.csv", *COLUMNS, "--out", str(folder / "none.yaml"))
    assert done.exit_code == 1
    assert "present rules stay" in done.output
    assert not (folder / "none.yaml").exists()


@pytest.mark.parametrize(
    "options",
    [["--label", "wonn", "--time", "number"], ["--label", "won"], ["--label", "won", "--time", "source"]],
)
def test_a_mistaken_column_is_wrong_usage_in_one_clear_line(folder: Path, options: list[str]) -> None:
    done = _learn(folder, "leads.csv", *options, "--out", str(folder / "none.yaml"))
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"won;number;source\n1;2;Google\n", "';'"),
        (b"won\tnumber\n1\t2\n", "'\\t'"),
        ("won,number\n1,2\n".encode("utf-16"), "UTF-8"),
        ("won,number,source\n1,2,café\n".encode("latin-1"), "UTF-8"),
        (b"won,number\n1,2\n1,2,3\n", "more cells than the header"),
    ],
)
def test_a_table_that_is_written_otherwise_is_refused_with_what_is_wrong(
    folder: Path, content: bytes, told: str
) -> None:
    (folder / "otherwise.csv").write_bytes(content)
    done = _learn(folder, "otherwise.csv", *COLUMNS, "--out", str(folder / "none.yaml"))
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_the_command_line_starts_without_the_learning_library() -> None:
    code = "import sys, flows.command_line.app; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
