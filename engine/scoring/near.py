"""Near misses: the smallest change by which a condition on scores would hold, and the act that it hangs on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from engine.reasons import reads
from engine.scoring import engagement
from engine.scoring.basis import Basis
from engine.scoring.card import probability
from engine.scoring.score import CEILING, KEY, card_parts, grade, in_points, part_sums, weighted
from schemas.conditions import expression
from schemas.context import Window
from schemas.playbook.scorecard import Interval, NumberAttribute
from schemas.playbook.scoring import Model

TIMES = (1, 2, 3)
"""How many more acts of one kind are thought of."""
SHOWN = 3


@dataclass(frozen=True)
class Change:
    """One thing that could be different: `times` more acts of a signal, or an attribute as a rule asks for it.

    `gain`: hundredths that it adds to the sum of its part. `about`: what it is exclusive with: a signal, or the
    columns that the rule reads.
    """

    sort: str  # act, attribute
    rule: str
    asks: str  # the condition, or the bin
    times: int
    part: str  # engagement, fit, card
    gain: int
    about: frozenset[str]


def smallest_changes(
    now: pl.DataFrame, basis: Basis, condition: str, window: Window
) -> list[tuple[tuple[Change, ...], float]]:
    """The fewest and smallest changes that make the condition hold, each with the score (points) it would lead to.

    `now`: one person at one instant, with the attributes and all results in points. One change, if one suffices, else
    two; empty if it takes more. What the condition asks beside this model's results stays as it is.
    """
    changes = list(_changes(now, basis, window))
    for number in (1, 2):
        options = [option for option in combinations(changes, number) if _compatible(option)]
        reached = _that_reach(now, basis, condition, window, options)
        if reached:
            return reached[:SHOWN]
    return []


def carrying_acts(
    now: pl.DataFrame, scored: pl.DataFrame, condition: str, prefix: str
) -> list[tuple[str, float, bool]]:
    """Acts by what the score would be without each, the heaviest first: key, points lost, whether the condition breaks.

    `now`: as above. `scored`: a row per act, under its key as person_key: the person as if that act had not been.
    """
    score = float(now[f"{prefix}score"][0])
    held = _holds(now, condition)
    told = scored.with_columns(holds=expression(condition), lost=score - pl.col(f"{prefix}score"))
    heavy = told.filter(pl.col("lost") > 0).sort("lost", "person_key", descending=[True, False])
    return [
        (key, round(lost, 2), held and not holds)
        for key, lost, holds in heavy.select("person_key", "lost", "holds").iter_rows()
    ]


def _compatible(option: Sequence[Change]) -> bool:
    return all(a.part == b.part or a.part != "card" for a, b in combinations(option, 2)) and not any(
        a.about & b.about for a, b in combinations(option, 2)
    )


def _changes(now: pl.DataFrame, basis: Basis, window: Window) -> Iterator[Change]:
    if basis.model.card:
        yield from _of_card(now, basis, window)
        return
    yield from _more_acts(now, basis, window)
    yield from _other_attributes(now, basis.model)


def _more_acts(now: pl.DataFrame, basis: Basis, window: Window) -> Iterator[Change]:
    live = engagement.live_evidence(now.select(KEY), basis, window).collect()
    is_today = pl.col("day") == pl.col("today")
    sums = {
        signal: (total, today)
        for signal, total, today in live.group_by("signal")
        .agg(pl.col("decayed").sum(), today=pl.col("decayed").filter(is_today).sum())
        .iter_rows()
    }
    for number, row in enumerate(engagement.signal_table(basis.model).iter_rows(named=True)):
        signal = basis.model.engagement.signals[number]
        # How many more acts a counter wants depends on when they come.
        if row["raw"] <= 0 or signal.count or not _holds(now, signal.person):
            continue
        total, today = sums.get(number, (0, 0))
        before = min(total, row["cap"])
        for times in TIMES:
            if signal.once == "day" and times > 1:
                break
            # A second act of a day takes the first one's place.
            replaced = today if signal.once == "day" else 0
            gain = min(total - replaced + times * row["raw"], row["cap"]) - before
            if gain > 0:
                asks = (
                    signal.when or signal.visit or " and ".join(signal.together.of if signal.together else ())
                )
                yield Change(
                    "act", signal.id, asks, times, "engagement", gain, frozenset({f"signal {signal.id}"})
                )


def _holds(now: pl.DataFrame, condition: str | None) -> bool:
    return condition is None or bool(now.select(expression(condition).alias("holds"))["holds"][0])


def _other_attributes(now: pl.DataFrame, model: Model) -> Iterator[Change]:
    if not model.fit:
        return
    held = now.select(expression(rule.when).alias(rule.id) for rule in model.fit).row(0, named=True)
    points = {rule.id: model.hundredths(rule.points) for rule in model.fit}
    about = {rule.id: frozenset(reads(rule.when)) for rule in model.fit}
    for rule in model.fit:
        if held[rule.id] or points[rule.id] <= 0:
            continue
        # Rules about the same attribute give way to each other.
        lost = sum(points[other] for other in held if held[other] and about[other] & about[rule.id])
        if points[rule.id] > lost:
            yield Change("attribute", rule.id, rule.when, 1, "fit", points[rule.id] - lost, about[rule.id])


def _of_card(now: pl.DataFrame, basis: Basis, window: Window) -> Iterator[Change]:
    card = basis.model.card
    assert card is not None
    present = card_parts(now, basis, window).row(0, named=True)
    for attribute in card.attributes:
        best = max(attribute.bins, key=lambda each: each.points, default=None)
        have = present[f"card:{attribute.column}"]
        if best is None or 100 * best.points <= have:
            continue
        if isinstance(attribute, NumberAttribute):
            asks = f"{attribute.column} {_interval(best)}"  # type: ignore[arg-type]
        else:
            asks = f"{attribute.column} in {', '.join(best.words)}"  # type: ignore[union-attr]
        sort = "act" if attribute.column.startswith("signal:") else "attribute"
        yield Change(
            sort, attribute.column, asks, 1, "card", 100 * best.points - have, frozenset({attribute.column})
        )


def _interval(bin: Interval) -> str:
    ends = (("from", bin.start), ("below", bin.below))
    return " ".join(f"{word} {end:g}" for word, end in ends if end is not None) or "any number"


def _that_reach(
    now: pl.DataFrame, basis: Basis, condition: str, window: Window, options: Sequence[tuple[Change, ...]]
) -> list[tuple[tuple[Change, ...], float]]:
    """The options under which the condition holds, smallest first."""
    if not options:
        return []
    gains = {
        part: [sum(change.gain for change in option if change.part == part) for option in options]
        for part in ("engagement", "fit", "card")
    }
    frame = pl.DataFrame({f"{part}_gain": values for part, values in gains.items()}).with_row_index("option")
    model = basis.model
    if model.card:
        total = int(sum(card_parts(now, basis, window).row(0)))
        results = frame.with_columns(
            score=(pl.col("card_gain") + total).clip(0, CEILING),
            probability=probability(model.card, pl.col("card_gain") + total),
        )
    else:
        sums = part_sums(now, basis, window).row(0, named=True)
        results = (
            frame.with_columns(
                (pl.col(f"{part}_gain") + int(sums[f"{part}_sum"])).clip(0, CEILING).alias(part)
                for part in ("engagement", "fit")
            )
            .with_columns(weighted(model).alias("score"), grade(model).alias("grade"))
            .with_columns(pl.col("grade").is_in(model.grade.mql).alias("is_mql_grade"))
        )
    names = [name for name in results.columns if name != "option" and not name.endswith("_gain")]
    fresh = in_points(results.select("option", *names)).rename(
        {name: f"{model.prefix}{name}" for name in names}
    )
    same = now.drop([f"{model.prefix}{name}" for name in names], strict=False)
    reached = same.join(fresh, how="cross").filter(expression(condition))
    found = [
        (options[number], float(score))
        for number, score in reached.select("option", f"{model.prefix}score").iter_rows()
    ]
    found.sort(key=lambda each: (sum(change.times for change in each[0]), each[1], str(each[0])))
    # Of the same changes only the fewest times are told.
    fewest = {tuple(change.rule for change in option): (option, score) for option, score in reversed(found)}
    return sorted(fewest.values(), key=lambda each: (each[1], str(each[0])))


def as_if_without(activities: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The activities once for each of `keys`, without that act, under the key as person_key."""
    worlds = pl.DataFrame({"without": keys}, schema={"without": pl.String})
    others = activities.join(worlds, how="cross").filter(pl.col("activity_key") != pl.col("without"))
    return others.with_columns(person_key="without").drop("without")
