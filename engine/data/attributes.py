"""What is known about people at instants: the attributes that conditions of the playbook speak of.

Everything that varies over time (records, account, opportunities) is put into one table of states per person, from each
change on; an instant takes the last state before it. Titles, countries, addresses and phones are read once for each
distinct value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from engine.data.addresses import from_addresses, from_domains
from engine.data.countries import from_names
from engine.data.opportunities import STATE, opportunity_states
from engine.data.phones import callable_numbers
from engine.data.text import bare_domain
from engine.data.timeline import as_of, timeline
from engine.data.titles import from_titles
from engine.data.values import EXTRA_TYPES
from schemas.conditions_columns import HAS_COLUMNS, PEOPLE_COLUMNS
from schemas.playbook.data import Data
from schemas.playbook.patterns import any_of_words
from schemas.playbook.platforms import ExtraField

FALSE_BY_DEFAULT = [
    "unsubscribed",
    "email_invalid",
    "is_target_account",
    "is_customer",
    "open_opportunity",
    "is_own_staff",
    "is_test_address",
    "is_competitor",
    "is_student",
    "is_job_seeker",
    "is_spam",
    *(f"has_{name}" for name in HAS_COLUMNS),
]
"""What nothing is known about is not so; only what fit rules measure may be unknown."""


@dataclass(frozen=True)
class AttributeRules:
    """The playbook's say. `counted_opportunities`: lifecycle.yaml's condition."""

    data: Data
    extra: Mapping[str, ExtraField] = field(default_factory=dict)
    counted_opportunities: str = "true"

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """The attributes with their types."""
        own = {name: EXTRA_TYPES[extra.type] for name, extra in self.extra.items()}
        return {**PEOPLE_COLUMNS, **own}


def attributes_at(
    instants: pl.DataFrame, states: pl.DataFrame, rules: AttributeRules, columns: Iterable[str] | None = None
) -> pl.DataFrame:
    """`instants` (person_key, at, and whatever else) with the person's attributes at each, in the same order.

    `states`: `states_of` the people. `columns`: only these attributes, where not all are needed; of millions of rows
    each column costs.
    """
    wanted = [name for name in rules.columns if columns is None or name in set(columns)]
    states = states.with_row_index("state")
    places = as_of(
        instants.select("person_key", "at").with_row_index("place").sort("at"),
        states.select("person_key", "state", valid_from="at"),
        "at",
        "valid_from",
    )
    state = places.sort("place")["state"]
    found = (
        states.select(pl.col(wanted).gather(state)) if len(states) else _nothing(wanted, rules, len(state))
    )
    defaults = [name for name in wanted if name in FALSE_BY_DEFAULT]
    return pl.concat([instants.drop(wanted, strict=False), found], how="horizontal").with_columns(
        pl.col(defaults).fill_null(False)
    )


def states_of(
    people: pl.DataFrame,
    versions: pl.DataFrame,
    accounts: pl.DataFrame,
    opportunities: pl.DataFrame,
    rules: AttributeRules,
) -> pl.DataFrame:
    """person_key, at, and every attribute from `at` on until the person's next row. Sorted by `at`."""
    data = rules.data
    states = timeline(versions, data, rules.extra)
    states = _with_addresses(states, data)
    states = _with_accounts(states, accounts, data)
    states = _with_opportunities(states, opportunities, rules.counted_opportunities)
    states = _with_titles(states, data)
    states = _with_country(states, data)
    states = states.join(callable_numbers(states["phone"]), left_on="phone", right_on="raw", how="left")
    companies = any_of_words(data.competitors.companies)
    rival = (
        pl.any_horizontal(
            *(pl.col(name).str.contains(companies).fill_null(False) for name in ("company", "account_name"))
        )
        if companies
        else pl.lit(False)
    )
    customer_types = [name.strip().lower() for name in data.customer_types]
    states = states.join(people.select("person_key", "created_at"), on="person_key", how="left").with_columns(
        pl.coalesce("industry", "account_industry").alias("industry"),
        pl.coalesce("employees", "account_employees").alias("employees"),
        pl.coalesce("company", "account_name").alias("company"),
        is_competitor=pl.col("is_competitor_domain").fill_null(False) | rival,
        is_customer=pl.col("account_type").str.to_lowercase().is_in(customer_types).fill_null(False)
        | pl.col("has_won").fill_null(False),
        is_target_account=pl.col("account_is_target").fill_null(False)
        | pl.col("is_target_domain").fill_null(False),
    )
    has = [pl.col(name).is_not_null().alias(f"has_{name}") for name in HAS_COLUMNS if name != "phone"]
    filled = pl.mean_horizontal(
        pl.col(f"has_{name}").fill_null(False).cast(pl.Float64) for name in data.profile
    )
    return (
        states.with_columns(has)
        .with_columns(completeness=100 * filled if data.profile else pl.lit(100.0))
        .sort("at")
        .select("person_key", "at", *(pl.col(name).cast(dtype) for name, dtype in rules.columns.items()))
    )


