"""Proposed fit rules as YAML, ready to be pasted under `fit:` in scoring.yaml once somebody has thought about them."""

import json
import re
from collections.abc import Iterable

from engine.learning.profile import Cell


def fit_rules(cells: Iterable[Cell]) -> str:
    """One line per cell with points, with its numbers as a comment; empty without any."""
    lines: list[str] = []
    taken: set[str] = set()
    for cell in cells:
        name = _id(cell, taken)
        taken.add(name)
        condition = json.dumps(cell.condition, ensure_ascii=False)
        told = (
            f"{cell.won.share:.0%} of the won, {cell.base.share:.0%} of all, {cell.won.companies} companies"
        )
        lines.append(f"  - {{id: {name}, when: {condition}, points: {cell.points}}}  # {told}\n")
    return "".join(["fit:\n", *lines]) if lines else ""


def _id(cell: Cell, taken: set[str]) -> str:
    """`profile_industry_technology`; numbered where two values give the same, or nothing, in ASCII."""
    words = re.sub(r"[^a-z0-9]+", "_", f"profile_{cell.attribute}_{cell.value}".lower()).strip("_")[:60]
    name, number = words, 2
    while name in taken:
        name, number = f"{words}_{number}", number + 1
    return name
