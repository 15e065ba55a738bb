"""Regular expressions of a playbook, checked at load time by the engine that will run them."""

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


Pattern = Annotated[str, AfterValidator(_compiles)]
"""Matched anywhere in a text; write `(?i)` for any case."""

Words = Annotated[str, AfterValidator(_compiles)]
"""Matched as whole words in any case: `intern` is found in "Marketing Intern", not in "Internal Audit"."""


def any_of_words(words: list[str]) -> str | None:
    """One pattern that finds any of the words as a whole; None for an empty list."""
    return rf"(?i)\b(?:{'|'.join(words)})\b" if words else None
