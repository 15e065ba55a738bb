"""From decisions to outbox entries: loads what is shown and what was asked, and derives what is left to write."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from engine import changes as engine_changes
from engine.changes import ChangeDecisions, Decided
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.facts import read, read_sales
from ledger.open import Ledger
from schemas.conditions import expression
from schemas.context import Window
from schemas.playbook.load import Playbook
from tasks.assignment import Assigned
from tasks.facts import Facts
from tasks.lifecycle import Moved
from tasks.push.found import with_found_records
from tasks.scoring import Scored

SEEN = ["form_fill", "trial_signup", "survey_response", "webinar_attended", "webinar_on_demand", "event_attended",
        "content_download", "page_visit", "chat"]  # fmt: skip
TOLD_ACTS = 8


def derive(
    ledger: Ledger, facts: Facts, scored: Scored, moved: Moved, playbook: Playbook, window: Window
) -> ChangeDecisions:
    """Changes that follow from the lifecycle's decisions about these people."""
    decided = moved.decisions
    cycles = _over(facts.cycles, decided.cycles, ["cycle_key"])
    stages = _over(facts.stages, decided.stages, ["person_key", "line"])
    return _derive(ledger, facts, scored, cycles, stages, [], playbook, window)


def derive_assigned(
    ledger: Ledger, assigned: Assigned, playbook: Playbook, window: Window
) -> ChangeDecisions:
    """Changes that follow from who got the cycles."""
    facts = assigned.facts
    cycles = _over(facts.cycles, assigned.cycles, ["cycle_key"])
    return _derive(
        ledger,
        facts,
        assigned.scored,
        cycles,
        facts.stages,
        [assigned.decisions.assignments],
        playbook,
        window,
    )


def _derive(
    ledger: Ledger,
    facts: Facts,
    scored: Scored,
    cycles: pl.DataFrame,
    stages: pl.DataFrame,
    new_assignments: Sequence[pl.DataFrame],
    playbook: Playbook,
    window: Window,
) -> ChangeDecisions:
    keys = facts.people["person_key"].to_list()
    with ledger.read() as connection:
        known = Decided(
            people=facts.people,
            records=with_found_records(connection, facts.records, keys),
            verdicts=facts.verdicts,
            mql_records=read_sales.mql_records(connection, cycles["cycle_key"]),
            owners=read.owners(connection),
            cycles=cycles,
            stages=stages,
            scores=scored.shown,
            assignments=pl.concat([decisions.read_assignments(connection, keys), *new_assignments]),
            last_writes=outbox.last_writes(connection, keys),
            told=_told(cycles, facts.activities, scored),
            in_scope=_in_scope(scored, playbook),
        )
    return engine_changes.derive(
        known, playbook.platforms, playbook.lifecycle, playbook.assignment, _as_if_live(window)
    )


def _as_if_live(window: Window) -> Window:
    """While nothing may be written, writing is taken to begin with this run: this is what would be written."""
    is_live = window.live_since is not None and window.live_since <= window.as_of
    return window if is_live else replace(window, live_since=window.last_as_of or window.as_of)


def _over(before: pl.DataFrame, after: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows as they stand after the decisions."""
    return pl.concat([before.join(after, on=key, how="anti"), after.select(before.columns)])


def _in_scope(scored: Scored, playbook: Playbook) -> pl.DataFrame:
    last = scored.moments.sort("at").unique("person_key", keep="last")
    scope = playbook.organisation.write_scope
    return (last.filter(expression(scope)) if scope else last).select("person_key")


def _told(cycles: pl.DataFrame, activities: pl.DataFrame, scored: Scored) -> pl.DataFrame:
    """cycle_key, summary, lead_source: what the person asked for and looked at up to the handover, or until they raised
    a hand in it; and where they came from."""
    sources = (
        scored.attributes.sort("at").unique("person_key", keep="last").select("person_key", "lead_source")
    )
    seen = activities.filter(pl.col("kind").is_in(SEEN)).with_columns(
        pl.coalesce("asset_name", "url", "native_kind").alias("what")
    )
    lines = (
        cycles.select("cycle_key", "person_key", until=pl.max_horizontal("opened_at", "hand_raised_at"))
        .join(seen, on="person_key")
        .filter(pl.col("occurred_at") <= pl.col("until"))
        .sort("occurred_at", "activity_key", descending=True)
        .group_by("cycle_key", maintain_order=True)
        .agg(
            pl.format("{} {}: {}", pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M"), "kind", "what")
            .head(TOLD_ACTS)
            .str.join("\n")
            .alias("summary")
        )
    )
    return (
        cycles.select("cycle_key", "person_key")
        .join(lines, on="cycle_key", how="left")
        .join(sources, on="person_key", how="left")
        .drop("person_key")
    )
