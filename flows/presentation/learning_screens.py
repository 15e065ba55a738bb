"""What `mqlflow learn` prints: how good the card is beside the others, what the guard found, what drifted."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from engine.learning.check import Checked
from engine.learning.learn import Learned
from engine.learning.table import is_by
from flows.presentation.terminal import table
from schemas.playbook.scorecard import Calibration, Scorecard
from tasks.learning.handovers import Handovers

MEASURES = ["", "AUC (95 %)", "PR AUC", "Brier", "calibration error", "lift at 10 % (95 %)"]
MEANING = (
    "AUC: how often a row with the outcome scores above one without; 0.5 is a coin's, 1 the best. Brier and "
    "calibration error: how far the probabilities are off, 0 the best. Lift: how many times the common rate the best "
    "tenth has."
)
NOT_NEWER = (
    "Some of these rows are not newer than those that the card was calibrated on: whether it still foresees, only "
    "newer ones tell."
)
NO_BETTER = "On the later rows the scorecard is not told apart from chance: don't put it in force."


def learned(result: Learned, out: Path, console: Console, handovers: Handovers | None = None) -> None:
    """Measures on the later rows, the guard's findings, and where the card is."""
    if handovers is not None:
        for line in source_lines(handovers):
            console.print(escape(line))
    console.print(
        f"{result.earlier + result.later} rows in order of time: learned from the earlier {result.earlier}, "
        f"judged on the later {result.later}"
        + (f"; {result.undecided} without an outcome or time left aside" if result.undecided else "")
    )
    measured = [
        (
            name,
            f"{m.auc:.3f} ({m.auc_interval[0]:.2f}–{m.auc_interval[1]:.2f})",
            f"{m.pr_auc:.3f}",
            f"{m.brier:.4f}",
            f"{m.calibration_error:.3f}",
            f"{m.lift:.2f} ({m.lift_interval[0]:.2f}–{m.lift_interval[1]:.2f})",
        )
        for name, m in result.measures.items()
    ]
    console.print(table("", MEASURES, measured))
    console.print(MEANING, markup=False)
    if result.shaky:
        low, high = result.measures["scorecard"].auc_interval
        console.print(
            f"Only {result.rarer} rows of the rarer outcome: "
            f"the true AUC may lie anywhere from {low:.2f} to {high:.2f}."
        )
    if result.is_no_better_than_chance:
        console.print(f"[bold]{NO_BETTER}[/bold]")
    for suspicion in result.flagged:
        done = "kept because you said so" if suspicion.column in result.kept else "left out"
        console.print(f"[bold]leak[/bold] {escape(suspicion.column)}: {done}")
        for line in suspicion.evidence:
            console.print(f"  {escape(line)}")
    if not result.flagged:
        console.print("The leak guard flags no column.")
    console.print(
        f"{len(result.card.attributes)} attributes in {escape(str(out))}: read it, edit it, commit it."
    )


def source_lines(handovers: Handovers) -> list[str]:
    """Which handovers taught, which were left aside and why."""
    of = ", ".join(f"{n:,} {origin}" for origin, n in handovers.origins.most_common())
    lines = [
        f"{len(handovers.frame):,} handovers with an outcome ({handovers.outcome} or not): {of or 'none'}"
    ]
    if handovers.aside:
        lines.append("left aside: " + ", ".join(f"{n:,} {why}" for why, n in handovers.aside.most_common()))
    if handovers.assumed:
        lines.append(
            f"{handovers.assumed:,} of them lie in a backfilled past and rest on attributes as they were first seen "
            "later: what sales corrected since then is in them"
        )
    return lines


def learned_json(result: Learned, out: Path, handovers: Handovers | None = None) -> dict[str, Any]:
    """The same for machines."""
    source = (
        {
            "outcome": handovers.outcome,
            "origins": dict(handovers.origins),
            "aside": dict(handovers.aside),
            "assumed": handovers.assumed,
        }
        if handovers
        else None
    )
    return {
        **({"handovers": source} if source else {}),
        "scorecard": str(out),
        "rows": {"earlier": result.earlier, "later": result.later, "undecided": result.undecided},
        "rarer_outcomes": result.rarer,
        "no_better_than_chance": result.is_no_better_than_chance,
        "measures": {name: asdict(measures) for name, measures in result.measures.items()},
        "leaks": [
            {"column": s.column, "evidence": s.evidence, "kept": s.column in result.kept}
            for s in result.flagged
        ],
        "attributes": [attribute.column for attribute in result.card.attributes],
    }


def checked(found: Checked, console: Console) -> None:
    """Window by window, predicted beside seen; the last line says whether it is an alarm."""
    windows = [
        (
            start,
            end,
            window.end - window.start,
            f"{100 * window.predicted:.1f} %",
            f"{100 * window.seen:.1f} %",
            f"{window.errors:+.1f}",
            "drift" if window.alarms else "",
        )
        for window, start, end in zip(found.windows, found.starts, found.ends, strict=True)
    ]
    columns = ["from", "until", "rows", "predicted", "seen", "standard errors apart", ""]
    console.print(table("", columns, windows))
    if found.not_newer:
        console.print(NOT_NEWER)
    console.print(drift_line(found))


def drift_line(found: Checked) -> str:
    """Whether it is an alarm, and what to do."""
    area = f", AUC {found.auc:.3f}" if found.auc is not None else ""
    if area and found.learned_auc is not None:
        area += f" ({found.learned_auc:.3f} when it was learned)"
    alarms = sum(window.alarms for window in found.windows)
    if alarms:
        return (
            f"ALARM: in {alarms} of {len(found.windows)} windows the seen rate left the predicted one{area}. "
            "Renew the probabilities with `mqlflow learn --recalibrate`, or learn anew if the AUC has fallen too."
        )
    return f"No drift: seen rates agree with predicted ones in {len(found.windows)} windows{area}."


def check_json(found: Checked) -> dict[str, Any]:
    """The same for machines."""
    pairs = zip(found.windows, found.starts, found.ends, strict=True)
    return {
        "drifted": found.drifted,
        "rows": found.rows,
        "outcomes": found.outcomes,
        "auc": found.auc,
        "learned_auc": found.learned_auc,
        "not_newer": found.not_newer,
        "windows": [
            {**asdict(window), "from": start, "until": end, "alarms": window.alarms}
            for window, start, end in pairs
        ],
    }


def recalibrated(card: Scorecard, calibration: Calibration, path: Path, console: Console) -> None:
    """What an average score meant before and means now."""
    before, now = card.calibration.probability(card.base), calibration.probability(card.base)
    console.print(
        f"{escape(str(path))}: calibration renewed on {calibration.rows} rows; a score of {card.base} means "
        f"{100 * now:.1f} % now, {100 * before:.1f} % before. No points changed."
    )
    if is_by(calibration.since, card.calibration.until):
        console.print(NOT_NEWER)
