"""Reads a playbook folder: YAML 1.2 into models, conditions checked against their columns, every fault in one go."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from schemas.conditions import Columns, ConditionFault, check
from schemas.playbook.assets import Assets
from schemas.playbook.assignment import Assignment
from schemas.playbook.base import On, Part, Scattered, content_hash
from schemas.playbook.columns import SCORE_COLUMNS, condition_columns
from schemas.playbook.data import Data
from schemas.playbook.faults import Fault, PlaybookFaults, place
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.organisation import Organisation
from schemas.playbook.platforms import Platforms
from schemas.playbook.scoring import FitRule, Scoring, Signal
from schemas.vocabulary import Silo

FILES: dict[str, type[Part]] = {
    "organisation": Organisation,
    "platforms": Platforms,
    "data": Data,
    "assets": Assets,
    "scoring": Scoring,
    "lifecycle": Lifecycle,
    "assignment": Assignment,
}


@dataclass(frozen=True)
class Playbook:
    """An organisation's rules, whole and checked."""

    organisation: Organisation
    platforms: Platforms
    data: Data
    assets: Assets
    scoring: Scoring
    lifecycle: Lifecycle
    assignment: Assignment

    @cached_property
    def versions(self) -> dict[str, str]:
        """Content hash per silo. A comment or the order of keys makes no new version."""
        return {
            Silo.DATA: content_hash([self.data, self.assets, self.platforms]),
            Silo.SCORING: content_hash(self.scoring),
            Silo.LIFECYCLE: content_hash(self.lifecycle),
            Silo.ASSIGNMENT: content_hash(self.assignment),
        }

    @cached_property
    def rule_hashes(self) -> dict[str, str]:
        """`silo.rule id` → content hash: a rule that reads as before keeps the date it came into force."""
        scoring: list[Signal | FitRule] = [*self.scoring.engagement.signals, *self.scoring.fit]
        groups: dict[str, list[Any]] = {
            Silo.LIFECYCLE: [*self.lifecycle.triggers, *self.lifecycle.exclude],
            Silo.ASSIGNMENT: list(self.assignment.rules),
        }
        hashes = {f"{silo}.{rule.id}": content_hash(rule) for silo, rules in groups.items() for rule in rules}
        for rule in scoring:  # a token's new value changes every rule that names it
            value = self.scoring.hundredths(rule.points)
            hashes[f"{Silo.SCORING}.{rule.id}"] = f"{content_hash(rule)}:{value}"
        return hashes

    @cached_property
    def fit_attributes(self) -> list[str]:
        """The attributes that fit rules read, sorted: what confidence is measured over."""
        person = condition_columns(self.platforms.extra)["person"]
        return sorted({name for rule in self.scoring.fit for name in check(rule.when, person)})

    @cached_property
    def watched_conditions(self) -> list[str]:
        """Conditions whose truth may change by the mere passing of time, because they read scores."""
        lifecycle = self.lifecycle
        texts = [rule.when for rule in lifecycle.stages]
        texts += [trigger.person for trigger in lifecycle.triggers if trigger.person]
        texts += [exclusion.when for exclusion in lifecycle.exclude if exclusion.when]
        texts += [self.organisation.write_scope] if self.organisation.write_scope else []
        scored = condition_columns(self.platforms.extra)["scored person"]
        return sorted({text for text in texts if check(text, scored) & SCORE_COLUMNS.keys()})


def load_playbook(folder: Path) -> Playbook:
    """The playbook in `folder`; raises `PlaybookFaults` with every fault of every file."""
    if not folder.is_dir():
        raise PlaybookFaults([Fault(str(folder), 0, "", "no such folder; name it in MQLFLOW_PLAYBOOK")])
    faults: list[Fault] = []
    documents: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for name, model in FILES.items():
        file = f"{name}.yaml"
        try:
            documents[name] = _read(folder / file)
            parts[name] = model.model_validate(documents[name])
        except FileNotFoundError:
            faults.append(Fault(file, 0, "", "missing; every playbook has this file"))
        except MarkedYAMLError as fault:
            line = fault.problem_mark.line + 1 if fault.problem_mark else 0
            faults.append(Fault(file, line, "", f"not YAML: {fault.problem}"))
        except ValidationError as fault:
            faults.extend(_model_faults(file, documents[name], fault))
    extra = parts["platforms"].extra if "platforms" in parts else {}
    columns = condition_columns(extra)
    for name, part in parts.items():
        faults.extend(_condition_faults(f"{name}.yaml", documents[name], part, columns))
        faults.extend(_repeated_ids(f"{name}.yaml", documents[name]))
    if faults:
        raise PlaybookFaults(faults)
    return Playbook(**parts)


def _read(path: Path) -> Any:
    document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    return {} if document is None else document


def _model_faults(file: str, document: Any, failure: ValidationError) -> Iterator[Fault]:
    for error in failure.errors():
        cause = error.get("ctx", {}).get("error")
        message = error["msg"].removeprefix("Value error, ")
        found = cause.faults if isinstance(cause, Scattered) else [((), message)]
        for inner, text in found:
            path = (*error["loc"], *inner)
            line, rule = place(document, path)
            where = ".".join(str(step) for step in path)
            yield Fault(file, line, rule, f"{where}: {text}" if where else text)


def _condition_faults(
    file: str, document: Any, part: BaseModel, columns: dict[str, Columns]
) -> Iterator[Fault]:
    for path, text, kind in _conditions(part, ()):
        try:
            check(text, columns[kind])
        except ConditionFault as fault:
            line, rule = place(document, path)
            yield Fault(file, line, rule, f"{'.'.join(map(str, path))}: {fault}")


def _conditions(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    """Every condition in a model with its path and the sort of columns it may use."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner, step = getattr(value, name), (*path, field.alias or name)
            marks = [mark.columns for mark in _marks(field)]
            if marks and isinstance(inner, str):
                yield step, inner, marks[0]
            else:
                yield from _conditions(inner, step)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _conditions(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _conditions(inner, (*path, number))


def _marks(field: Any) -> list[On]:
    """The `On` marks of a field, also where the annotated text is one branch of a union with None."""
    found = [mark for mark in field.metadata if isinstance(mark, On)]
    for branch in getattr(field.annotation, "__args__", ()):
        found += [mark for mark in getattr(branch, "__metadata__", ()) if isinstance(mark, On)]
    return found


def _repeated_ids(file: str, document: Any) -> Iterator[Fault]:
    """Ids of one list must differ: reasons and dates of coming into force go by them."""
    for path, items in _lists(document, ()):
        seen: set[str] = set()
        for number, item in enumerate(items):
            if isinstance(item, dict) and "id" in item:
                if item["id"] in seen:
                    line, rule = place(document, (*path, number))
                    yield Fault(file, line, rule, f"the id {item['id']!r} is used twice in this list")
                seen.add(item["id"])


def _lists(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, (*path, key))
    elif isinstance(value, list):
        yield path, value
        for number, inner in enumerate(value):
            yield from _lists(inner, (*path, number))
