"""`make demo`, small: what a newcomer sees, from first to last."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.operator import ADDRESS, REPOSITORY

PARTS = [
    "Two servers on this machine",
    "all well",
    "2  adopted",
    "quarantined because",
    "with sales before us",
    "would be written",
    "silent: nothing is written until live_since is set",
    "3  live: 1 days pass",
    "owner found",
    "written",
    "created in the CRM: ",
    "what sales did with it",
    "handed to: ",
    "4  explained",
    "an MQL: mqlflow why ",
    "held back: mqlflow why ",
    "a near miss: mqlflow why ",
    "5  once more",
    "0 decisions, 0 writes; requests: ",
    "export MQLFLOW_DATABASE_URL=",
]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_shows_every_part_and_leaves_a_ledger_that_the_next_commands_work_on(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "playbook", tmp_path / "playbook")
    arguments = ["--people", "600", "--days", "1", "--seed", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "flows.local.demo", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "COLUMNS": "120", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    place = 0
    for part in PARTS:
        place = done.stdout.find(part, place)
        assert place >= 0, f"{part!r} is not where it should be in:\n{done.stdout}"
    assert not ADDRESS.search(done.stdout)
    key = done.stdout.split("an MQL: mqlflow why ")[1].split()[0]
    shown = subprocess.run(
        [sys.executable, "-m", "flows.command_line", "why", key],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(REPOSITORY),
            "PATH": "/usr/bin:/bin",
            "MQLFLOW_DATABASE_URL": "sqlite:///.mqlflow/demo/mqlflow.db",
            "MQLFLOW_PLAYBOOK": ".mqlflow/demo/playbook",
        },
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    assert key in shown.stdout
