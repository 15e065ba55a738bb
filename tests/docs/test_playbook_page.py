"""docs/playbook.md names every key and column that there is, none that there is not, and its examples are valid."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import polars as pl
import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from schemas.conditions import check
from schemas.playbook.base import On
from schemas.playbook.columns import condition_columns
from schemas.playbook.load import FILES, load_playbook
from schemas.playbook.platforms import ExtraField
from schemas.playbook.scoring import Scoring
from tests.docs.pages import REPOSITORY, code, page, rows

PAGE = page("docs/playbook.md")
WRITTEN_AS = {"lasts": "for"}
"""Keys that are Python keywords have another name in the model."""
TYPES: dict[str, list[type[pl.DataType]]] = {
    "text": [pl.String],
    "number": [pl.Float64, pl.Int64],
    "boolean": [pl.Boolean],
    "instant": [pl.Datetime],
    "list": [pl.List],
}


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        path = prefix + WRITTEN_AS.get(name, field.alias or name)
        yield path, field
        yield from _inner(field.annotation, path)


def _inner(annotation: Any, path: str) -> Iterator[tuple[str, FieldInfo]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from keys_of(annotation, f"{path}.")
    elif origin is list:
        yield from _inner(arguments[0], f"{path}[]")
    elif origin is dict:
        yield from _inner(arguments[1], f"{path}.*")
    elif origin in (Union, types.UnionType):
        for branch in arguments:
            yield from _inner(branch, path)
    elif origin is Annotated:
        yield from _inner(arguments[0], path)


def told(file: str) -> dict[str, str]:
    """Key → example, as the page's table of a file has them."""
    return {code(cells[0]): cells[2] for cells in rows(PAGE.section(f"{file}.yaml"))}


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_a_file_is_explained_and_no_other(file: str) -> None:
    assert set(told(file)) == {path for path, _ in keys_of(FILES[file])}


@pytest.mark.parametrize("file", FILES)
def test_every_example_is_a_value_that_the_key_takes(file: str) -> None:
    examples = {path: example for path, example in told(file).items() if example != "–"}
    columns = condition_columns({"business_line": ExtraField()})
    for path, field in keys_of(FILES[file]):
        if path in examples:
            value = YAML(typ="safe").load(code(examples[path]))
            wanted: Any = Annotated[field.annotation, path, *field.metadata]
            TypeAdapter(wanted).validate_python(value)
            for mark in _marks(field):
                check(value, columns[mark.columns])


def _marks(field: FieldInfo) -> list[On]:
    found = [mark for mark in field.metadata if isinstance(mark, On)]
    for branch in get_args(field.annotation):
        found += [mark for mark in getattr(branch, "__metadata__", ()) if isinstance(mark, On)]
    return found


def test_every_column_of_a_condition_is_explained_with_its_type_and_no_other() -> None:
    with_accounts = Scoring.model_validate({"engagement": {"signals": []}, "fit": [], "account": {}})
    known = condition_columns({}, scoring=with_accounts)
    person = dict(known["person"].types)
    scored = dict(known["scored person"].types)
    expected = {
        "person": person,
        "person and scores": {name: dtype for name, dtype in scored.items() if name not in person},
        "activity": dict(known["activity"].types),
        "visit": dict(known["visit"].types),
        "opportunity": dict(known["opportunity"].types),
        "handover": {name: dtype for name, dtype in known["handover"].types if name not in scored},
    }
    for section, columns in expected.items():
        table = {code(cells[0]): cells[1] for cells in rows(PAGE.section(section))}
        assert set(table) == set(columns), section
        wrong = {name for name, word in table.items() if columns[name].base_type() not in TYPES[word]}
        assert not wrong, f"{section}: {wrong}"


def test_every_change_that_is_shown_fits_the_default_playbook(tmp_path: Path) -> None:
    """The examples of "Four changes people make most", put into the shipped files, are a playbook without faults."""
    yaml = YAML()
    folder = tmp_path / "playbook"
    folder.mkdir()
    documents = {
        file: yaml.load((REPOSITORY / "playbook" / f"{file}.yaml").read_text(encoding="utf-8"))
        for file in FILES
    }
    threshold, tokens, form, pool = (yaml.load(block) for block in PAGE.fenced("yaml"))
    by_id = {trigger["id"]: trigger for trigger in documents["lifecycle"]["triggers"]}
    by_id[threshold["triggers"][0]["id"]].update(threshold["triggers"][0])
    documents["scoring"]["tokens"].update(tokens["tokens"])
    documents["assets"]["rules"] += form["rules"]
    documents["assignment"]["pools"].update(pool["pools"])
    for file, document in documents.items():
        with (folder / f"{file}.yaml").open("w", encoding="utf-8") as stream:
            yaml.dump(document, stream)
    changed = load_playbook(folder)
    default = load_playbook(REPOSITORY / "playbook")
    assert all(changed.versions[silo] != version for silo, version in default.versions.items())
