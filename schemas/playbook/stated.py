"""What a file states, whether or not it is whole: conditions and ids are looked at beside whatever else is wrong."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from schemas.conditions import Columns, ConditionFault, check
from schemas.playbook.base import On
from schemas.playbook.faults import Fault, place

Path = tuple[Any, ...]


def condition_faults(
    file: str, document: Any, model: type[BaseModel], columns: dict[str, Columns]
) -> Iterator[Fault]:
    for path, text, kind in _conditions(document, model, ()):
        try:
            check(text, columns[kind])
        except ConditionFault as fault:
            line, rule = place(document, path)
            yield Fault(file, line, rule, f"{'.'.join(map(str, path))}: {fault}")


def repeated_ids(file: str, document: Any) -> Iterator[Fault]:
    """Ids of one list must differ: reasons and dates of coming into force go by them."""
    for path, items in _lists(document, (), set()):
        seen: list[Any] = []
        for number, item in enumerate(items):
            if isinstance(item, dict) and "id" in item:
                if item["id"] in seen:
                    line, rule = place(document, (*path, number))
                    yield Fault(file, line, rule, f"the id {item['id']!r} is used twice in this list")
                seen.append(item["id"])


def _conditions(
    value: Any, kind: Any, path: Path, marks: Sequence[Any] = ()
) -> Iterator[tuple[Path, str, str]]:
    """Every condition in a document with its path and the sort of columns it may use, as the type of the model says."""
    columns = [mark.columns for mark in marks if isinstance(mark, On)]
    origin, inner = get_origin(kind), get_args(kind)
    if columns and isinstance(value, str):
        yield path, value, columns[0]
    elif origin is Annotated:
        yield from _conditions(value, inner[0], path, inner[1:])
    elif origin in (Union, UnionType):
        for branch in inner:
            yield from _conditions(value, branch, path)
    elif origin is list and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _conditions(item, inner[0], (*path, number))
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            yield from _conditions(item, inner[1], (*path, key))
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
        for name, field in kind.model_fields.items():
            key = field.alias or name
            if key in value:
                yield from _conditions(value[key], field.annotation, (*path, key), field.metadata)


def _lists(value: Any, path: Path, seen: set[int]) -> Iterator[tuple[Path, list[Any]]]:
    """Every list in a document with its path; what an anchor repeats is looked at once."""
    if id(value) in seen:
        return
    if isinstance(value, dict | list):
        seen.add(id(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, (*path, key), seen)
    elif isinstance(value, list):
        yield path, value
        for number, inner in enumerate(value):
            yield from _lists(inner, (*path, number), seen)
