"""`make up` starts, refuses, and leaves nothing behind however it ends."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from flows.local.process_tree import Family
from flows.local.processes import child
from tests.flows.prefect_up import Up, free_port, prepare, refused, up

alone = pytest.mark.xdist_group("prefect")
patient = pytest.mark.timeout(600)


@alone
@patient
@pytest.mark.prefect
@pytest.mark.slow
def test_interrupted_in_the_middle_of_a_run_it_leaves_no_process(tmp_path: Path) -> None:
    with up(prepare(tmp_path), free_port(), "--people", "200") as running:
        running.wait_until_ready()
        # The worker's own child, in a session of its own, is the one that is easily forgotten.
        running.wait_for(lambda: any("prefect.engine" in command for command in running.commands().values()))
        assert running.interrupt() == 0
        assert running.commands() == {}
        assert running.said.rstrip().endswith("nothing is left running")


@alone
@patient
@pytest.mark.prefect
@pytest.mark.slow
def test_a_killed_one_is_cleared_away_by_the_next_which_can_be_stopped_while_it_starts(
    tmp_path: Path,
) -> None:
    folder, port = prepare(tmp_path), free_port()
    with up(folder, port, "--people", "50") as killed:
        killed.wait_for(lambda: servers(killed) and (folder / ".mqlflow/up/started.json").exists())
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait()
        assert servers(killed)
        with up(folder, port, "--people", "50") as following:
            following.wait_for(lambda: servers(following))
            assert servers(killed) == []
            assert following.interrupt(signal.SIGTERM) == 0
            assert following.commands() == {}


def servers(running: Up) -> list[str]:
    return [command for command in running.commands().values() if "server start" in command]


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        ended = refused(prepare(tmp_path), port)
    assert ended.returncode == 2
    (line,) = ended.stdout.splitlines()
    assert f"Port {port} is taken" in line
    assert "--prefect-port" in line


def test_outside_a_checkout_it_says_where_to_start_it(tmp_path: Path) -> None:
    ended = refused(tmp_path, free_port())
    assert ended.returncode == 2
    assert ended.stdout.splitlines() == [
        "There is no prefect.yaml here; start it in the repository's folder."
    ]


def test_a_child_that_ignores_ctrl_c_is_ended_with_the_grandchild_it_hides_in_another_session() -> None:
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "for sign in (signal.SIGINT, signal.SIGTERM): signal.signal(sign, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with child([sys.executable, "-c", stubborn], env=os.environ, grace=0.5) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        family = Family(process.pid)
        family.look()
        assert len(family.alive()) == 2
    assert family.alive() == []
