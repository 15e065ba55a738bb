"""SOQL errors as Salesforce words them: the place with a caret, then the reason."""

from __future__ import annotations

from simulator.salesforce.errors import RequestError

_CONTEXT = 60


class SoqlError(RequestError):
    """HTTP 400 with MALFORMED_QUERY, INVALID_FIELD or INVALID_TYPE, and a message that points at the place."""

    def __init__(self, code: str, message: str, query: str, position: int | None = None) -> None:
        super().__init__(400, code, message if position is None else _pointing(query, position) + message)


def _pointing(query: str, position: int) -> str:
    position = min(position, len(query))
    before = query[:position]
    row = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    line = query.split("\n")[row - 1]
    first = max(0, column - 1 - _CONTEXT)
    shown = line[first : column - 1 + _CONTEXT]
    return f"\n{shown}\n{' ' * (column - 1 - first)}^\nERROR at Row:{row}:Column:{column}\n"
