"""The ideal client profile as people read it, on the screen and as Markdown, and as one object for machines."""

from typing import Any

from rich.console import Console
from rich.markup import escape

from engine.learning.profile import Cell
from engine.learning.proposal import fit_rules
from flows.presentation import markdown
from flows.presentation.terminal import table
from tasks.learning.profile import ClientProfile

COLUMNS = ["attribute", "value", "won", "of the won", "of all", "lift", "95 % interval", "clear", "points"]
OVERLAP = (
    "Each lift is of one value by itself; they overlap (large companies are older, too), so think before you add "
    "points up. A value is called clear when its interval stays clear of 1 with all the values that were looked at."
)
NOTHING = "Nothing stands out clearly: nothing is proposed."


def heading(found: ClientProfile) -> list[str]:
    """Whom the profile is about, and what to mind."""
    p = found.profile
    weighted = ", weighted by what they bought" if p.weighted else ""
    who = f"{p.companies:,} companies that were won ({found.people:,} people{weighted})"
    lines = [f"{who} against {p.base:,} companies and people without one who are known"]
    if found.assumed:
        lines.append(
            f"of {found.assumed:,} of these {found.people:,} people the attributes from before the win are those that "
            "were first seen later"
        )
    gaps = [
        f"{name} of {won:.0%} / {base:.0%}" for name, (won, base) in p.known.items() if min(won, base) < 0.9
    ]
    if gaps:
        lines.append(f"known (won / all): {', '.join(gaps)}; shares are of those of whom it is known")
    return lines


def show(found: ClientProfile, console: Console, all_cells: bool = False) -> None:
    """What stands out, and the rules to paste."""
    for line in heading(found):
        console.print(line, markup=False)
    console.print(table("", COLUMNS, [_row(cell) for cell in _shown(found, all_cells)]))
    console.print(OVERLAP, markup=False)
    console.print(escape(fit_rules(found.profile.proposed) or NOTHING), soft_wrap=True)


def as_markdown(found: ClientProfile) -> str:
    """The same with every value that was looked at."""
    rules = fit_rules(found.profile.proposed)
    proposal = (
        f"Into `scoring.yaml`, if they convince you:\n\n```yaml\n{rules}```\n" if rules else f"{NOTHING}\n"
    )
    return "".join(
        [
            markdown.listed("Who", heading(found)),
            markdown.table(
                "What customers have more of, or less", COLUMNS, [_row(cell) for cell in found.profile.cells]
            ),
            f"{OVERLAP}\n\n## Proposed fit points\n\n{proposal}",
        ]
    )


def as_json(found: ClientProfile) -> dict[str, Any]:
    """The same for machines."""
    p = found.profile
    return {
        "companies": p.companies,
        "people": found.people,
        "assumed": found.assumed,
        "base": p.base,
        "weighted": p.weighted,
        "known": {name: {"won": won, "base": base} for name, (won, base) in p.known.items()},
        "values": [_machine(cell) for cell in p.cells],
        "proposed": fit_rules(p.proposed),
    }


def _machine(cell: Cell) -> dict[str, Any]:
    low, high = cell.interval
    return {
        "attribute": cell.attribute,
        "value": cell.value,
        "condition": cell.condition,
        "won": cell.won.companies,
        "won_share": round(cell.won.share, 4),
        "base": cell.base.companies,
        "base_share": round(cell.base.share, 4),
        "lift": round(cell.lift, 3),
        "interval": [round(low, 3), round(high, 3)],
        "clear": cell.verdict,
        "points": cell.points,
    }


def _shown(found: ClientProfile, all_cells: bool) -> list[Cell]:
    """On a screen the values of which more can be said than nothing, but never an empty table."""
    telling = [c for c in found.profile.cells if c.interval[0] > 1 or c.interval[1] < 1]
    return found.profile.cells if all_cells or not telling else telling


def _row(cell: Cell) -> tuple[object, ...]:
    low, high = cell.interval
    return (
        cell.attribute,
        cell.value,
        cell.won.companies,
        f"{cell.won.share:.1%}",
        f"{cell.base.share:.1%}",
        f"{cell.lift:.2f}",
        f"{low:.2f}–{high:.2f}",
        cell.verdict,
        f"{cell.points:+d}" if cell.points else "",
    )
