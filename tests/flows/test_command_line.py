"""How a command ends that can't do what it was asked: one line for people, one object for programs, no traceback."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from flows.command_line.app import app
from tests.flows.operator import REPOSITORY, Ran

WRONG = {
    "sync": ["--nonsense"],
    "backfill": ["--since", "2026-02-02"],
    "why": [],
    "adjust": ["1", "--points", "many", "--reason", "because", "--author", "them"],
    "import-intent": [],
    "forget": [],
    "doctor": ["surplus"],
    "upgrade": ["surplus"],
    "plan": [],
    "learn": ["--ledger", "--window", "3"],
    "profile": ["surplus"],
}
"""A wrong use of every command that knows `--json`."""

REFUSED = {
    "sync": [],
    "backfill": ["--since", "2026-02-01", "--until", "2026-02-02"],
    "why": ["nobody"],
    "adjust": ["nobody", "--points", "1", "--reason", "because", "--author", "them"],
    "import-intent": ["nowhere.csv"],
    "forget": ["nobody", "--yes"],
    "doctor": [],
    "plan": ["nowhere"],
    "learn": ["--ledger"],
    "profile": [],
}
"""A right use that can't be served: nothing is connected, and the ledger is empty."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a playbook and nothing else."""
    shutil.copytree(REPOSITORY / "playbook", tmp_path / "playbook")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, said: str = "", **env: str) -> Ran:
    done = CliRunner().invoke(app, list(arguments), input=said, env=env, catch_exceptions=False)
    return Ran(done.exit_code, done.stdout, done.stderr)


def one_line(ran: Ran) -> str:
    lines = ran.errors.splitlines()
    assert len(lines) == 1, ran.errors
    assert ran.status in (1, 2)
    return lines[0]


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def test_every_command_but_those_that_print_something_else_knows_json() -> None:
    known = {name for name, each in commands().items() if any("--json" in p.opts for p in each.params)}
    assert known == set(WRONG) == set(commands()) - {"simulator", "score"}
    assert set(REFUSED) == known - {"upgrade"}


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_use_is_one_line_that_names_the_help(command: str) -> None:
    ran = run(command, *WRONG[command])
    assert ran.status == 2
    assert ran.out == ""
    line = one_line(ran)
    assert line.startswith(f"{command}: ")
    assert line.endswith(f"(mqlflow {command} --help)")
    assert "Value error" not in line


def test_an_unknown_command_is_one_line_and_none_at_all_is_the_help() -> None:
    assert one_line(run("synk")).startswith("No such command 'synk'")
    assert "import-intent" in run().out
    assert run().status == 2


@pytest.mark.parametrize("wrong", [WRONG, REFUSED], ids=["wrong", "refused"])
@pytest.mark.parametrize("command", WRONG)
def test_with_json_a_failure_is_one_object_on_standard_output(
    command: str, wrong: dict[str, list[str]]
) -> None:
    if command not in wrong:
        pytest.skip(f"nothing refuses {command}")
    ran = run(command, *wrong[command], "--json")
    assert json.loads(ran.out) == {"error": ran.errors.strip(), "exit": ran.status}
    assert ran.status in (1, 2)


def test_an_upgrade_says_from_where_to_where() -> None:
    first, second = (json.loads(run("upgrade", "--json").out) for _ in range(2))
    assert first["before"] == second["before"] == first["after"] == second["after"]


@pytest.mark.parametrize("said", ["n\n", ""])
def test_nobody_is_forgotten_without_a_yes(said: str) -> None:
    ran = run("forget", "nobody", said=said)
    assert ran.status == 2
    assert "--yes" in ran.errors
    assert "nobody is known" not in ran.errors


def test_a_file_that_can_not_be_written_is_one_line(folder: Path) -> None:
    (folder / "card.yaml").mkdir()
    rows = "\n".join(f"{n},{n % 2},{'ab'[n % 2]}" for n in range(400))
    (folder / "leads.csv").write_text(f"number,won,letter\n{rows}\n")
    ran = run("learn", "--csv", "leads.csv", "--label", "won", "--time", "number", "--keep", "letter",
              "--out", "card.yaml")  # fmt: skip
    assert ran.status == 2
    assert one_line(ran) == "card.yaml: Is a directory"


def test_a_settings_file_that_is_no_text_is_one_line(folder: Path) -> None:
    (folder / ".env").write_bytes(b"MQLFLOW_PATIENCE=\xff\xfe")
    assert one_line(run("doctor")) == ".env in the working directory can't be read: it is not UTF-8"
