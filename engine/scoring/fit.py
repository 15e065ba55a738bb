"""Fit at an instant: points for the attributes that a person had then, and how much of them was known."""

import polars as pl

from schemas.conditions import expression
from schemas.playbook.scoring import FitRule, Model


def fit_columns(model: Model) -> list[pl.Expr]:
    """One column `fit:<rule id>` per rule, hundredths, over a frame of person attributes."""
    return [_points(rule, model).alias(f"fit:{rule.id}") for rule in model.fit]


def fit_total(model: Model) -> pl.Expr:
    """The sum of all fit rules before floor and ceiling, hundredths."""
    if not model.fit:
        return pl.lit(0, pl.Int64)
    return pl.sum_horizontal(_points(rule, model) for rule in model.fit)


def confidence(attributes: list[str]) -> pl.Expr:
    """The share of `attributes` that is known, 0–1; 1 where no rule reads any."""
    if not attributes:
        return pl.lit(1.0)
    return pl.mean_horizontal(pl.col(name).is_not_null().cast(pl.Float64) for name in attributes)


def _points(rule: FitRule, model: Model) -> pl.Expr:
    return pl.when(expression(rule.when)).then(model.hundredths(rule.points)).otherwise(0).cast(pl.Int64)
