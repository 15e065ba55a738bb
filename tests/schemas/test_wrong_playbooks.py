"""Wrong playbooks: whatever is wrong in whichever file is a fault with its file and line, and never a traceback."""

import shutil
from pathlib import Path

import pytest

from engine.changes import handovers
from schemas.playbook.faults import PlaybookFaults
from schemas.playbook.load import FILES, load_playbook
from schemas.playbook.names import MQL_FIELDS

DEFAULT = Path(__file__).parents[2] / "playbook"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "playbook"))


def faults(folder: Path) -> list[str]:
    with pytest.raises(PlaybookFaults) as raised:
        load_playbook(folder)
    return [str(fault) for fault in raised.value.faults]


def edit(folder: Path, file: str, old: str, new: str) -> int:
    """The line at which the edit begins."""
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_what_yaml_cannot_hold_is_a_fault_of_each_file(folder: Path) -> None:
    texts = {
        "organisation.yaml": ("a: 1\nb: \x07\n", ":2: not YAML: the character #x0007 must not"),
        "data.yaml": ("a: 1\n\nb: \0\n", ":3: not YAML: the character #x0000 must not"),
        "assets.yaml": (f"a: {'[' * 400}{']' * 400}\n", ": not YAML: nested too deeply"),
        "lifecycle.yaml": (f"a: {'9' * 5000}\n", ": not YAML: Exceeds the limit"),
        "assignment.yaml": ("- a\n- *b\n", ":2: not YAML: found undefined alias 'b'"),
        "scoring.yaml": ("a: 1\na: 2\n", ":2: not YAML: found duplicate key"),
        "platforms.yaml": ("a: &a [*a]\nb: 2026-02-31\n", ": not YAML: day is out of range"),
    }
    for file, (text, _) in texts.items():
        (folder / file).write_text(text)
    found = faults(folder)
    assert len(found) == len(FILES) == len(texts)
    for file, (_, says) in texts.items():
        assert [fault for fault in found if fault.startswith(f"{file}{says}")], (file, found)


def test_a_file_that_cannot_be_read_is_a_fault_beside_the_others(folder: Path) -> None:
    for file in ("data.yaml", "assets.yaml"):
        (folder / file).unlink()
    (folder / "data.yaml").mkdir()
    (folder / "assets.yaml").symlink_to("assets.yaml")
    edit(folder, "organisation.yaml", "time_zone: UTC", "time_zone: Mars")
    found = faults(folder)
    assert [fault.split(":")[0] for fault in found] == ["assets.yaml", "data.yaml", "organisation.yaml"]
    assert all("can't be read" in fault for fault in found[:2])


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        # lifecycle.yaml
        ("lifecycle.yaml", 'says: "wrong (', 'says: "wrong ((', "not a regular expression"),
        ("lifecycle.yaml", "path: [known, engaged,", "path: [known, known, engaged,", "'known' is on it twice"),
        ("lifecycle.yaml", "engaged, mql, sal, opp", "engaged, sal, mql, opp", "'mql' comes before 'sal'"),
        ("lifecycle.yaml", "path: [known, engaged, mql", "path: [mql", "a stage before 'mql'"),
        (
            "lifecycle.yaml",
            "sal, opportunity, customer]",
            "sal, customer, opportunity]",
            "'opportunity' comes before 'customer'",
        ),
        ("lifecycle.yaml", "detours: [recycled,", "detours: [recycled, mql,", "'mql' is on the path"),
        ("lifecycle.yaml", "stale_after: 30 days", "stale_after: 0 days", "can't be nothing"),
        ("lifecycle.yaml", "for: 15 days", "for: 0 days", "can't be nothing"),
        ("lifecycle.yaml", "id: spam", "id: trial", "'trial' is a trigger's"),
        ("lifecycle.yaml", "fast_track: true", "line: beta", "no line 'beta'; there are: default"),
        # platforms.yaml
        ("platforms.yaml", "    first_name: FirstName", "    frist_name: FirstName", "frist_name is no name"),
        ("platforms.yaml", "    email: email", "    mail: email", "mail is no name"),
        ("platforms.yaml", "    hand_raised_at: Hand", "    hand_rised_at: Hand", "hand_rised_at is no name"),
        ("platforms.yaml", "    is_target: Target", "    target: Target", "target is no name"),
        ("platforms.yaml", "    lead: [stage,", "    lead: [stag,", "no field for 'stag'"),
        ("platforms.yaml", "  writes: [score,", "  writes: [scor,", "no field for 'scor'"),
        ("platforms.yaml", "asset: '(?i)\\b(free", "asset: '(?i)\\b((free", "not a regular expression"),
        ("platforms.yaml", "{stage: recycled,", "{stage: recyled,", "no stage 'recyled'"),
        ("platforms.yaml", "lead: [Recycled]", "lead: [ working]", "'working' means accepted already"),
        ("platforms.yaml", ", mql_record: [Converted]", "", "no status of MQL__c means converted"),
        # assignment.yaml, data.yaml
        (
            "assignment.yaml",
            "{queue: Americas Queue}",
            "{queue: A, away: [{member: B, first: 2026-02-01, last: 2026-01-01}]}",
            "ends before it begins",
        ),
        ("data.yaml", 'student: ["student(s', 'student: ["", "student(s', "is found in every text"),
        ("data.yaml", 'companies: [cobaltworks', 'companies: ["x*", cobaltworks', "is found in every text"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_a_fault_at_its_line(folder: Path, file: str, old: str, new: str, says: str) -> None:
    line = edit(folder, file, old, new)
    [fault] = [fault for fault in faults(folder) if says in fault]
    assert fault.startswith(f"{file}:{line}:")


def test_conditions_are_checked_also_in_a_file_that_has_other_faults(folder: Path) -> None:
    edit(folder, "lifecycle.yaml", "stale_after: 30 days", "stale_after: a month")
    line = edit(folder, "lifecycle.yaml", '"is_competitor"', '"is_rival"')
    found = faults(folder)
    assert len(found) == 2
    assert found[0].startswith(
        f"lifecycle.yaml:{line}: rule competitor: exclude.1.when: unknown column is_rival"
    )


def test_own_columns_are_known_also_where_their_file_has_other_faults(folder: Path) -> None:
    edit(folder, "lifecycle.yaml", '"is_competitor"', "\"business_line = 'Rail'\"")
    edit(folder, "platforms.yaml", "score_step: 5", "score_step: none")
    [fault] = faults(folder)
    assert "score_step" in fault


def test_the_names_of_the_record_of_a_handover_are_those_that_are_written() -> None:
    written = {*handovers.SNAPSHOT, *handovers.UNSEEN, *handovers.SEEN}
    assert {*MQL_FIELDS} == {*written, "external_key"}
