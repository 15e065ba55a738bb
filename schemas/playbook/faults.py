"""Faults of a playbook: each with file, line and rule, all found in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing wrong. `line` counts from 1, 0 is the whole file; `rule`: the nearest `id`, empty if there is none."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        rule = f" rule {self.rule}:" if self.rule else ""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}:{rule} {self.message}"


class PlaybookFaults(Exception):
    """A playbook that can't be used. Nothing was run."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.message))
        count = f"{len(self.faults)} fault{'s' if len(self.faults) > 1 else ''}"
        super().__init__("\n".join([f"The playbook has {count}; nothing was run.", *map(str, self.faults)]))


def place(document: Any, path: Sequence[Any]) -> tuple[int, str]:
    """Line (from 1) and nearest rule id of a path into a document that ruamel.yaml read with positions."""
    node, line, rule = document, 1, ""
    for step in path:
        position = getattr(node, "lc", None)
        try:
            if isinstance(node, dict) and step in node and position is not None:
                line = position.key(step)[0] + 1
            elif isinstance(node, list) and position is not None:
                line = position.item(step)[0] + 1
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break  # the path goes on into what pydantic added: a union's branch, a missing key
        if isinstance(node, dict) and "id" in node:
            rule = str(node["id"])
    return line, rule
