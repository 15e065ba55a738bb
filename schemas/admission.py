"""The door: raw text in, typed good rows and quarantined bad rows out, with every reason.

Three steps, because pandera's own coercion hides which cell was bad: parse each column explicitly and compare nulls
before and after; validate the typed frame lazily; split the rows that pandera names off. A fault of the whole frame
(a missing or unknown column) is not a bad row: it raises `BatchRefused`, since no row of it can be trusted.
"""

import json
from dataclasses import dataclass

import pandera.errors
import polars as pl

from schemas.frames.base import Frame, columns, dtypes

ROW = "__row"
TRUE_WORDS = ["true", "1", "1.0", "yes"]
FALSE_WORDS = ["false", "0", "0.0", "no"]


class BatchRefused(Exception):
    """A whole page does not have the shape that was agreed; nothing of it is stored."""


@dataclass(frozen=True)
class Admission:
    """What the door let in. `rejected` has columns key: String, reasons: List[String], raw: String (JSON)."""

    good: pl.DataFrame
    rejected: pl.DataFrame


def admit(raw: pl.DataFrame, model: type[Frame], key: str) -> Admission:
    """Parses and validates one page of text columns. Rows keep their order; `key` names them in quarantine."""
    _check_columns(raw, model)
    typed, reasons = _parse(raw, model)
    reasons = reasons | {}
    for row, reason in _storage_faults(raw):
        reasons.setdefault(row, []).append(reason)
    for row, reason in _model_faults(typed, model):
        reasons.setdefault(row, []).append(reason)
    if not reasons:
        return Admission(typed, _rejected([], []))
    bad = sorted(reasons)
    mask = pl.Series(range(len(raw))).is_in(bad)
    keys = raw[key].gather(bad).fill_null("?").to_list()
    raws = [json.dumps(row, default=str) for row in raw.filter(mask).iter_rows(named=True)]
    rejected = _rejected(
        keys, [(list(dict.fromkeys(reasons[i])), text) for i, text in zip(bad, raws, strict=True)]
    )
    return Admission(typed.filter(~mask), rejected)


def _rejected(keys: list[str], details: list[tuple[list[str], str]]) -> pl.DataFrame:
    schema = columns(key=pl.String, reasons=pl.List(pl.String), raw=pl.String)
    rows = [(key, reasons, raw) for key, (reasons, raw) in zip(keys, details, strict=True)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _check_columns(raw: pl.DataFrame, model: type[Frame]) -> None:
    expected, got = set(dtypes(model)), set(raw.columns)
    if expected != got:
        missing, unknown = sorted(expected - got), sorted(got - expected)
        raise BatchRefused(f"{model.__name__}: columns missing {missing}, unknown {unknown}")


def _parse(raw: pl.DataFrame, model: type[Frame]) -> tuple[pl.DataFrame, dict[int, list[str]]]:
    wanted = dtypes(model)
    typed = raw.select(_parsed(name, dtype, raw.schema[name]).alias(name) for name, dtype in wanted.items())
    reasons: dict[int, list[str]] = {}
    for name, dtype in wanted.items():
        if dtype == pl.String or raw.schema[name] == dtype:
            continue
        lost = raw[name].is_not_null() & typed[name].is_null()
        for row in lost.arg_true().to_list():
            reasons.setdefault(row, []).append(f"{name}: not {_name(dtype)}")
    return typed, reasons


def _parsed(name: str, wanted: pl.DataType, given: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if given == wanted:
        return column
    if given == pl.Null:
        return column.cast(wanted)
    text = column.cast(pl.String)
    if wanted == pl.Boolean:
        word = text.str.to_lowercase().str.strip_chars()
        return pl.when(word.is_in(TRUE_WORDS)).then(True).when(word.is_in(FALSE_WORDS)).then(False)
    if wanted == pl.Int64:
        # "3.0" is a whole number on some wires; 3.5 is not one.
        number = text.str.strip_chars().cast(pl.Float64, strict=False)
        return pl.when(number == number.floor()).then(number.cast(pl.Int64, strict=False))
    if wanted == pl.Float64:
        return text.str.strip_chars().cast(pl.Float64, strict=False)
    if isinstance(wanted, pl.Datetime):
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
    return text


def _name(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "an instant"
    names = {pl.Boolean(): "true or false", pl.Int64(): "a whole number", pl.Float64(): "a number"}
    return next((name for known, name in names.items() if dtype == known), str(dtype))


def _storage_faults(raw: pl.DataFrame) -> list[tuple[int, str]]:
    """A NUL can't be kept by PostgreSQL: such a row is quarantined on every database alike."""
    faults: list[tuple[int, str]] = []
    for name, dtype in raw.schema.items():
        if dtype == pl.String:
            found = raw[name].str.contains("\0", literal=True).fill_null(False)
            faults.extend((row, f"{name}: contains a NUL character") for row in found.arg_true().to_list())
    return faults


def _model_faults(typed: pl.DataFrame, model: type[Frame]) -> list[tuple[int, str]]:
    if typed.is_empty():
        return []  # its columns are checked; the checks of nothing would be most of the work of a quiet sync
    try:
        model.validate(typed, lazy=True)
    except pandera.errors.SchemaErrors as failure:
        cases = failure.failure_cases
        whole = cases.filter(pl.col("index").is_null())
        if len(whole):
            named = whole.select("column", "check").rows()
            raise BatchRefused(f"{model.__name__}: {named}") from None
        return [
            (row, f"{column}: {_plain(check)}")
            for row, column, check in cases.select("index", "column", "check").rows()
        ]
    return []


_PLAIN = {
    "not_nullable": "missing",
    "str_matches": "has not the form it must have",
    "str_length": "too long, or empty",
    "greater_than_or_equal_to": "too small",
    "less_than_or_equal_to": "too large",
    "isin": "not one of the known words",
}


def _plain(check: str) -> str:
    """What a person reads instead of a check's name."""
    return next((words for name, words in _PLAIN.items() if check.startswith(name)), check)
