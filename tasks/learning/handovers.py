"""Past handovers as a table to learn from: the person as known when each was opened, and what sales said.

One row per cycle with an outcome. Attributes and the points of every engagement signal are those of the instant
`opened_at`, from what the run that opened it had learned by then: a person is looked at as if each cycle were a
person of its own, so that nothing which came later is in sight. For a backfilled cycle that is all that is known now.
No key, name, address or id is a column.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from engine.data.assets import with_tags
from engine.data.attributes import attributes_at, states_of
from engine.data.intent import intent_acts
from engine.learning.outcomes import Outcome, accepted, known_past, won
from engine.scoring.basis import bases
from engine.scoring.engagement import contributions
from ledger import backfills, runs
from ledger.decisions import handed_over
from ledger.decisions import read as decisions
from ledger.facts import handed_in, read, read_accounts
from ledger.open import Ledger
from schemas.context import Window
from schemas.frames.base import UTC, empty
from schemas.frames.facts import Adjustments, OpportunityVersions
from schemas.playbook.load import Playbook
from schemas.playbook.scoring import Scoring
from schemas.vocabulary import Origin
from tasks.attributes import attribute_rules
from tasks.facts import described

TIME, PRESENT_SCORE, SIGNAL = "opened_at", "present score", "signal:"
NOT_LEARNED_FROM = frozenset(
    {
        # who somebody is, not what sort of person
        "created_at", "email_domain", "title", "company", "account_id", "account_name",
        # what sales says or does, or what a handover changes
        "status", "account_type", "account_owner_id", "is_customer", "open_opportunity", "opportunity_owner_id",
        "last_opportunity_closed_at", "is_spam",
        # never handed over
        "is_own_staff", "is_test_address",
    }
)  # fmt: skip
"""Attributes that no card reads: they tell a person apart, or they know the verdict."""

CHUNK = 5000


@dataclass(frozen=True)
class Handovers:
    """`frame`: `opened_at`, the outcome as yes or no, attributes, `signal:<id>` in points, `present score`.

    `aside`: how many cycles have no outcome, and why. `assumed`: rows of a backfilled past whose attributes rest on
    values that the ledger first saw after the handover began.
    """

    frame: pl.DataFrame
    outcome: Outcome
    aside: Counter[str]
    origins: Counter[str]
    assumed: int
    as_of: datetime | None

    def opened_after(self, moment: str) -> "Handovers":
        """Only what was opened later than `moment`, as `opened_at` writes it."""
        return replace(self, frame=self.frame.filter(pl.col(TIME) > moment))


def past_handovers(
    ledger: Ledger, playbook: Playbook, outcome: Outcome, since: datetime | None = None
) -> Handovers:
    """Every handover with an outcome, opened from `since` on, oldest first."""
    with ledger.read() as connection:
        as_of = runs.last_committed_as_of(connection)
        keys = handed_over.people_with_cycles(connection)
        moments = handed_over.deciding_moments(connection)
        told, aside = _told(connection, playbook, keys, outcome, since)
        told = told.sort(TIME).join_asof(
            pl.DataFrame({"known_by": moments}, schema={"known_by": UTC}), left_on=TIME, right_on="known_by",
            strategy="forward",
        )  # fmt: skip
        is_live = pl.col("origin") == Origin.LIVE
        told = told.with_columns(pl.when(is_live).then("known_by").fill_null(pl.lit(as_of, UTC)))
        parts = [_rows(connection, playbook, chunk, outcome) for chunk in _chunks(told) if as_of is not None]
    found = pl.concat(parts) if parts else _no_rows(playbook, outcome)
    ordered = found.sort(TIME, *[name for name in found.columns if name not in (TIME, "assumed")])
    return Handovers(
        frame=ordered.drop("assumed"),
        outcome=outcome,
        aside=aside,
        origins=Counter(told["origin"].to_list()),
        assumed=int(ordered["assumed"].sum()),
        as_of=as_of,
    )


def learned_columns(playbook: Playbook) -> list[str]:
    """The attributes and signals that a card of this playbook may read."""
    return [*_attributes(playbook), *_signals(playbook.scoring)]


def _attributes(playbook: Playbook) -> list[str]:
    return [name for name in attribute_rules(playbook).columns if name not in NOT_LEARNED_FROM]


def _signals(rules: Scoring) -> list[str]:
    return [f"{SIGNAL}{signal.id}" for signal in rules.engagement.signals]


def _told(
    connection: sa.Connection,
    playbook: Playbook,
    keys: Sequence[str],
    outcome: Outcome,
    since: datetime | None,
) -> tuple[pl.DataFrame, Counter[str]]:
    """Cycles with an outcome: cycle_key, person_key, opened_at, origin, score, is_yes; and why others have none."""
    cycles = decisions.read_cycles(connection, keys)
    if since is not None:
        cycles = cycles.filter(pl.col(TIME) >= pl.lit(since, UTC))
    decided = [stretch for stretch, is_done in backfills.begun(connection).items() if is_done]
    covered = pl.Series(
        [any(s.after < at <= s.through for s in decided) for at in cycles[TIME].to_list()], dtype=pl.Boolean
    )
    events = decisions.read_cycle_events(connection, keys)
    known = known_past(cycles, decisions.read_stages(connection, keys), covered, events)
    said = (
        accepted(known, playbook.lifecycle.reasons)
        if outcome == "accepted"
        else won(known, handed_over.deals(connection))
    )
    aside = Counter(said["aside"].drop_nulls().to_list())
    if unknown := len(cycles) - len(known):
        aside["from before the ledger, past not known"] = unknown
    rows = known.join(said.filter(pl.col("is_yes").is_not_null()), on="cycle_key")
    return rows.select("cycle_key", "person_key", TIME, "origin", "score", "is_yes"), aside


def _chunks(told: pl.DataFrame) -> Iterator[pl.DataFrame]:
    people = told["person_key"].unique().sort()
    for start in range(0, len(people), CHUNK):
        yield told.filter(pl.col("person_key").is_in(people[start : start + CHUNK].to_list()))


def _rows(
    connection: sa.Connection, playbook: Playbook, told: pl.DataFrame, outcome: Outcome
) -> pl.DataFrame:
    keys, known_by = told["person_key"].unique().to_list(), max(told["known_by"].to_list())
    # Verdicts have a `cycle_key` of their own: which cycle they are about, not which one is being looked at.
    seen = told.select("person_key", TIME, "known_by", handover="cycle_key")
    versions = _of_cycles(read.record_versions(connection, keys, known_by), seen, "valid_from")
    people = read.people(connection, keys).join(told.select("cycle_key", "person_key"), on="person_key")
    states = states_of(
        people.drop("person_key").rename({"cycle_key": "person_key"}),
        versions,
        read_accounts.account_versions(connection, keys, known_by),
        empty(OpportunityVersions),
        attribute_rules(playbook),
    )
    instants = told.select(person_key="cycle_key", at=TIME)
    names = _attributes(playbook)
    attributes = attributes_at(instants, states, attribute_rules(playbook), names).select(names)
    told_more = bool(playbook.platforms.answers)
    activities = read.activities(connection, keys, known_by, with_attributes=told_more)
    domains = states["email_domain"].drop_nulls().unique()
    intents = intent_acts(handed_in.read_intents(connection, domains, known_by), states)
    intents = with_tags(known_when_opened(intents, told), playbook.assets)
    verdicts = read.verdicts(connection, keys, known_by)
    signals = _signal_points(
        instants,
        pl.concat(
            [_of_cycles(described(activities, playbook), seen, "occurred_at"), intents],
            how="diagonal_relaxed",
        ),
        states,
        _of_cycles(verdicts, seen, "occurred_at"),
        playbook,
        known_by,
    )
    # A live run knew these values when it decided; about the past they are what was first seen later.
    late = pl.col("assumed") & (pl.col("learned_at") > pl.col(TIME))
    of_the_past = told.filter(pl.col("origin") != Origin.LIVE).select(TIME, person_key="cycle_key")
    assumed = versions.join(of_the_past, on="person_key").filter(late)["person_key"].unique()
    own = told.select(
        pl.col(TIME).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        pl.when("is_yes").then(pl.lit("yes")).otherwise(pl.lit("no")).alias(outcome),
        (pl.col("score").cast(pl.Float64) / 100).alias(PRESENT_SCORE),
        pl.col("cycle_key").is_in(assumed.to_list()).alias("assumed"),
    )
    return pl.concat([own, attributes, signals], how="horizontal")


def known_when_opened(intents: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Of intent acts under the keys of cycles those that the run which opened the cycle had learned of.

    A file may come months after what it tells of: that is no reason for a handover which was long over.
    """
    known = told.select("known_by", person_key="cycle_key")
    return (
        intents.join(known, on="person_key", maintain_order="left")
        .filter(pl.col("learned_at") <= pl.col("known_by"))
        .select(intents.columns)
    )


