"""From rows as they arrive to what a record shows now and what it said since when.

The states of a record form a chain, ordered by the platform's change time. A state starts a version if an input differs
from the state before; of a shared input the version keeps the last value that was not ours. The order in which the
states arrive does not matter within a run: one that is older than what we have is put in its place, and what it makes
superfluous is taken back. (Of equal states in a row the first and the last count: had there been a third between them,
and had an older, different one arrived after all of them, it would be forgotten.) Across runs nothing is taken back:
a late state is a version with a later `learned_at`.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.data.folding import FRESH, PRESENT, VERSION, folded
from engine.data.hashing import digest
from schemas.versioned import Versioned


@dataclass(frozen=True)
class SortedOut:
    """`fresh`: rows that may say something new, each once. `stale`: keys of which one is no newer than what we have."""

    fresh: pl.DataFrame
    stale: pl.DataFrame


@dataclass(frozen=True)
class Extended:
    """What to store, in this order: `withdrawn`, `versions`, `present`, `mended`.

    `present`: whole rows that records show now. `mended`: other fields of present rows that an older state changed.
    `versions`: new ones. `withdrawn`: key, valid_from of versions of this very run that are superfluous now.
    `moved`: key, at: records whose inputs changed, and from when. `relinked`: likewise new ones and changed links.
    `stored`: how many fresh rows left a trace; the others say nothing that wasn't known.
    """

    present: pl.DataFrame
    mended: pl.DataFrame
    versions: pl.DataFrame
    withdrawn: pl.DataFrame
    moved: pl.DataFrame
    relinked: pl.DataFrame
    stored: int


def sort_out(arrived: pl.DataFrame, known: pl.DataFrame, shape: Versioned) -> SortedOut:
    """Splits known rows off. `arrived`: rows with `row_hash`; `known`: key, row_hash, changed_at of present rows."""
    key = list(shape.key)
    once = arrived.unique([*key, "row_hash"], keep="first", maintain_order=True)
    compared = once.join(
        known.select(*key, known_hash="row_hash", known_changed_at="changed_at"),
        on=key,
        how="left",
        maintain_order="left",
    )
    fresh = compared.filter(pl.col("row_hash").ne_missing(pl.col("known_hash")))
    stale = fresh.filter(pl.col("changed_at") <= pl.col("known_changed_at")).select(key).unique()
    return SortedOut(fresh.select(arrived.columns), stale)


def extend(
    fresh: pl.DataFrame,
    present: pl.DataFrame,
    versions: pl.DataFrame,
    stale: pl.DataFrame,
    applied: pl.DataFrame,
    shape: Versioned,
    as_of: datetime,
) -> Extended:
    """Puts fresh rows into the chains of their records.

    `fresh` has `created_at`, `changed_at`, `row_hash`, `target` (what our writes call the record) and every column of
    `shape`. `present`: the same records as the ledger knows them, with `foreign_…`, `…_said_at`, `learned_at`.
    `versions`: the stored versions of the stale ones. Mirrored values are blanked in fresh and present beforehand.
    """
    key = list(shape.key)
    chain = folded(_states(fresh, present, versions, shape, as_of), applied, shape)
    chain = chain.with_columns(digest(chain, [*shape.inputs, *_said(shape)]).alias("inputs_hash"))
    starts = _starts(chain, key)
    place = [*key, "valid_from", "inputs_hash"]
    is_of_now = pl.col("learned_at") == as_of
    new = (
        starts.join(stale.with_columns(is_stale=pl.lit(True)), on=key, how="left", maintain_order="left")
        .filter((pl.col("sort") == FRESH) | pl.col("is_stale").fill_null(False))
        .join(versions.filter(~is_of_now).select(place), on=place, how="anti")
        # An assumed version of this run that an equal, older state precedes begins to be shown with that one.
        .join(versions.filter(is_of_now).select(*place, "changed_at"), on=[*place, "changed_at"], how="anti")
    )
    last = chain.unique(key, keep="last", maintain_order=True)
    of_fresh = last.filter(pl.col("sort") == FRESH)
    return Extended(
        present=fresh.join(
            of_fresh.select(*key, "row_hash", "inputs_hash", *_said(shape), *_foreign(shape)),
            on=[*key, "row_hash"],
        ),
        mended=_mended(last.filter(pl.col("sort") == PRESENT), present, shape),
        versions=new.select(
            *key, "valid_from", "changed_at", "assumed", "inputs_hash", *shape.values, *_said(shape)
        ),
        withdrawn=versions.filter(is_of_now)
        .join(starts.select(*place, "changed_at"), on=[*place, "changed_at"], how="anti")
        .select(*key, "valid_from"),
        moved=_when(new.select(*key, at="valid_from"), as_of),
        relinked=_when(_relinked(of_fresh, present, shape), as_of),
        stored=_stored(chain, last, new, present, key),
    )


def _states(
    fresh: pl.DataFrame, present: pl.DataFrame, versions: pl.DataFrame, shape: Versioned, as_of: datetime
) -> pl.DataFrame:
    """All states of the records in order. Of several from one instant the one that we learned last stays."""
    key = list(shape.key)
    common = [*key, "changed_at", *shape.values, *shape.links]
    old_versions = versions.select(
        *(pl.col(name) for name in dict.fromkeys([*key, "changed_at", *shape.values])),
        *(pl.col(f"{name}_said_at") for name in shape.said),
        *(pl.col(name).alias(f"foreign_{name}") for name in shape.shared),
        learned_at="learned_at",
        sort=pl.lit(VERSION),
    )
    now = present.select(
        *(pl.col(name) for name in dict.fromkeys(common)),
        *(pl.col(f"{name}_said_at") for name in shape.said),
        *(pl.col(f"foreign_{name}") for name in shape.shared),
        "created_at",
        "learned_at",
        "row_hash",
        "target",
        sort=pl.lit(PRESENT),
    )
    new = fresh.select(
        *(pl.col(name) for name in dict.fromkeys(common)),
        "created_at",
        "row_hash",
        "target",
        learned_at=pl.lit(as_of, fresh.schema["changed_at"]),
        sort=pl.lit(FRESH),
    )
    return (
        pl.concat([old_versions, now, new], how="diagonal")
        .sort(*key, "changed_at", "learned_at", "row_hash", maintain_order=True)
        .unique([*key, "changed_at"], keep="last", maintain_order=True)
        .with_columns(
            pl.col("created_at").min().over(key),
            pl.col("target").max().over(key),
            is_first=pl.int_range(pl.len()).over(key) == 0,
        )
    )


def _starts(chain: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The states at which a version begins."""
    differs = pl.col("inputs_hash") != pl.col("inputs_hash").shift(1).over(key)
    return (
        chain.filter(pl.col("is_first") | differs)
        .with_columns(
            valid_from=pl.when("is_first")
            .then(pl.min_horizontal("created_at", "changed_at"))
            .otherwise("changed_at")
        )
        .with_columns(assumed=pl.col("valid_from") < pl.col("changed_at"))
    )


