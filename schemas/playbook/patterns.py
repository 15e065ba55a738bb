"""Regular expressions of a playbook, checked at load time by the engine that will run them."""

import re
from typing import Annotated

import polars as pl
from pydantic import AfterValidator


def _compiles(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as fault:
        reason = " ".join(str(fault).split())[:160]
        raise ValueError(f"not a regular expression (Rust syntax, no look-around): {reason}") from None
    return pattern


def _says_something(word: str) -> str:
    if pl.Series([""]).str.contains(f"^(?:{word})$").item():
        raise ValueError(f"{word!r} is found in every text; a word has at least one letter")
    return word


def _compiles_in_python(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as fault:
        raise ValueError(f"not a regular expression: {fault}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""Matched anywhere in a text; write `(?i)` for any case."""

TextPattern = Annotated[str, AfterValidator(_compiles_in_python)]
"""Matched anywhere in one text at a time, in any case: regular expressions as Python reads them."""

Words = Annotated[str, AfterValidator(_compiles), AfterValidator(_says_something)]
"""Matched as whole words in any case: `intern` is found in "Marketing Intern", not in "Internal Audit"."""


def any_of_words(words: list[str]) -> str | None:
    """One pattern that finds any of the words as a whole; None for an empty list."""
    return rf"(?i)\b(?:{'|'.join(words)})\b" if words else None
