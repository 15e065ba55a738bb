"""The scorecards that models of `scoring.yaml` name: files of `mqlflow learn` in the playbook's folder."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError

from schemas.playbook.faults import Fault, place
from schemas.playbook.reading import model_faults, not_yaml, read_yaml
from schemas.playbook.scorecard import Scorecard
from schemas.playbook.scoring import Scoring

SIGNAL = "signal:"
"""Before a signal's id: the column with its points (capped, decayed) at an instant, as a card may read them."""


class Scorecards:
    """Reads each file once. `found`: the cards by the name under which a model asks for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found: dict[str, Scorecard] = {}

    def read(self, scoring: Scoring | None, document: Any, attributes: Collection[str]) -> Iterator[Fault]:
        """Fills `found`; yields a fault for each card that is missing, wrong, or reads what people don't have."""
        if scoring is None:
            return
        known = {*attributes, *(f"{SIGNAL}{signal.id}" for signal in scoring.engagement.signals)}
        for number, model in enumerate(scoring.models):
            if not model.scorecard:
                continue
            for message in self._faults(model.scorecard, known):
                if isinstance(message, Fault):
                    yield message
                else:
                    line, rule = place(document, ("models", number, "scorecard"))
                    yield Fault("scoring.yaml", line, rule, message)

    def _faults(self, name: str, known: Collection[str]) -> Iterator[Fault | str]:
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            yield f"the scorecard {name} lies outside the playbook's folder; put it inside"
            return
        try:
            document = read_yaml(path)
            card = Scorecard.model_validate(document)
        except OSError:
            yield f"no scorecard {name} in the playbook's folder; `mqlflow learn` writes one"
        except MarkedYAMLError as fault:
            yield not_yaml(name, fault)
        except ValidationError as fault:
            yield from model_faults(name, document, fault)
        else:
            self.found[name] = card
            for column in sorted({each.column for each in card.attributes} - set(known)):
                yield (
                    f"the scorecard {name} reads {column!r}, which is no attribute of a person and no signal of the "
                    "default model; learn it from the ledger, or take the column out"
                )
