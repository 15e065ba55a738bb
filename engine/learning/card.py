"""A fit as the card that people read: words with the same points stand together, best first."""

import numpy as np

from engine.learning.binning import Binning, Codes
from engine.learning.fit import BASE, Fitted
from engine.learning.leaks import Suspicion
from engine.learning.metrics import Measures
from engine.learning.table import Table
from engine.scoring.cells import MISSING_WORDS
from schemas.playbook.scorecard import (
    Attribute,
    Calibration,
    Interval,
    Judged,
    LeftOut,
    NumberAttribute,
    Scorecard,
    Seen,
    WordAttribute,
    Words,
)


def card(
    table: Table, fitted: Fitted, flagged: list[Suspicion], judged: Measures, span: tuple[str, str]
) -> Scorecard:
    """The card; `span` is the first and last value of the time column as written in the table."""
    columns = {column.name: column.values for column in table.columns}
    attributes = [
        _attribute(binning, points, binning.codes(columns[binning.column]), table)
        for binning, points in zip(fitted.bins, fitted.points, strict=True)
    ]
    leaking = [LeftOut(column=s.column, why="leak: " + "; ".join(s.evidence)) for s in flagged]
    read = {attribute.column for attribute in attributes} | {s.column for s in flagged}
    silent = [LeftOut(column=name, why="says next to nothing") for name in columns if name not in read]
    useless = [LeftOut(column=name, why=why) for name, why in table.dropped.items()]
    ones = int(table.outcome.sum())
    return Scorecard(
        label=table.label,
        positive=table.positive,
        time=table.time,
        rows=len(table.outcome),
        outcomes=ones,
        since=span[0],
        until=span[1],
        base=BASE,
        points_that_double_the_odds=fitted.doubling,
        calibration=Calibration(
            intercept=fitted.intercept,
            slope=fitted.slope,
            rows=len(table.outcome) - fitted.calibrated_from,
            outcomes=int(table.outcome[fitted.calibrated_from :].sum()),
            since=str(table.raw[table.time][fitted.calibrated_from]),
            until=span[1],
        ),
        judged=as_judged(judged),
        missing_words=list(MISSING_WORDS),
        attributes=attributes,
        left_out=leaking + silent + useless,
    )


def as_judged(measures: Measures) -> Judged:
    """The measures, rounded to what rows of this number can tell."""
    return Judged(
        rows=measures.rows,
        outcomes=measures.outcomes,
        auc=round(measures.auc, 4),
        auc_interval=[round(end, 4) for end in measures.auc_interval],
        pr_auc=round(measures.pr_auc, 4),
        brier=round(measures.brier, 4),
        calibration_error=round(measures.calibration_error, 4),
        lift=round(measures.lift, 3),
    )


def _attribute(binning: Binning, points: Codes, codes: Codes, table: Table) -> Attribute:
    size = np.bincount(codes, minlength=binning.size)
    ones = np.bincount(codes, weights=table.outcome, minlength=binning.size)

    def seen(*bins: int) -> dict[str, int | float]:
        rows, found = sum(int(size[i]) for i in bins), sum(float(ones[i]) for i in bins)
        return {"points": int(points[bins[0]]), "rows": rows, "rate": round(found / rows, 4) if rows else 0.0}

    missing = Seen.model_validate(seen(0))
    if binning.kind == "number":
        ends: list[float | None] = [None, *binning.edges, None]
        bins = [
            Interval.model_validate({"from": ends[i], "below": ends[i + 1], **seen(i + 2)})
            for i in range(len(ends) - 1)
        ]
        return NumberAttribute(column=binning.column, kind="number", bins=bins, missing=missing)
    groups: dict[int, list[int]] = {}
    for index in range(len(binning.words)):
        groups.setdefault(int(points[index + 2]), []).append(index)
    words = [
        Words.model_validate(
            {
                "words": [
                    table.spellings.get(f"{binning.column}\0{binning.words[i]}", binning.words[i])
                    for i in group
                ],
                **seen(*[i + 2 for i in group]),
            }
        )
        for _, group in sorted(groups.items(), reverse=True)
    ]
    other = Seen.model_validate(seen(1))
    return WordAttribute(column=binning.column, kind="word", bins=words, other=other, missing=missing)
