"""YAML with positions, and pydantic's errors as faults that name file, line and rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import FileMark, MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from schemas.playbook.base import Scattered
from schemas.playbook.faults import Fault, place


def read_yaml(path: Path) -> Any:
    """The document, with the positions that `faults.place` looks up; an empty file is an empty mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise MarkedYAMLError(problem=f"not UTF-8 (byte {fault.start}); save the file as UTF-8") from None
    try:
        document = YAML(typ="rt").load(text)
    except ReaderError as fault:
        code = int(fault.character)
        line = text.count("\n", 0, text.index(chr(code)))
        problem = f"the character #x{code:04x} must not stand in a file"
        raise MarkedYAMLError(problem=problem, problem_mark=FileMark(path.name, 0, line, 0)) from None
    except RecursionError:
        raise MarkedYAMLError(problem="nested too deeply") from None
    except MarkedYAMLError:
        raise
    except ValueError as fault:  # a number of thousands of digits, a date that no calendar has
        raise MarkedYAMLError(problem=str(fault)) from None
    return {} if document is None else document


def not_yaml(file: str, failure: MarkedYAMLError) -> Fault:
    line = failure.problem_mark.line + 1 if failure.problem_mark else 0
    return Fault(file, line, "", f"not YAML: {failure.problem}")


def model_faults(file: str, document: Any, failure: ValidationError) -> Iterator[Fault]:
    for error in failure.errors():
        cause = error.get("ctx", {}).get("error")
        message = error["msg"].removeprefix("Value error, ")
        found = cause.faults if isinstance(cause, Scattered) else [((), message)]
        for inner, text in found:
            path = (*error["loc"], *inner)
            line, rule = place(document, path)
            where = ".".join(str(step) for step in path)
            yield Fault(file, line, rule, f"{where}: {text}" if where else text)
