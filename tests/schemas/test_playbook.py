"""The playbook: the default one is whole; every fault of a wrong one is told in one go, with file, line and rule."""

import shutil
from pathlib import Path

import pytest

from schemas.playbook.faults import PlaybookFaults
from schemas.playbook.json_schema import write_schemas
from schemas.playbook.load import FILES, Playbook, load_playbook

DEFAULT = Path(__file__).parents[2] / "playbook"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "playbook"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def faults(folder: Path) -> list[str]:
    with pytest.raises(PlaybookFaults) as raised:
        load_playbook(folder)
    return [str(fault) for fault in raised.value.faults]


def line_of(folder: Path, file: str, text: str) -> int:
    return next(n for n, line in enumerate((folder / file).read_text().splitlines(), 1) if text in line)


def test_the_default_playbook_is_whole() -> None:
    playbook = load_playbook(DEFAULT)
    assert playbook.assignment.mode == "decide_and_push"
    assert playbook.organisation.live_since is None
    assert "score >= 65 AND fit >= 40" in playbook.watched_conditions


def test_every_fault_of_every_file_is_told_in_one_go(folder: Path) -> None:
    edit(folder, "scoring.yaml", "points: points_high", "points: points_hgih")
    edit(folder, "lifecycle.yaml", "engagement >= 10", "engagment >= 10")
    edit(folder, "lifecycle.yaml", "for: 15 days", "for: fortnight")
    edit(folder, "assignment.yaml", "mode: decide_and_push", "mode: decide_and_pray")
    found = "\n".join(faults(folder))
    assert "scoring.yaml" in found
    assert "no token 'points_hgih'; there are: points_high" in found
    assert "a span is a whole number" in found
    assert "assignment.yaml" in found


def test_a_fault_in_a_condition_names_line_rule_and_the_valid_columns(folder: Path) -> None:
    edit(folder, "lifecycle.yaml", '"fit >= 40"', '"fitness >= 40"')
    (fault,) = faults(folder)
    assert fault.startswith(f"lifecycle.yaml:{line_of(folder, 'lifecycle.yaml', 'fitness')}: rule trial:")
    assert "unknown column fitness" in fault
    assert "seniority" in fault


def test_an_unknown_key_is_a_fault(folder: Path) -> None:
    edit(folder, "organisation.yaml", "late_limit:", "late_limits:")
    (fault,) = faults(folder)
    assert fault.startswith(f"organisation.yaml:{line_of(folder, 'organisation.yaml', 'late_limits')}:")


def test_an_id_used_twice_is_a_fault(folder: Path) -> None:
    edit(folder, "lifecycle.yaml", "id: competitor", "id: spam")
    assert any("'spam' is used twice" in fault for fault in faults(folder))


def test_a_missing_file_and_broken_yaml_are_faults(folder: Path) -> None:
    (folder / "assets.yaml").unlink()
    (folder / "data.yaml").write_text("own_domains: [a.example\nx: {")
    found = "\n".join(faults(folder))
    assert "assets.yaml: missing" in found
    assert "data.yaml:" in found
    assert "not YAML" in found


def test_a_file_in_another_encoding_is_a_fault(folder: Path) -> None:
    path = folder / "scoring.yaml"
    path.write_bytes(path.read_bytes() + "# Grüße\n".encode("latin-1"))
    (fault,) = faults(folder)
    assert fault.startswith("scoring.yaml: not YAML: not UTF-8 (byte ")


def test_a_comment_makes_no_new_version_but_a_changed_rule_does(folder: Path) -> None:
    before = load_playbook(folder)
    edit(folder, "scoring.yaml", "tokens:", "# agreed with sales\ntokens:")
    assert load_playbook(folder).versions == before.versions
    edit(folder, "scoring.yaml", "points_high: 15", "points_high: 16")
    after = load_playbook(folder)
    assert changed(before, after) == {"scoring"}
    assert after.rule_hashes["lifecycle.score"] == before.rule_hashes["lifecycle.score"]


def changed(before: Playbook, after: Playbook) -> set[str]:
    return {str(silo) for silo in before.versions if before.versions[silo] != after.versions[silo]}


