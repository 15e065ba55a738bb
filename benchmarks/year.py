"""A year in event time: everybody is decided at the instant of each act, change and verdict of theirs.

The pure stages alone, on frames, in chunks as the chain makes them: what it costs the engine to catch up with a year,
without the ledger's reading and writing.
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.as_facts import base
from benchmarks.company import Scene
from benchmarks.history import generate
from benchmarks.measure import Result, Took
from flows.chain import CHUNK
from schemas.context import Versions, Window
from schemas.playbook.load import load_playbook
from tasks.lifecycle import move
from tasks.scoring import score

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
ACTS_EACH = 48


def catch_up(scene: Scene) -> Result:
    people, playbook = scene.people, load_playbook(Path("playbook"))
    organisation = playbook.organisation
    window = Window(END, END, START, START, organisation.zone, organisation.late_limit)
    versions = Versions(playbook.versions, {})
    everybody = base(generate(people, ACTS_EACH, START, END))
    plan, scoring, moving = Took(), Took(), Took()
    seen: Counter[str] = Counter()
    for start in range(0, people, CHUNK):
        with plan.more():
            facts = everybody.chunk(start, start + CHUNK, playbook, window)
        with scoring.more():
            scored = score(facts, playbook, window)
        with moving.more():
            moved = move(facts, scored, playbook, window, versions)
        seen.update(
            instants=len(facts.instants),
            acts=len(facts.acts),
            transitions=len(moved.decisions.transitions),
            cycles=len(moved.decisions.cycles),
            blocks=len(moved.decisions.blocks),
        )
    result = Result("a year in event time", people, details={"activities": len(everybody.activities), **seen})
    steps = {"tag acts, plan instants": plan, "attributes and scores": scoring, "lifecycle": moving}
    for name, took in steps.items():
        result.add(name, took.seconds, seen["instants"], unit="instants", cpu=took.cpu)
    note = (
        f"{seen['acts']:,} acts, {seen['cycles']:,} cycles, {seen['transitions']:,} transitions, "
        f"{seen['blocks']:,} blocks"
    )
    seconds, cpu = sum(took.seconds for took in steps.values()), sum(took.cpu for took in steps.values())
    result.add("in all", seconds, seen["instants"], unit="instants", cpu=cpu, note=note)
    return result
