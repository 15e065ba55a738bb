"""The funnel of one line: what the ledger's standings add up to, as numbers and as a picture.

The way to MQL is everybody's, the way from there on belongs to people who were handed over: two scales, so that
a hundred MQLs can be seen beside fifty thousand people. Whom sales found by itself is told apart, never mixed in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from flows.presentation.words import shown
from ledger.decisions.funnel import Standing

MQL, SAL = "mql", "sal"


@dataclass(frozen=True)
class Step:
    """One stage: who ever came this far, who stands there now, and who stands there by sales alone, counted apart."""

    stage: str
    came: int
    now: int
    found_by_sales: int
    share: float | None  # of those who came to the stage before

    @property
    def after(self) -> str:
        return "" if self.share is None else f"{self.share:.1%}"


def steps(standings: Iterable[Standing], path: Sequence[str]) -> list[Step]:
    """The stages of the path in order. Up to MQL everybody counts, from MQL on whom a handover brought there."""
    groups = list(standings)
    found: list[Step] = []
    for place, stage in enumerate(path):
        here = [group for group in groups if _came(group, place, stage, path)]
        is_handover = place >= path.index(MQL)
        came = sum(group.people for group in here if group.was_mql or not is_handover)
        before = found[-1].came if found else 0
        standing = [group for group in groups if group.stage == stage]
        now = sum(group.people for group in standing if group.was_mql or not is_handover)
        alone = sum(group.people for group in standing) - now
        found.append(Step(stage, came, now, alone, came / before if before else None))
    return found


def aside(standings: Iterable[Standing], path: Sequence[str]) -> dict[str, int]:
    """People who stand beside the path: recycled, disqualified."""
    counts: dict[str, int] = {}
    for group in standings:
        if group.stage not in path:
            counts[group.stage] = counts.get(group.stage, 0) + group.people
    return counts


def _came(group: Standing, place: int, stage: str, path: Sequence[str]) -> bool:
    if stage == MQL:
        return group.was_mql
    if stage == SAL:
        return group.was_sal
    return group.furthest >= place or (group.was_mql and place < path.index(MQL))


WIDTH, ROW, LEFT, BAR, NOTE, EDGE = 900, 46, 152, 362, 542, 24
INK, DIM, RULE, PAPER = "#1f2933", "#66727f", "#e4e7eb", "#ffffff"
TO_MQL, FROM_MQL, TRACK = "#3b6fd4", "#12866b", "#f1f4f8"
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def picture(title: str, path_steps: Sequence[Step], beside: dict[str, int]) -> str:
    """The funnel as SVG on paper of its own: Prefect shows it on light and on dark pages."""
    cut = next((n for n, step in enumerate(path_steps) if step.stage == MQL), len(path_steps))
    body, top = _panel("Everybody in the ledger", path_steps[:cut], TO_MQL, 62)
    handed, top = _panel("Handed over to sales", path_steps[cut:], FROM_MQL, top + 16)
    if beside:
        told = "beside the path: " + ", ".join(f"{n:,} {stage}" for stage, n in sorted(beside.items()))
        handed.append(_text(LEFT, top + 16, told, 13, DIM))
        top += 24
    height = top + 18
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" role="img">'
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="{PAPER}"/>'
        f"{_text(EDGE, 38, title, 19, INK, weight=600)}{''.join([*body, *handed])}</svg>"
    )


def _panel(name: str, of: Sequence[Step], colour: str, top: int) -> tuple[list[str], int]:
    """One scale: the longest bar has the whole width. Gives the drawing and where it ends."""
    if not of:
        return [], top
    parts = [
        f'<line x1="{EDGE}" y1="{top}" x2="{WIDTH - EDGE}" y2="{top}" stroke="{RULE}"/>',
        _text(EDGE, top + 23, name, 13, DIM),
        _text(NOTE, top + 23, "there now", 13, DIM),
        _text(WIDTH - EDGE, top + 23, "of the stage before", 13, DIM, anchor="end"),
    ]
    full = max(step.came for step in of) or 1
    for number, step in enumerate(of):
        parts += _row(step, step.came / full, colour, top + 34 + number * ROW)
    return parts, top + 34 + len(of) * ROW


def _row(step: Step, length: float, colour: str, y: int) -> list[str]:
    wide = max(BAR * length, 3 if step.came else 0)
    line = y + 25
    is_long = length > 0.8  # no room beside it
    number_at, number_ink = (LEFT + 12, PAPER) if is_long else (LEFT + wide + 10, INK)
    parts = [
        _text(EDGE, line, shown(step.stage), 16, INK, weight=600),
        _bar(y, BAR, TRACK),
        _bar(y, wide, colour),
        _text(number_at, line, f"{step.came:,}", 16, number_ink, weight=600),
        _text(NOTE, line, f"{step.now:,}", 16, INK),
        _text(WIDTH - EDGE, line, step.after, 16, INK, weight=600, anchor="end"),
    ]
    if step.found_by_sales:
        told = f"and {step.found_by_sales:,} by sales alone"
        parts.append(_text(NOTE + 16 + 10 * len(f"{step.now:,}"), line, told, 13, DIM))
    return parts


def _bar(y: int, wide: float, colour: str) -> str:
    size = f'x="{LEFT}" y="{y + 4}" width="{wide:.1f}" height="{ROW - 14}" rx="{min(5, wide / 2):.1f}"'
    return f'<rect {size} fill="{colour}"/>'


def _text(
    x: float, y: float, text: str, size: int, fill: str, *, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
