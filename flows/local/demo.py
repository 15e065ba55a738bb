"""`make demo`: a generated company is adopted, goes live, and lives through three days, before your eyes.

Everything is real: two servers over HTTP, a ledger in a file, the same chain as in production. What is left behind in
`.mqlflow/demo` is a ledger on which the commands that are printed at the end work.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from pydantic import SecretStr
from rich.console import Console
from rich.rule import Rule

from flows import chain
from flows.local.simulated import Simulated, simulator
from flows.presentation import screens, words
from flows.presentation.terminal import counted, paper, progress_bars, table
from flows.settings import PREFIX, Settings
from flows.wiring import wired
from ledger.decisions import read as decisions
from ledger.facts import read
from ledger.tables.decisions import cycles as cycles_table
from schemas.vocabulary import Origin
from tasks import doctor, why
from tasks.progress import Silent
from tasks.summary import Summary, added_up

HOME = Path(".mqlflow/demo")
SHOWN = 12
"""Owners by name."""

HOURS_BETWEEN = 6
"""Between two syncs of the demo. In production it is five minutes; decisions do not depend on it."""

AN_MQL = """
    SELECT person_key FROM cycles WHERE origin = 'live' AND kind = 'mql' AND owner_id IS NOT NULL
    ORDER BY accepted_at IS NULL, trigger_rule <> 'score', opened_at LIMIT 1"""
HELD_BACK = "SELECT person_key FROM blocks ORDER BY kind <> 'with_sales', at DESC LIMIT 1"
CREATED = """
    SELECT object, count(DISTINCT target) FROM outbox
    WHERE state = 'applied' AND object IN ('mql_record', 'task') GROUP BY object
    UNION ALL
    SELECT 'lead', count(DISTINCT o.person_key) FROM outbox o JOIN records r ON r.person_key = o.person_key
    WHERE o.is_creation AND r.platform = 'salesforce' HAVING count(*) > 0"""
NEAR_MISS = """
    SELECT s.person_key FROM scores s WHERE s.score < 6500 AND s.fit >= 4000
    AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.person_key = s.person_key) ORDER BY s.score DESC LIMIT 1"""

MADE = {
    "lead": ("lead, of somebody who was only in Marketo", "leads, of people who were only in Marketo"),
    "mql_record": ("MQL__c record", "MQL__c records"),
    "task": ("task", "tasks"),
}
"""What a creation in the outbox has made."""

# The simulated subscription has no other integration, so the demo takes nearly all of its 100 calls per 20 s.
HASTE = {"calls_per_20_seconds: 50": "calls_per_20_seconds: 90"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; 0 when all of it worked."""
    options = _parser().parse_args(arguments)
    console = paper()
    began = time.monotonic()
    _prepare()
    _chapter(
        console,
        "a company to try it on",
        "Two servers on this machine that speak as Salesforce and Marketo do.",
    )
    people = ["--people", str(options.people), "--seed", str(options.seed)]
    with ExitStack() as house:
        with console.status(f"generating {options.people:,} people and their last 90 days …"):
            company = house.enter_context(simulator(*people))
        console.print(
            f"Salesforce at {company.salesforce}, Marketo at {company.marketo}, both simulated, both over HTTP"
        )
        _story(company, options.days, console)
    console.print(f"\nThat took {time.monotonic() - began:.0f} s.", highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=3, help="days that pass after going live")
    return parser


def _prepare() -> None:
    """A fresh folder with the default playbook, in haste."""
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.copytree("playbook", HOME / "playbook")
    path = HOME / "playbook" / "platforms.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in HASTE.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _story(company: Simulated, days: int, console: Console) -> None:
    adopting, live = _settings(company, live=False), _settings(company, live=True)

    _chapter(
        console,
        "1  examined: what `mqlflow doctor` says before anything runs",
        "It reads only. What is missing gets a line that says how to make it.",
    )
    with wired(adopting) as wiring:
        findings = doctor.examine(wiring.ledger, wiring.playbook, wiring.sources, wiring.live_since)
        screens.show_findings(findings, console)

    _chapter(
        console,
        "2  adopted: a silent run, nothing is written",
        "Everybody is read, scored and put where the platforms show them. Whom sales has open stays as they are.",
    )
    screens.show_summary(_sync(adopting, console), console)
    _show_baseline(adopting, console)

    _chapter(
        console,
        f"3  live: {days} days pass, a sync every {HOURS_BETWEEN} hours",
        "From now on acts open handovers, which get an owner and go to the CRM. The company's reps answer them.",
    )
    total = _days(company, live, days, console)
    for part in screens.summary_parts(total):
        console.print(part)
    _show_sales(live, console)

    _chapter(
        console,
        "4  explained: one MQL, one who was held back, one near miss",
        "Score lines add up to the score; a condition shows what it reads; every step names its rule.",
    )
    for title, key in _three(live):
        console.print(f"\n{title}: mqlflow why {key}", style="bold")
        with wired(live, needs_platforms=False) as wiring:
            screens.show_explanation(why.explain(wiring.ledger, wiring.playbook, key), console)

    _chapter(
        console,
        "5  once more: a sync without anything new changes nothing",
        "Running it twice is safe: what is known is not stored, decided or written again.",
    )
    _sync(live, console)  # takes in what the last one wrote
    company.clear_calls()
    last = _sync(live, console)
    calls = {name: company.get("calls")[name]["total"] for name in ("salesforce", "marketo")}
    console.print(f"{last.decisions} decisions, {last.writes} writes; requests: {calls}", highlight=False)
    if last.decisions or last.writes:
        raise SystemExit("the last sync was to change nothing")
    _show_next(console, _three(live)[0][1])