def test_norway_and_on_are_read_as_text(folder: Path) -> None:
    edit(folder, "platforms.yaml", "campaign: Sync to CRM", "campaign: on")
    assert load_playbook(folder).platforms.handover.campaign == "on"


def test_the_shipped_json_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    for path in write_schemas(tmp_path):
        assert (DEFAULT / ".schema" / path.name).read_text() == path.read_text(), "run `make schemas`"
    assert len(FILES) == 7


MODEL = "models: []\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "column"),
    [
        ("scoring.yaml", MODEL, "models:\n  - {id: account}\n", "account_score"),
        ("scoring.yaml", MODEL, "models:\n  - {id: pushed}\n", "pushed_score"),
        ("scoring.yaml", MODEL, "models:\n  - {id: rail}\n  - {id: rail_is_mql}\n", "rail_is_mql_grade"),
        ("platforms.yaml", "extra:\n", "extra:\n  seniority: {lead: Level__c}\n", "seniority"),
        ("platforms.yaml", "extra:\n", "extra:\n  score: {lead: Score__c}\n", "score"),
        ("platforms.yaml", "statuses:", "answers:\n  url: {attribute: Link}\nstatuses:", "url"),
        ("platforms.yaml", "statuses:", "answers:\n  strength: {attribute: Link}\nstatuses:", "strength"),
        ("platforms.yaml", "statuses:", "answers:\n  day: {attribute: Day}\nstatuses:", "day"),
    ],
)
def test_a_name_of_ones_own_that_is_taken_is_a_fault_at_its_line(
    folder: Path, file: str, old: str, new: str, column: str
) -> None:
    edit(folder, file, old, new)
    last = [line for line in new.splitlines() if line.startswith("  ")][-1]
    (fault,) = faults(folder)
    assert fault.startswith(f"{file}:{line_of(folder, file, last)}:")
    assert column in fault
    assert "choose another" in fault


def test_a_trigger_reads_the_model_that_it_names_and_not_one_whose_id_begins_alike(folder: Path) -> None:
    edit(folder, "scoring.yaml", MODEL, "models:\n  - {id: north}\n  - {id: north_rail}\n")
    edit(folder, "lifecycle.yaml", '"score >= 65 AND fit >= 40"', '"north_rail_score >= 65 AND fit >= 40"')
    playbook = load_playbook(folder)
    [trigger] = [each for each in playbook.lifecycle.triggers if each.id == "score"]
    assert playbook.model_read_by(trigger) == "north_rail"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("half_life: 30 days", "half_life: 0 days", "this span can't be nothing"),
        ("cap: {points: 45, in: 30 days}", "cap: {points: 45, in: 0 days}", "this span can't be nothing"),
        (
            "count: {at_least: 3, in: 7 days}",
            "count: {at_least: 3, in: 0 days}",
            "this span can't be nothing",
        ),
        ("count: {at_least: 3, in: 7 days}", "count: {at_least: 3, in: 40000 days}", "at most 36500 days"),
        ("in: 7 days", "in: 99999999999999999999 weeks", "at most 36500 days"),
    ],
)
def test_a_span_of_nothing_or_of_ages_is_a_fault(folder: Path, old: str, new: str, said: str) -> None:
    edit(folder, "scoring.yaml", old, new)
    (fault,) = faults(folder)
    assert fault.startswith(f"scoring.yaml:{line_of(folder, 'scoring.yaml', new)}:")
    assert said in fault


def test_conditions_of_a_further_model_are_checked_where_they_stand(folder: Path) -> None:
    signal = "points: 5, cap: {points: 5, in: 9 days}"
    models = f"""models:
  - id: rail
    only: "busines_line = 'rail'"
    engagement:
      signals:
        - {{id: long, visit: "pagez > 8", {signal}}}
        - {{id: target, when: "kind = 'x'", person: "score > 5", {signal}}}
"""
    edit(folder, "scoring.yaml", MODEL, models)
    found = faults(folder)
    for text, rule, column in (
        ("only:", "rail", "busines_line"),
        ("pagez", "long", "pagez"),
        ("score > 5", "target", "score"),
    ):
        line = line_of(folder, "scoring.yaml", text)
        assert any(
            each.startswith(f"scoring.yaml:{line}: rule {rule}:") and f"unknown column {column}" in each
            for each in found
        )