def _stored(
    chain: pl.DataFrame, last: pl.DataFrame, new: pl.DataFrame, present: pl.DataFrame, key: list[str]
) -> int:
    """Fresh states that are newer than what was known, are shown now, or start a version."""
    fresh = chain.filter(pl.col("sort") == FRESH).join(
        present.select(*key, known_changed_at="changed_at"), on=key, how="left"
    )
    newer = pl.col("known_changed_at").is_null() | (pl.col("changed_at") > pl.col("known_changed_at"))
    older = fresh.filter(~newer)
    shown = older.join(last.select(*key, "row_hash"), on=[*key, "row_hash"], how="semi")
    hidden = older.join(last.select(*key, "row_hash"), on=[*key, "row_hash"], how="anti")
    telling = hidden.join(new.select(*key, "changed_at"), on=[*key, "changed_at"], how="semi")
    return len(fresh) - len(older) + len(shown) + len(telling)


def _mended(last: pl.DataFrame, present: pl.DataFrame, shape: Versioned) -> pl.DataFrame:
    key, fields = list(shape.key), ["inputs_hash", *_said(shape), *_foreign(shape)]
    before = present.select(*key, *(pl.col(name).alias(f"{name}_before") for name in fields))
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in fields)
    return last.join(before, on=key).filter(changed).select(*key, *fields)


def _relinked(of_fresh: pl.DataFrame, present: pl.DataFrame, shape: Versioned) -> pl.DataFrame:
    """Records that are new (from their creation on) or whose links changed (from the change on)."""
    key = list(shape.key)
    before = present.select(
        *key, *(pl.col(name).alias(f"{name}_before") for name in shape.links), is_known=pl.lit(True)
    )
    changed = pl.any_horizontal(
        pl.lit(False), *(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in shape.links)
    )
    compared = of_fresh.join(before, on=key, how="left")
    is_new = pl.col("is_known").is_null()
    at = pl.when(is_new).then(pl.min_horizontal("created_at", "changed_at")).otherwise("changed_at")
    return compared.filter(is_new | changed).select(*key, at=at)


def _when(moments: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What is no younger than the run is news now; a younger row waits for its instant."""
    now = pl.lit(as_of, moments.schema["at"])
    return moments.with_columns(pl.max_horizontal("at", now).alias("at")).unique(maintain_order=True)


def _said(shape: Versioned) -> list[str]:
    return [f"{name}_said_at" for name in shape.said]


def _foreign(shape: Versioned) -> list[str]:
    return [f"foreign_{name}" for name in shape.shared]


def newest(arrived: pl.DataFrame, known: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """For facts without versions: the rows that take the place of what is known, at most one per `native_id`.

    A row is older by its `changed_at`, where it has one; of two from one instant the one learned later counts, and
    within a run the greater hash, so that the order of pages makes no difference.
    """
    order = ["changed_at"] if "changed_at" in arrived.columns else []
    once = arrived.sort(*order, "row_hash", maintain_order=True).unique(
        "native_id", keep="last", maintain_order=True
    )
    names = [name for name in ("row_hash", "changed_at", "learned_at") if name in known.columns]
    compared = once.join(
        known.select("native_id", *(pl.col(name).alias(f"known_{name}") for name in names)),
        on="native_id",
        how="left",
        maintain_order="left",
    )
    is_new = pl.col("known_row_hash").is_null()
    differs = pl.col("row_hash") != pl.col("known_row_hash")
    later = (pl.col("known_learned_at") < as_of) | (pl.col("row_hash") > pl.col("known_row_hash"))
    if order:
        same = pl.col("changed_at").eq_missing(pl.col("known_changed_at"))
        # A row that does not tell when it changed counts when it arrives.
        younger = (pl.col("changed_at") > pl.col("known_changed_at")).fill_null(True)
        later = pl.when(same).then(later).otherwise(younger)
    return compared.filter(is_new | (differs & later)).select(arrived.columns)
