"""The score of an account, out of the stored scores of its people; and what people know of it at their instants.

Two phases: person scores first, then account scores out of what is stored. A person's score never reads an account's,
and a decision reads only what runs before its own had stored: so it does not matter how people are split.
"""

import polars as pl

from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import AccountScores
from schemas.playbook.scoring import AccountScore

CEILING = 10_000


def account_scores(scores: pl.DataFrame, rules: AccountScore) -> pl.DataFrame:
    """account_id, score, engaged, roles, people of each account among `scores` (frames.decisions.Scores, one model)."""
    is_engaged = pl.col("engagement") >= 100 * rules.engaged
    engagement = pl.col("engagement").clip(upper_bound=100 * rules.per_person).filter(is_engaged).sum()
    roles = pl.col("role").filter(is_engaged).drop_nulls().n_unique()
    return (
        scores.drop_nulls("account_id")
        .group_by("account_id")
        .agg(
            engagement.alias("engagement"),
            is_engaged.sum().cast(pl.Int64).alias("engaged"),
            roles.cast(pl.Int64).alias("roles"),
            pl.len().cast(pl.Int64).alias("people"),
        )
        .with_columns(
            (pl.col("engagement") + 100 * rules.per_role * pl.col("roles")).clip(0, CEILING).alias("score")
        )
        .select("account_id", "score", "engaged", "roles", "people")
        .sort("account_id")
    )


def with_account_scores(moments: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """`moments` (person_key, at, account_id …) with account_score (points), account_engaged and account_roles.

    `stored`: frames.decisions.AccountScores of runs before. What a run stored at its own moment counts after it, so
    whoever is looked at again at that moment is seen as decided. An account that nothing is stored about has zeros.
    """
    values = stored.select(
        "account_id",
        "valid_from",
        account_score=pl.col("score") / 100,
        account_engaged="engaged",
        account_roles="roles",
    ).sort("valid_from")
    found = (
        moments.with_row_index("place")
        .sort("at")
        .join_asof(
            values,
            left_on="at",
            right_on="valid_from",
            by="account_id",
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .sort("place")
        .drop("place", "valid_from")
    )
    return found.with_columns(
        pl.col("account_score").fill_null(0.0), pl.col("account_engaged", "account_roles").fill_null(0)
    )


def changed(found: pl.DataFrame, stored: pl.DataFrame, at: pl.Expr) -> pl.DataFrame:
    """The accounts whose score is another than the last stored one, as frames.decisions.AccountScores from `at` on.

    `found`: everybody's who is with one of the accounts; one that is stored and not among them was left by its last
    person and has zeros now.
    """
    values = ["score", "engaged", "roles", "people"]
    last = stored.sort("valid_from").unique("account_id", keep="last", maintain_order=True)
    left = last.join(found, on="account_id", how="anti").select(
        "account_id", *(pl.lit(0, pl.Int64).alias(name) for name in values)
    )
    fresh = pl.concat([found.select(left.columns), left]).join(
        last.select("account_id", *values), on=["account_id", *values], how="anti"
    )
    return fresh.with_columns(valid_from=at.cast(UTC)).select(list(dtypes(AccountScores)))
