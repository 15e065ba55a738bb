"""Reads a playbook folder: YAML 1.2 into models, conditions checked against their columns, every fault in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError

from schemas.conditions import Columns, check
from schemas.conditions_columns import NEVER_UNKNOWN
from schemas.playbook.assets import Assets
from schemas.playbook.assignment import Assignment
from schemas.playbook.base import Part, content_hash
from schemas.playbook.cards import Scorecards
from schemas.playbook.clashes import clashes, strangers
from schemas.playbook.columns import condition_columns, model_columns, score_columns
from schemas.playbook.data import Data
from schemas.playbook.faults import Fault, PlaybookFaults
from schemas.playbook.lifecycle import Lifecycle, Trigger
from schemas.playbook.organisation import Organisation
from schemas.playbook.platforms import Answer, ExtraField, Platforms
from schemas.playbook.reading import model_faults, not_yaml, read_yaml
from schemas.playbook.scorecard import Scorecard
from schemas.playbook.scoring import DEFAULT, Model, Scoring
from schemas.playbook.stated import condition_faults, repeated_ids
from schemas.vocabulary import Silo

Own = TypeVar("Own", ExtraField, Answer)

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
    cards: Mapping[str, Scorecard]
    """Scorecards that models name, by their file."""

    @cached_property
    def columns(self) -> dict[str, Columns]:
        """What each sort of condition may use."""
        return condition_columns(self.platforms.extra, self.platforms.answers, self.scoring)

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The scoring models, the default one first."""
        return tuple(
            model.model_copy(update={"measured": self._measured(model)})
            for model in self.scoring.in_force(self.cards)
        )

    def _measured(self, model: Model) -> list[str]:
        """The attributes that a model's fit rules or its card read, sorted: what its confidence is measured over."""
        person = self.columns["person"]
        if model.card:
            return sorted({each.column for each in model.card.attributes} & set(person.names))
        read = {name for rule in model.fit for name in check(rule.when, person)}
        return sorted(name for name in read if name not in NEVER_UNKNOWN)

    @cached_property
    def versions(self) -> dict[str, str]:
        """Content hash per silo. A comment or the order of keys makes no new version."""
        return {
            Silo.DATA: content_hash([self.data, self.assets, self.platforms]),
            Silo.SCORING: content_hash([self.scoring, *(self.cards[name] for name in sorted(self.cards))]),
            Silo.LIFECYCLE: content_hash(self.lifecycle),
            Silo.ASSIGNMENT: content_hash(self.assignment),
        }

    @cached_property
    def rule_hashes(self) -> dict[str, str]:
        """`silo.rule id` → content hash: a rule that reads as before keeps the date it came into force."""
        groups: dict[str, list[Any]] = {
            Silo.LIFECYCLE: [*self.lifecycle.triggers, *self.lifecycle.exclude],
            Silo.ASSIGNMENT: list(self.assignment.rules),
        }
        hashes = {f"{silo}.{rule.id}": content_hash(rule) for silo, rules in groups.items() for rule in rules}
        for prefix, rule in self.scoring.rules:  # a token's new value changes every rule that names it
            value = self.scoring.hundredths(rule.points)
            hashes[f"{Silo.SCORING}.{prefix}{rule.id}"] = f"{content_hash(rule)}:{value}"
        return hashes

    @cached_property
    def scored_attributes(self) -> list[str]:
        """The attributes that any model reads, sorted."""
        person = self.columns["person"]
        read = {name for model in self.models for rule in model.fit for name in check(rule.when, person)}
        return sorted(read | {name for model in self.models for name in model.measured})

    def model_read_by(self, trigger: Trigger) -> str:
        """The first named model whose results the trigger's condition reads, else the default one."""
        if trigger.person is None:
            return DEFAULT
        read = check(trigger.person, self.columns["scored person"])
        named = (model.id for model in self.scoring.models if read & model_columns(model).keys())
        return next(named, DEFAULT)

    @cached_property
    def watched_conditions(self) -> list[str]:
        """Conditions whose truth may change by the mere passing of time, because they read scores."""
        lifecycle = self.lifecycle
        texts = [rule.when for rule in lifecycle.stages]
        texts += [trigger.person for trigger in lifecycle.triggers if trigger.person]
        texts += [exclusion.when for exclusion in lifecycle.exclude if exclusion.when]
        texts += [self.organisation.write_scope] if self.organisation.write_scope else []
        scored, scores = self.columns["scored person"], score_columns(self.scoring).keys()
        return sorted({text for text in texts if check(text, scored) & scores})


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
            documents[name] = read_yaml(folder / file)
            parts[name] = model.model_validate(documents[name])
        except FileNotFoundError:
            faults.append(Fault(file, 0, "", "missing; every playbook has this file"))
        except OSError as fault:
            faults.append(Fault(file, 0, "", f"can't be read: {fault.strerror}"))
        except MarkedYAMLError as fault:
            faults.append(not_yaml(file, fault))
        except ValidationError as fault:
            faults.extend(model_faults(file, documents[name], fault))
    platforms, scoring = parts.get("platforms"), parts.get("scoring")
    own = platforms or documents.get("platforms")
    columns = condition_columns(_each(own, "extra", ExtraField), _each(own, "answers", Answer), scoring)
    faults.extend(clashes(platforms, scoring, documents))
    faults.extend(strangers(parts.get("organisation"), platforms, parts.get("lifecycle"), documents))
    for name, document in documents.items():
        faults.extend(condition_faults(f"{name}.yaml", document, FILES[name], columns))
        faults.extend(repeated_ids(f"{name}.yaml", document))
    cards = Scorecards(folder)
    faults.extend(cards.read(scoring, documents.get("scoring"), columns["person"].names))
    if faults:
        raise PlaybookFaults(faults)
    return Playbook(**parts, cards=cards.found)


def _each(platforms: Any, key: str, model: type[Own]) -> dict[str, Own]:
    """The organisation's own fields or answers: of a platforms.yaml with faults those that are right."""
    if isinstance(platforms, Platforms):
        return dict(getattr(platforms, key))
    stated = platforms.get(key) if isinstance(platforms, dict) else None
    found: dict[str, Own] = {}
    for name, value in stated.items() if isinstance(stated, dict) else ():
        try:
            found[str(name)] = model.model_validate(value)
        except ValidationError:
            continue
    return found
