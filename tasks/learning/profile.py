"""Won customers and everybody else as the ledger knows them, for the ideal client profile.

A customer is whoever a counted opportunity was won with; its people are those with a role in the first one that was
won, or who were converted into it, else those of its account. They are looked at as they were when that opportunity
began (or when they were first known, if that was later and it was still open): before the win, so that nothing the
win changed is taken for a reason of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from engine.data.attributes import attributes_at, states_of
from engine.learning.profile import Profile, profile
from ledger import runs
from ledger.decisions import handed_over
from ledger.facts import read, read_accounts
from ledger.open import Ledger
from schemas.conditions import expression
from schemas.frames.base import UTC, empty
from schemas.frames.facts import OpportunityVersions
from schemas.playbook.load import Playbook
from tasks.attributes import attribute_rules

ATTRIBUTES = (
    "seniority", "department", "industry", "employees", "country", "region", "is_target_account", "is_personal_email",
)  # fmt: skip
"""Who a client is, beside the organisation's own fields. Neither what a win changes (customer, account type, status,
owners, opportunities) nor what is filled in on the way to it (phone, names) is among them."""

LEAST, MOST = 0.25, 4.0
"""Bounds of a customer's weight, in won amounts of the median one: nobody's taste may drown all others'."""
CHUNK = 20_000
NAMED = ("role", "conversion")
BUYERS: dict[str, Any] = {
    "person_key": pl.String,
    "company": pl.String,
    "weight": pl.Float64,
    "created_at": UTC,
    "closed_at": UTC,
}


@dataclass(frozen=True)
class ClientProfile:
    """`assumed`: people of customers whose attributes before the win rest on values first seen after it began."""

    profile: Profile
    people: int
    assumed: int


def client_profile(ledger: Ledger, playbook: Playbook) -> ClientProfile:
    """The profile of all won customers against everybody known; raises `TooFewWon`."""
    names = [*ATTRIBUTES, *playbook.platforms.extra]
    with ledger.read() as connection:
        as_of = runs.last_committed_as_of(connection)
        chunks = list(_chunks(handed_over.everybody(connection))) if as_of else []
        wins = _wins(handed_over.deals(connection), playbook.lifecycle.counted_opportunities)
        links = [_links(connection, chunk, wins, as_of) for chunk in chunks if as_of]
        buyers = _buyers(pl.concat(links), wins) if links else pl.DataFrame(schema=BUYERS)
        parts = [_people(connection, playbook, chunk, buyers, as_of, names) for chunk in chunks if as_of]
    found = pl.concat(parts) if parts else _nobody(playbook, names)
    won, base = found.filter("is_won"), found.filter(~pl.col("is_won"))
    return ClientProfile(profile(won, base, names), len(won), int(won["assumed"].sum()))


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _wins(deals: pl.DataFrame, counted: str) -> pl.DataFrame:
    """One row per company: weight, and opportunity_id, created_at and closed_at of the first one won with it."""
    won = deals.filter(pl.col("is_won") & ~pl.col("is_deleted") & expression(counted)).with_columns(
        company=pl.coalesce("account_id", "opportunity_id"),
        # Money of two currencies is not added up: each amount is held against the median one in its own.
        size=pl.col("amount") / pl.col("amount").median().over("currency"),
    )
    weights = won.group_by("company").agg(pl.col("size").fill_nan(None).fill_null(1.0).sum().alias("weight"))
    first = won.sort("created_at", "opportunity_id").unique("company", keep="first", maintain_order=True)
    return first.join(weights, on="company", maintain_order="left").select(
        "company", "opportunity_id", "created_at", "closed_at", pl.col("weight").clip(LEAST, MOST)
    )


def _links(
    connection: sa.Connection, keys: Sequence[str], wins: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """person_key, opportunity_id, link: whose the won opportunities are, and how."""
    found = read_accounts.opportunity_versions(connection, keys, as_of)
    return (
        found.join(wins, on="opportunity_id", how="semi")
        .select("person_key", "opportunity_id", "link")
        .unique()
    )


def _buyers(links: pl.DataFrame, wins: pl.DataFrame) -> pl.DataFrame:
    """`BUYERS`: the people of each win, once each; those of the account only where nobody is named."""
    named = links.filter(pl.col("link").is_in(NAMED)).select("person_key", "opportunity_id").unique()
    others = (
        links.select("person_key", "opportunity_id").unique().join(named, on="opportunity_id", how="anti")
    )
    both = pl.concat([named, others]).join(wins, on="opportunity_id")
    return both.select(list(BUYERS)).sort("company", "person_key")


def _people(
    connection: sa.Connection,
    playbook: Playbook,
    keys: Sequence[str],
    buyers: pl.DataFrame,
    as_of: datetime,
    names: list[str],
) -> pl.DataFrame:
    """company, weight, is_won, assumed and the attributes: everybody as they are now, and buyers as they were."""
    rules = attribute_rules(playbook)
    people = read.people(connection, keys)
    versions = read.record_versions(connection, keys, as_of)
    states = states_of(
        people,
        versions,
        read_accounts.account_versions(connection, keys, as_of),
        empty(OpportunityVersions),
        rules,
    )
    came = pl.max_horizontal("created_at", "person_created_at")
    theirs = (
        buyers.join(people.select("person_key", person_created_at="created_at"), on="person_key")
        .with_columns(at=pl.when(came < pl.col("closed_at")).then(came).otherwise("created_at"))
        .select("person_key", "company", "weight", "at")
    )
    everybody = pl.DataFrame({"person_key": list(keys)}, schema={"person_key": pl.String}).with_columns(
        company=pl.lit(None, pl.String), weight=pl.lit(1.0), at=pl.lit(as_of, UTC)
    )
    late = (
        versions.join(theirs.select("person_key", "at"), on="person_key")
        .filter(
            pl.col("assumed") & (pl.col("valid_from") <= pl.col("at")) & (pl.col("learned_at") > pl.col("at"))
        )
        .select("person_key", "at", assumed=True)
        .unique()
    )
    instants = pl.concat(
        [theirs.with_columns(is_won=True), everybody.select(theirs.columns).with_columns(is_won=False)]
    ).join(late, on=["person_key", "at"], how="left", maintain_order="left")
    wanted = sorted({*names, "account_id", "email_domain", "is_personal_email"})
    domain = pl.when(~pl.col("is_personal_email")).then("email_domain")
    return attributes_at(instants, states, rules, wanted).select(
        pl.coalesce("company", "account_id", domain, "person_key").alias("company"),
        "weight",
        "is_won",
        pl.col("assumed").fill_null(False),
        *names,
    )


def _nobody(playbook: Playbook, names: list[str]) -> pl.DataFrame:
    types = attribute_rules(playbook).columns
    flags = {"is_won": pl.Boolean(), "assumed": pl.Boolean()}
    own = {"company": pl.String(), "weight": pl.Float64(), **flags}
    return pl.DataFrame(schema={**own, **{name: types[name] for name in names}})