def _chapter(console: Console, title: str, sentence: str) -> None:
    console.print()
    console.print(Rule(title, align="left"))
    console.print(f"{sentence}\n", style="dim", markup=False, highlight=False)


def _settings(company: Simulated, *, live: bool) -> Settings:
    values = {name.removeprefix(PREFIX).lower(): value for name, value in company.env.items()}
    since = datetime.fromisoformat(values.pop("live_since"))
    fixed: dict[str, Any] = {
        "database_url": SecretStr(f"sqlite:///{HOME / 'mqlflow.db'}"),
        "playbook": HOME / "playbook",
        "live_since": since if live else None,
    }
    return Settings.model_validate(values | fixed)


def _sync(settings: Settings, console: Console) -> Summary:
    with wired(settings) as wiring, progress_bars(console) as bars:
        return chain.sync(wiring, bars)


def _days(company: Simulated, settings: Settings, days: int, console: Console) -> Summary:
    """The days, sync by sync; everything that happened, added up."""
    parts = [_sync(settings, console)]
    steps = days * 24 // HOURS_BETWEEN
    with progress_bars(console) as bars:
        for _ in range(steps):
            company.advance(HOURS_BETWEEN * 3600)
            with wired(settings) as wiring:
                parts.append(chain.sync(wiring, Silent()))
            bars.advance(f"{days} days, a sync every {HOURS_BETWEEN} hours", 1, steps)
    return added_up(parts)


def _show_baseline(settings: Settings, console: Console) -> None:
    with wired(settings, needs_platforms=False) as wiring, wiring.ledger.read() as connection:
        would = decisions.read_would_qualify(connection)
    reasons = Counter(why.replace("_", " ") for why in would["why"].to_list())
    console.print(f"would qualify, but: {counted(dict(reasons.most_common()))}", highlight=False)


def _show_sales(settings: Settings, console: Console) -> None:
    """What was created for the reps, and what they did with it."""
    with wired(settings, needs_platforms=False) as wiring, wiring.ledger.read() as connection:
        cycles = _all_cycles(connection)
        names = dict(read.owners(connection).select("owner_id", "name").iter_rows())
        created = connection.execute(sa.text(CREATED)).all()
    told = ", ".join(words.counted(n, *MADE[object]) for object, n in created)
    console.print(f"created in the CRM: {told or 'nothing'}", highlight=False)
    ours = cycles.filter((pl.col("origin") == Origin.LIVE) & ~pl.col("is_trial"))
    states = ours.group_by("kind", "state", "close_reason").len().sort("len", descending=True)
    rows = [(kind, state, reason or "", n) for kind, state, reason, n in states.iter_rows()]
    console.print(table("what sales did with it", ["kind", "state", "reason", "cycles"], rows))
    owners = Counter(names.get(owner, "nobody yet") for owner in ours["owner_id"].to_list())
    first, rest = owners.most_common(SHOWN), owners.most_common()[SHOWN:]
    others = f", {sum(n for _, n in rest)} to {len(rest)} others" if rest else ""
    console.print(f"handed to: {counted(dict(first))}{others}", highlight=False)


def _all_cycles(connection: sa.Connection) -> pl.DataFrame:
    keys = list(connection.scalars(sa.select(sa.distinct(cycles_table.c.person_key))))
    return decisions.read_cycles(connection, keys)


def _three(settings: Settings) -> list[tuple[str, str]]:
    """An MQL of ours, somebody whose trigger was held back, and who came nearest to the threshold from below."""
    with wired(settings, needs_platforms=False) as wiring, wiring.ledger.read() as connection:
        mql, blocked, near = (connection.scalar(sa.text(chosen)) for chosen in (AN_MQL, HELD_BACK, NEAR_MISS))
    found = [("an MQL", mql), ("held back", blocked), ("a near miss", near)]
    return [(title, key) for title, key in found if key]


def _show_next(console: Console, key: str) -> None:
    env = f"MQLFLOW_DATABASE_URL=sqlite:///{HOME}/mqlflow.db MQLFLOW_PLAYBOOK={HOME}/playbook"
    _chapter(
        console,
        "what to try next, on the ledger that stays",
        "The company is gone; what was decided about it is not.",
    )
    console.print(f"export {env}", soft_wrap=True, highlight=False)
    console.print(f".venv/bin/mqlflow why {key}", highlight=False)
    console.print(f".venv/bin/mqlflow why {key} --json", highlight=False)
    console.print(f".venv/bin/mqlflow forget {key}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
