"""Text to tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from simulator.salesforce.soql.errors import SoqlError

MAX_QUERY = 100_000


class Kind(Enum):
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    SYMBOL = "symbol"
    END = "end of query"


@dataclass(frozen=True)
class Token:
    """`text` is what stands in the query.

    For a string, `value` is what it means, and `pattern` what LIKE makes of it (with `\\` as escape).
    """

    kind: Kind
    text: str
    position: int
    value: str = ""
    pattern: str = ""

    def is_word(self, *words: str) -> bool:
        return self.kind is Kind.NAME and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind is Kind.SYMBOL and self.text in symbols


_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|z|[+-]\d{2}:?\d{2}))
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
  | (?P<name>[A-Za-z][A-Za-z0-9_]*)
  | (?P<symbol><=|>=|!=|<>|[=<>(),.:])
  | (?P<quote>')
    """,
    re.VERBOSE | re.ASCII,
)
# One character: a UTF-16 unit, or the two units of a character beyond the first plane. Half a pair is none.
_CODED = re.compile(
    r"""
    \\u([0-9a-c][0-9a-f]{3} | d[0-7][0-9a-f]{2} | [ef][0-9a-f]{3})
  | \\u(d[89ab][0-9a-f]{2}) \\u(d[c-f][0-9a-f]{2})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def tokens(query: str) -> list[Token]:
    """The query's tokens, ended by one of kind END."""
    if len(query) > MAX_QUERY:
        raise SoqlError(
            "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.", query
        )
    found: list[Token] = []
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise SoqlError(
                "MALFORMED_QUERY", f"line 1:{at} no viable alternative at character '{query[at]}'", query
            )
        kind = match.lastgroup
        if kind == "quote":
            token, at = _string(query, at)
            found.append(token)
            continue
        if kind != "space":
            assert kind is not None
            found.append(Token(Kind(kind), match.group(), at))
        at = match.end()
    found.append(Token(Kind.END, "<EOF>", len(query)))
    return found


def _string(query: str, start: int) -> tuple[Token, int]:
    value: list[str] = []
    pattern: list[str] = []
    at = start + 1
    while at < len(query):
        char = query[at]
        if char == "'":
            text = query[start : at + 1]
            return Token(Kind.STRING, text, start, "".join(value), "".join(pattern)), at + 1
        if char != "\\":
            value.append(char)
            pattern.append(char)
            at += 1
            continue
        escape = query[at + 1 : at + 2]
        if escape in ("_", "%"):
            value.append(escape)
            pattern.append("\\" + escape)
            at += 2
        elif coded := _CODED.match(query, at):
            units = "".join(unit for unit in coded.groups() if unit)
            decoded = bytes.fromhex(units).decode("utf-16-be")
            value.append(decoded)
            pattern.append(_literal(decoded))
            at = coded.end()
        elif escape and escape.lower() in _ESCAPES:
            decoded = _ESCAPES[escape.lower()]
            value.append(decoded)
            pattern.append(_literal(decoded))
            at += 2
        else:
            raise SoqlError(
                "MALFORMED_QUERY",
                f"Invalid string literal '{query[start + 1 : at + 2]}'. Illegal character "
                f"sequence '\\{escape}' in string literal.",
                query,
                at,
            )
    raise SoqlError("MALFORMED_QUERY", "unterminated string literal", query, start)


def _literal(char: str) -> str:
    """An escaped character stands for itself in LIKE too."""
    return "\\" + char if char in "\\%_" else char