def _with_addresses(states: pl.DataFrame, data: Data) -> pl.DataFrame:
    return states.join(from_addresses(states["email"], data), on="email", how="left", maintain_order="left")


def _with_accounts(states: pl.DataFrame, accounts: pl.DataFrame, data: Data) -> pl.DataFrame:
    """The account of each state, with a state more for each change of it."""
    current = accounts.sort("valid_from", "learned_at").unique(
        ["account_id", "valid_from"], keep="last", maintain_order=True
    )
    if data.match_accounts_by_domain:
        matched = states.join(_by_domain(current, data), on="email_domain", how="left", maintain_order="left")
        states = matched.with_columns(pl.coalesce("account_id", "matched_id").alias("account_id")).drop(
            "matched_id"
        )
    changes = (
        states.select("person_key", "account_id", "at")
        .group_by("person_key", "account_id")
        .agg(pl.col("at").min().alias("since"))
        .join(current.select("account_id", at="valid_from"), on="account_id")
        .filter(pl.col("at") > pl.col("since"))
        .select("person_key", "at")
    )
    states = _with_points(states, changes)
    alive = ~pl.col("is_deleted")
    values = current.select(
        "account_id",
        "valid_from",
        *(
            pl.when(alive).then(pl.col(name)).alias(f"account_{name}")
            for name in ("name", "type", "owner_id", "industry", "employees", "country", "is_target")
        ),
    )
    return as_of(states, values, "at", "valid_from", by="account_id").drop("valid_from")


def _by_domain(accounts: pl.DataFrame, data: Data) -> pl.DataFrame:
    """email_domain, matched_id: business domains that exactly one living account has."""
    last = accounts.unique("account_id", keep="last", maintain_order=True).filter(~pl.col("is_deleted"))
    domains = last.select(matched_id="account_id", email_domain=bare_domain(pl.col("domain"))).drop_nulls()
    personal = from_domains(domains["email_domain"], data).filter("is_personal_email")
    return domains.filter(pl.len().over("email_domain") == 1).join(personal, on="email_domain", how="anti")


def _with_opportunities(states: pl.DataFrame, opportunities: pl.DataFrame, counted: str) -> pl.DataFrame:
    """The opportunities' part of each state, with a state more for each change of it."""
    changes = opportunity_states(opportunities, counted)
    states = _with_points(states, changes.select("person_key", "at"))
    return as_of(states, changes.select("person_key", *STATE, valid_from="at"), "at", "valid_from").drop(
        "valid_from"
    )


def _with_points(states: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """The states, repeated at further instants of their person."""
    more = points.unique().join(states, on=["person_key", "at"], how="anti")
    if more.is_empty():
        return states
    repeated = as_of(more.sort("at"), states.rename({"at": "since"}), "at", "since").drop("since")
    return pl.concat([states, repeated.select(states.columns)]).sort("at")


def _with_titles(states: pl.DataFrame, data: Data) -> pl.DataFrame:
    return states.join(
        from_titles(states["title"], data.titles), on="title", how="left", maintain_order="left"
    )


def _with_country(states: pl.DataFrame, data: Data) -> pl.DataFrame:
    """ISO code and region; the account's country where the person's is unknown."""
    regions = {code: name for name, codes in data.regions.items() for code in codes}
    names = from_names(pl.concat([states["country"], states["account_country"]]))
    return (
        states.rename({"country": "raw_country"})
        .join(names, left_on="raw_country", right_on="raw", how="left", maintain_order="left")
        .join(
            names.rename({"country": "of_account"}),
            left_on="account_country",
            right_on="raw",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.coalesce("country", "of_account").alias("country"))
        .with_columns(
            region=pl.col("country").replace_strict(regions, default=None, return_dtype=pl.String)
            if regions
            else pl.lit(None, pl.String)
        )
    )


def _nothing(names: list[str], rules: AttributeRules, rows: int) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series([None] * rows, dtype=rules.columns[name]) for name in names})
