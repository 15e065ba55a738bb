"""Who is who: which platform records are one human.

Platform links join: a Marketo person's CRM lead and contact, a converted lead's contact, a platform's own merge. An
e-mail address joins only one-to-one: a Marketo person without CRM record with the one CRM human who has that address.
Addresses of roles (info@, sales@) join nobody. Whoever else shares an address is a proposed duplicate, never merged by
us, and belongs to one group, in which at most one handover is open.

A person's key is that of the oldest record known when the person is first recorded, and never changes. Records that
were two persons and are linked later are a merge: the key of the person with the older record survives. Persons are
never split. So within a run the result does not depend on the order in which records came. Across runs who belongs
together by platform links doesn't either; which key stands for them, and whether an address was one-to-one when it was
looked at, depends on what was known then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.data.keys import person_key
from engine.data.text import email_local
from engine.data.union import Union
from schemas.frames.base import UTC
from schemas.frames.identity import NODES, RECORD
from schemas.vocabulary import Platform, RecordObject

CRM = Platform.SALESFORCE
LINKS = {
    "crm_lead_id": (CRM, RecordObject.LEAD),
    "crm_contact_id": (CRM, RecordObject.CONTACT),
    "converted_contact_id": (CRM, RecordObject.CONTACT),
}
"""Column → which record it names."""


@dataclass(frozen=True)
class Resolution:
    """`identities`: record, person_key, valid_from, cause, of records that are new or moved to another person.

    `merges`: person_key, into_person_key, occurred_at, cause. `people`: person_key, created_at, group_key, is_gone
    (every record deleted), gone_at, of everybody who was looked at and lives on. `duplicates`: person_key,
    duplicate_of, cause; all that hold among these people now.
    """

    identities: pl.DataFrame
    merges: pl.DataFrame
    people: pl.DataFrame
    duplicates: pl.DataFrame


def resolve(nodes: pl.DataFrame, role_addresses: Sequence[str], as_of: datetime) -> Resolution:
    """Resolves a closed set of records: with each one come all that it links to, that link to it, that share its
    address, and the other records of its person. Columns `NODES`."""
    nodes = nodes.select(list(NODES)).sort("created_at", *RECORD).with_row_index("i")
    union = Union(len(nodes))
    known = nodes.filter(pl.col("person_key").is_not_null())
    union.join(known.select("i", pl.col("i").min().over("person_key").alias("first")).iter_rows())
    edges = _link_edges(nodes)
    union.join(edges.select("i", "j").iter_rows())
    by_address = _address_edges(_rooted(nodes, union), role_addresses)
    union.join(by_address.select("i", "j").iter_rows())
    joined = _rooted(nodes, union).join(_keys(_rooted(nodes, union)), on="root", maintain_order="left")
    causes = _causes(joined, pl.concat([edges, by_address]), as_of)
    moved = joined.filter(pl.col("person_key").ne_missing(pl.col("key")))
    merges = (
        moved.filter(pl.col("person_key").is_not_null())
        .select("person_key", "root", into_person_key="key")
        .unique(["person_key"], maintain_order=True)
        .join(causes, on="root", how="left")
        .select(
            "person_key",
            "into_person_key",
            pl.col("occurred_at").fill_null(as_of),
            pl.col("cause").fill_null("link"),
        )
    )
    identities = moved.join(causes, on="root", how="left").select(
        *RECORD,
        person_key="key",
        valid_from=pl.when(pl.col("person_key").is_null()).then("created_at").otherwise("occurred_at"),
        cause=pl.when(pl.col("i") == pl.col("root"))
        .then(pl.lit("first"))
        .otherwise("cause")
        .fill_null("link"),
    )
    people, duplicates = _groups(joined, role_addresses)
    return Resolution(identities, merges, people, duplicates)


def _rooted(nodes: pl.DataFrame, union: Union) -> pl.DataFrame:
    return nodes.with_columns(pl.Series("root", union.roots(), dtype=pl.UInt32))


def _link_edges(nodes: pl.DataFrame) -> pl.DataFrame:
    """i, j, cause, at: pairs that a platform links, and since when the linking record shows it."""
    target = nodes.select(*RECORD, j="i")
    parts = [
        nodes.filter(pl.col("merged_into").is_not_null())
        .join(target, left_on=["platform", "object", "merged_into"], right_on=list(RECORD))
        .select("i", "j", cause=pl.lit("platform_merge"), at="changed_at")
    ]
    for column, (platform, kind) in LINKS.items():
        named = target.filter((pl.col("platform") == platform) & (pl.col("object") == kind))
        parts.append(
            nodes.filter(pl.col(column).is_not_null())
            .join(named, left_on=column, right_on="native_id")
            .select("i", "j", cause=pl.lit(column), at="changed_at")
        )
    return pl.concat(parts)


def _address_edges(nodes: pl.DataFrame, role_addresses: Sequence[str]) -> pl.DataFrame:
    """i, j, cause, at: Marketo people without CRM record and the one CRM human with their address."""
    living = nodes.filter(~pl.col("is_deleted")).with_columns(is_crm=pl.col("platform") == CRM)
    sides = living.group_by("root").agg(
        pl.col("is_crm").any().alias("has_crm"), (~pl.col("is_crm")).any().alias("has_other")
    )
    addressed = living.filter(_joins(role_addresses)).join(sides, on="root")
    is_linked = pl.col("crm_lead_id").is_not_null() | pl.col("crm_contact_id").is_not_null()
    other, crm = addressed.filter(~pl.col("is_crm")), addressed.filter(pl.col("is_crm"))
    ones = other.group_by("email_key").agg(
        pl.len().alias("others"),
        pl.col("i").min(),
        pl.col("root").min().alias("root_i"),
        (is_linked | pl.col("has_crm")).any().alias("is_taken_i"),
        pl.col("changed_at").max(),
    )
    humans = crm.group_by("email_key").agg(
        pl.col("root").n_unique().alias("humans"),
        pl.col("i").min().alias("j"),
        pl.col("root").min().alias("root_j"),
        pl.col("has_other").any().alias("is_taken_j"),
        pl.col("changed_at").max().alias("changed_at_j"),
    )
    pairs = ones.join(humans, on="email_key").filter(
        (pl.col("others") == 1) & (pl.col("humans") == 1) & ~pl.col("is_taken_i") & ~pl.col("is_taken_j")
    )
    # A human with two addresses may be claimed twice: then it isn't one-to-one.
    pairs = pairs.filter((pl.len().over("root_i") == 1) & (pl.len().over("root_j") == 1))
    return pairs.select("i", "j", cause=pl.lit("email"), at=pl.max_horizontal("changed_at", "changed_at_j"))


def _joins(role_addresses: Sequence[str]) -> pl.Expr:
    """Whether an address may be a reason to join two records."""
    local = email_local(pl.col("email_key"))
    return pl.col("email_key").is_not_null() & ~local.is_in([name.lower() for name in role_addresses])


def _keys(nodes: pl.DataFrame) -> pl.DataFrame:
    """root, key: the key under which each set of records lives on. Rows are sorted, the oldest record first."""
    known = (
        nodes.filter(pl.col("person_key").is_not_null()).group_by("root").agg(pl.col("person_key").first())
    )
    roots = nodes.unique("root", keep="first", maintain_order=True).select("root", *RECORD)
    new = roots.join(known, on="root", how="anti")
    keys = [person_key(*record) for record in new.select(RECORD).iter_rows()]
    made = new.select("root").with_columns(pl.Series("key", keys, dtype=pl.String))
    return pl.concat([known.select("root", key="person_key"), made])


def _causes(nodes: pl.DataFrame, edges: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """root, cause, occurred_at: the youngest pair that brought together what was apart."""
    place = nodes.select("i", "root", "person_key")
    apart = (
        edges.join(place, on="i")
        .join(place.select(j="i", other="person_key"), on="j")
        .filter(pl.col("person_key").is_null() | pl.col("other").ne_missing(pl.col("person_key")))
    )
    return (
        apart.sort("at", "cause")
        .unique("root", keep="last", maintain_order=True)
        .select("root", "cause", occurred_at=pl.min_horizontal("at", pl.lit(as_of, UTC)))
    )


def _groups(nodes: pl.DataFrame, role_addresses: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The people with their groups, and the duplicates to propose."""
    people = (
        nodes.group_by("key")
        .agg(
            pl.col("created_at").min(),
            pl.col("is_deleted").all().alias("is_gone"),
            pl.col("changed_at").max().alias("gone_at"),
        )
        .sort("created_at", "key")
        .with_row_index("n")
    )
    living = nodes.filter(~pl.col("is_deleted") & pl.col("email_key").is_not_null())
    sharing = (
        living.join(people.select("key", "n"), on="key")
        .select("n", "email_key", joins=_joins(role_addresses))
        .unique()
        .with_columns(pl.col("n").min().over("email_key").alias("oldest"))
        .filter(pl.col("n") != pl.col("oldest"))
    )
    union = Union(len(people))
    union.join(sharing.select("n", "oldest").iter_rows())
    keys = people["key"]
    grouped = people.with_columns(group_key=keys.gather(pl.Series(union.roots(), dtype=pl.UInt32)))
    proposed = sharing.filter("joins").select("n", "oldest").unique().sort("n", "oldest")
    duplicates = pl.DataFrame(
        {
            "person_key": keys.gather(proposed["n"]),
            "duplicate_of": keys.gather(proposed["oldest"]),
            "cause": ["email"] * len(proposed),
        },
        schema={"person_key": pl.String, "duplicate_of": pl.String, "cause": pl.String},
    )
    return grouped.select("created_at", "group_key", "is_gone", "gone_at", person_key="key"), duplicates