def _of_cycles(facts: pl.DataFrame, seen: pl.DataFrame, instant: str) -> pl.DataFrame:
    """The facts under the key of each cycle instead of the person's, as far as they were in sight when it opened."""
    joined = facts.join(seen, on="person_key").filter(
        (pl.col(instant) <= pl.col(TIME)) & (pl.col("learned_at") <= pl.col("known_by"))
    )
    return joined.with_columns(person_key="handover").select(facts.columns)


def _signal_points(
    instants: pl.DataFrame,
    activities: pl.DataFrame,
    states: pl.DataFrame,
    verdicts: pl.DataFrame,
    playbook: Playbook,
    known_by: datetime,
) -> pl.DataFrame:
    """A column `signal:<id>` per signal, in the order of the instants: points after decay and cap, 0 without."""
    organisation, rules = playbook.organisation, playbook.scoring
    window = Window(known_by, known_by, None, None, organisation.zone, organisation.late_limit)
    [basis] = bases(activities, states, verdicts, empty(Adjustments), playbook.models[:1], organisation.zone)
    found = contributions(instants, basis, window)
    names = _signals(rules)
    wide = instants
    for number, name in enumerate(names):
        one = found.filter(pl.col("signal") == number)
        points = one.select("person_key", (pl.col("points").cast(pl.Float64) / 100).alias(name))
        wide = wide.join(points, on="person_key", how="left", maintain_order="left")
    return wide.select(pl.col(name).fill_null(0.0) for name in names)


def _no_rows(playbook: Playbook, outcome: Outcome) -> pl.DataFrame:
    texts = dict.fromkeys((TIME, outcome), pl.String)
    types = {name: attribute_rules(playbook).columns[name] for name in _attributes(playbook)}
    signals = dict.fromkeys(_signals(playbook.scoring), pl.Float64)
    return pl.DataFrame(
        schema={**texts, PRESENT_SCORE: pl.Float64, "assumed": pl.Boolean, **types, **signals}
    )
