"""Tables in and out of files for the learned scorecard; what is learned is decided in `engine.learning`."""

from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from schemas.playbook.faults import Fault, PlaybookFaults, place
from schemas.playbook.scorecard import Calibration, Scorecard

SCORECARDS = "scorecards"
"""Folder inside the playbook's where cards lie that a model may name."""

HEADER = """\
A learned scorecard. Score = base + the points of one bin per attribute, added up and nothing else.
Points may be edited by hand: whole numbers, {doubling} points double the odds. `rows` and `rate` say what
each bin was learned from. Probability = 1 / (1 + exp(-(intercept + slope * score)));
`mqlflow learn --recalibrate FILE` renews only `calibration`.
"""


class NoTable(Exception):
    """The file can't be read as a table; the message says why."""


def read_csv(path: Path) -> pl.DataFrame:
    """Every cell as text: what is a number or a date is decided by the whole column, not by its first rows."""
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except FileNotFoundError:
        raise NoTable(f"no file {path}") from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise NoTable(
            f"{path} can't be read as CSV ({type(error).__name__}): it must be UTF-8 and have a header, and no row may "
            "have more cells than the header"
        ) from None
    head = "".join(frame.columns)
    if "\0" in head or "\N{REPLACEMENT CHARACTER}" in head:
        raise NoTable(f"{path} is not UTF-8: save it as such")
    if frame.width == 1 and (apart := next((mark for mark in ";\t|" if mark in head), None)):
        raise NoTable(f"{path} has one column: its cells are set apart by {apart!r}; save it with commas")
    if not frame.height:
        raise NoTable(f"{path} has a header and no rows")
    return frame


def load_scorecard(path: Path) -> Scorecard:
    """The card in the file; raises `PlaybookFaults` with lines for what is wrong in it."""
    return _document(path)[1]


def write_scorecard(card: Scorecard, path: Path) -> None:
    """The card as YAML: attributes as blocks, each bin on a line of its own."""
    plain = card.model_dump(mode="json", by_alias=True)
    document = CommentedMap(plain)
    document["calibration"] = CommentedMap(plain["calibration"])
    if plain["judged"]:
        document["judged"] = _in_a_line(plain["judged"])
    document["positive"] = _list_in_a_line(plain["positive"])
    document["missing_words"] = _list_in_a_line(plain["missing_words"])
    document["attributes"] = [_attribute(attribute) for attribute in plain["attributes"]]
    document.yaml_set_start_comment(HEADER.format(doubling=card.points_that_double_the_odds))
    _save(document, path)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Renews `calibration` in the file and leaves every other line, comments included, as it is."""
    document, _ = _document(path)
    for key, value in calibration.model_dump(mode="json").items():
        document["calibration"][key] = value
    _save(document, path)


def _document(path: Path) -> tuple[Any, Scorecard]:
    name = path.name
    try:
        document = _yaml().load(path.read_text(encoding="utf-8"))
        return document, Scorecard.model_validate(document)
    except FileNotFoundError:
        raise NoTable(f"no scorecard {path}; `mqlflow learn` makes one") from None
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise PlaybookFaults([Fault(name, line, "", f"not YAML: {fault.problem}")]) from None
    except ValidationError as error:
        faults = []
        for wrong in error.errors():
            line, _ = place(document, wrong["loc"])
            where = ".".join(str(step) for step in wrong["loc"])
            faults.append(Fault(name, line, "", f"{where}: {wrong['msg']}"))
        raise PlaybookFaults(faults) from None


def _attribute(plain: dict[str, Any]) -> CommentedMap:
    block = CommentedMap(plain)
    for key in ("missing", "other"):
        if key in plain:
            block[key] = _in_a_line(plain[key])
    block["bins"] = [_in_a_line(_points_last(bin)) for bin in plain["bins"]]
    return block


def _points_last(bin: dict[str, Any]) -> dict[str, Any]:
    """The value first, then what it is worth; open ends of intervals are not written."""
    value = {key: bin[key] for key in ("from", "below", "words") if bin.get(key) is not None}
    if "words" in value:
        value["words"] = _list_in_a_line(value["words"])
    return {**value, **{key: bin[key] for key in ("points", "rows", "rate")}}


def _in_a_line(plain: dict[str, Any]) -> CommentedMap:
    line = CommentedMap(plain)
    line.fa.set_flow_style()
    return line


def _list_in_a_line(plain: list[Any]) -> CommentedSeq:
    line = CommentedSeq(plain)
    line.fa.set_flow_style()
    return line


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _save(document: Any, path: Path) -> None:
    """Written beside and then moved: a crash leaves the old card, never half a one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8") as file:
        _yaml().dump(document, file)
    draft.replace(path)
