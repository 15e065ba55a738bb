"""What an act was about: tags and product line of its form, page, mail or program."""

from collections.abc import Iterator

import polars as pl

from schemas.playbook.assets import AssetRule, Assets

LOOKED_AT = ["kind", "asset_name", "url", "campaign_name", "campaign_type"]


def with_tags(activities: pl.DataFrame, rules: Assets) -> pl.DataFrame:
    """The activities, in their order, with `tags` (List[String], without repetition) and `business_line`.

    Every rule that matches adds its tags, in the order of the rules, up to one that is the last; the first with a line
    gives the line. Each distinct asset is looked at once, since a year of acts knows some thousand assets.
    """
    distinct = activities.select(LOOKED_AT).unique()
    tagged = distinct.with_columns(_applies(list(rules.rules))).select(
        *LOOKED_AT, _tags(rules).alias("tags"), _line(rules).alias("business_line")
    )
    bare = activities.drop("tags", "business_line", strict=False)
    return bare.join(tagged, on=LOOKED_AT, how="left", nulls_equal=True, maintain_order="left")


def _applies(rules: list[AssetRule]) -> Iterator[pl.Expr]:
    """A column per rule: it matches, and no rule before it was the last."""
    open_still: pl.Expr = pl.lit(True)
    for number, rule in enumerate(rules):
        matches = _matches(rule)
        yield (open_still & matches).alias(f"rule {number}")
        if rule.last:
            open_still = open_still & ~matches


def _matches(rule: AssetRule) -> pl.Expr:
    patterns = {
        "asset_name": rule.name,
        "url": rule.url,
        "campaign_name": rule.campaign,
        "campaign_type": rule.campaign_type,
    }
    found: pl.Expr = pl.col("kind").is_in([str(kind) for kind in rule.kinds]) if rule.kinds else pl.lit(True)
    for column, pattern in patterns.items():
        if pattern is not None:
            found = found & pl.col(column).str.contains(pattern).fill_null(False)
    return found


def _tags(rules: Assets) -> pl.Expr:
    nothing = pl.lit([], pl.List(pl.String))
    parts = [
        pl.when(pl.col(f"rule {number}")).then(pl.lit(rule.tags, pl.List(pl.String))).otherwise(nothing)
        for number, rule in enumerate(rules.rules)
        if rule.tags
    ]
    return pl.concat_list(parts).list.unique(maintain_order=True) if parts else nothing


def _line(rules: Assets) -> pl.Expr:
    lines = [
        pl.when(pl.col(f"rule {number}")).then(pl.lit(rule.line))
        for number, rule in enumerate(rules.rules)
        if rule.line is not None
    ]
    return pl.coalesce(lines) if lines else pl.lit(None, pl.String)
