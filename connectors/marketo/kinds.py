"""Which canonical kind an activity is: the playbook's ordered rules, the first that matches.

Patterns search anywhere in the text. They run inside Polars, whose expressions know no look-around and no
back-references: such a pattern is refused when the playbook is read, not in the middle of a pull.
"""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from schemas.playbook.platforms import ActivityRule
from schemas.vocabulary import ActivityKind

Channels = Callable[[Sequence[str]], Mapping[str, str]]
"""Program ids → their channels, for those that exist."""

_CHANNEL = "__channel"
_COLUMNS = {"asset": "asset_name", "url": "url", "status": "status", "channel": _CHANNEL}


class Kinds:
    """The compiled rules. `natives` are the activity types that they name: only those are asked for."""

    def __init__(self, rules: Sequence[ActivityRule]) -> None:
        self.natives = list(dict.fromkeys(rule.native for rule in rules))
        self._by_channel = sorted({rule.native for rule in rules if rule.channel is not None})
        self._kind = _first_match(rules)

    def name(self, rows: pl.DataFrame, channels: Channels) -> pl.DataFrame:
        """The rows with their kinds. `channels` is asked only if a rule wants to know a program's channel."""
        programs = (
            rows.filter(pl.col("native_kind").is_in(self._by_channel))["asset_id"].drop_nulls().unique()
        )
        known = dict(channels(programs.to_list())) if len(programs) else {}
        channel = pl.col("asset_id").replace_strict(known, default=None, return_dtype=pl.String)
        return rows.with_columns(channel.alias(_CHANNEL)).with_columns(kind=self._kind).drop(_CHANNEL)


def _first_match(rules: Sequence[ActivityRule]) -> pl.Expr:
    kind: pl.Expr = pl.lit(ActivityKind.OTHER.value)
    for rule in reversed(rules):
        kind = pl.when(_matches(rule)).then(pl.lit(rule.kind.value)).otherwise(kind)
    return kind


def _matches(rule: ActivityRule) -> pl.Expr:
    condition = pl.col("native_kind") == rule.native
    for key, column in _COLUMNS.items():
        pattern = getattr(rule, key)
        if pattern is not None:
            condition = condition & pl.col(column).str.contains(pattern).fill_null(False)
    return condition
