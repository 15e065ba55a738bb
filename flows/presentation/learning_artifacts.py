"""What a manager reads about learning: how good a card is, what it prefers, whether it still foresees."""

from collections.abc import Iterator
from pathlib import Path

from engine.learning.check import Checked
from engine.learning.learn import Learned
from engine.learning.metrics import Measures
from flows.presentation.learning_screens import MEANING, NO_BETTER, drift_line, source_lines
from flows.presentation.markdown import listed, table
from schemas.playbook.scorecard import Attribute, Interval, NumberAttribute, Scorecard, Seen, Words
from tasks.learning.handovers import Handovers

SHOWN = 12
NOW = """\
## What now

Nothing is in force. The scorecard is the file `{file}` in `{folder}` of the playbook's folder: read it, edit its
points, commit it, and name it in a model of `scoring.yaml`.
"""


def learned(result: Learned, handovers: Handovers, path: Path, text: str) -> str:
    """The card beside the present rules, what speaks for and against, what to do with it, and the file's `text`."""
    verdict = NO_BETTER if result.is_no_better_than_chance else _compared(result)
    if result.shaky:
        verdict += f" It rests on only {result.rarer} of the rarer outcome: mind the intervals."
    leaks = [f"{s.column}: {'; '.join(s.evidence)}" for s in result.flagged]
    return "".join(
        [
            f"**{verdict}**\n\n",
            listed("Learned from", source_lines(handovers)),
            f"Learned from the earlier {result.earlier:,}, judged on the later {result.later:,}.\n\n",
            table(
                "How good",
                ["", "AUC", "95 % interval", "lift at 10 %", "calibration error"],
                [_measured(name, m) for name, m in result.measures.items()],
            ),
            f"{MEANING}\n\n",
            table("What speaks for a person", *_weighed(result.card, sign=1)),
            table("What speaks against", *_weighed(result.card, sign=-1)),
            listed("Left out, because it knows the outcome", leaks),
            NOW.format(file=path.name, folder=path.parent.name),
            f"\n```yaml\n{text.rstrip()}\n```\n",
        ]
    )


def checked(found: Checked) -> str:
    """Window by window, predicted beside seen."""
    rows = [
        (start, end, w.end - w.start, f"{w.predicted:.1%}", f"{w.seen:.1%}", "drift" if w.alarms else "")
        for w, start, end in zip(found.windows, found.starts, found.ends, strict=True)
    ]
    return f"**{drift_line(found)}**\n\n" + table(
        "Windows", ["from", "until", "handovers", "predicted", "seen", ""], rows
    )


def _compared(result: Learned) -> str:
    card, rules = result.measures["scorecard"], result.measures.get("present rules")
    told = f"On later handovers the scorecard has an AUC of {card.auc:.2f}"
    return f"{told}, the present score {rules.auc:.2f}." if rules else f"{told}."


def _measured(name: str, m: Measures) -> tuple[object, ...]:
    low, high = m.auc_interval
    return (name, f"{m.auc:.3f}", f"{low:.2f}–{high:.2f}", f"{m.lift:.2f}", f"{m.calibration_error:.3f}")


def _weighed(card: Scorecard, sign: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """The bins that weigh most in one direction, with what they were learned from."""
    bins = [bin for attribute in card.attributes for bin in _bins(attribute) if sign * bin[1].points > 0]
    bins.sort(key=lambda named: -abs(named[1].points))
    columns = ["", "points", "handovers", card.label]
    return columns, [(name, f"{b.points:+d}", b.rows, f"{b.rate:.0%}") for name, b in bins[:SHOWN]]


def _bins(attribute: Attribute) -> Iterator[tuple[str, Seen]]:
    for bin in attribute.bins:
        yield f"{attribute.column}: {_said(bin)}", bin
    if not isinstance(attribute, NumberAttribute):
        yield f"{attribute.column}: anything else", attribute.other
    yield f"{attribute.column}: not known", attribute.missing


def _said(bin: Interval | Words) -> str:
    if isinstance(bin, Words):
        return ", ".join(bin.words)
    ends = [
        f"from {bin.start:g}" if bin.start is not None else "",
        f"below {bin.below:g}" if bin.below is not None else "",
    ]
    return " ".join(end for end in ends if end) or "any number"
