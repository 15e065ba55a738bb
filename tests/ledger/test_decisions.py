"""Decisions written and read back, by person, through merges and groups."""

import polars as pl
import pytest

from engine.lifecycle.verdicts import REASSIGN
from ledger import decisions
from ledger.errors import WriteFailed
from ledger.open import Ledger
from ledger.tables.facts import people
from schemas.frames import decisions as frames
from schemas.frames.base import Frame
from schemas.vocabulary import Silo
from tests.ledger.decided import T0, hours, rows


def person(key: str, *, group: str | None = None, merged_into: str | None = None) -> dict[str, object]:
    return {
        "person_key": key,
        "created_at": T0,
        "first_learned_at": T0,
        "group_key": group or key,
        "merged_into": merged_into,
        "is_erased": False,
    }


def know(ledger: Ledger, *given: dict[str, object]) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(people, pl.DataFrame(list(given), schema_overrides={"merged_into": pl.String}))


WRITTEN = [
    (frames.Scores, Silo.SCORING, decisions.write_scores, decisions.read_scores, {}),
    (
        frames.ScoreLines,
        Silo.SCORING,
        decisions.write_score_lines,
        decisions.read_score_lines,
        {"evidence": ["a"]},
    ),
    (frames.Transitions, Silo.LIFECYCLE, decisions.write_transitions, decisions.read_transitions, {}),
    (frames.Cycles, Silo.LIFECYCLE, decisions.write_cycles, decisions.read_cycles, {"owner_id": "005"}),
    (frames.CycleEvents, Silo.LIFECYCLE, decisions.write_cycle_events, decisions.read_cycle_events, {}),
    (frames.Stages, Silo.LIFECYCLE, decisions.write_stages, decisions.read_stages, {"first_mql_at": T0}),
    (frames.Blocks, Silo.LIFECYCLE, decisions.write_blocks, decisions.read_blocks, {}),
    (frames.Assignments, Silo.ASSIGNMENT, decisions.write_assignments, decisions.read_assignments, {}),
]


@pytest.mark.parametrize(
    ("model", "silo", "write", "read", "values"), WRITTEN, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_decision_comes_back_as_it_was_written_and_once(
    ledger: Ledger, model: type[Frame], silo: Silo, write: object, read: object, values: dict[str, object]
) -> None:
    assert callable(write)
    assert callable(read)
    frame = rows(model, {"person_key": "p1", **values})
    with ledger.begin(None) as tx, tx.silo(silo):
        assert write(tx, frame) == 1
        assert write(tx, frame) == 0
        assert read(tx.connection, ["p0", "p1"]).equals(frame)
        assert read(tx.connection, ["p0"]).is_empty()
        assert read(tx.connection, []).schema == frame.schema


def test_what_happened_is_never_rewritten(ledger: Ledger) -> None:
    first = rows(frames.Transitions, {"to_stage": "mql", "at": hours(1)})
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        decisions.write_transitions(tx, first)
        assert decisions.write_transitions(tx, first.with_columns(to_stage=pl.lit("sal"))) == 0
        assert decisions.read_transitions(tx.connection, ["person_key"]).equals(first)


def test_lifecycle_moves_a_cycle_and_leaves_its_owner_and_visibility(ledger: Ledger) -> None:
    with ledger.begin(None) as tx:
        with tx.silo(Silo.LIFECYCLE):
            decisions.write_cycles(tx, rows(frames.Cycles, {"cycle_key": "c", "state": "open"}))
        with tx.silo(Silo.ASSIGNMENT):
            owner = {
                "cycle_key": ["c"],
                "owner_id": ["005"],
                "owner_kind": ["user"],
                "assigned_at": [hours(1)],
            }
            assert decisions.set_cycle_owner(tx, pl.DataFrame(owner)) == 1
        with tx.silo(Silo.LIFECYCLE):
            decisions.write_cycles(tx, rows(frames.Cycles, {"cycle_key": "c", "state": "working"}))
        [cycle] = decisions.read_cycles(tx.connection, ["person_key"]).to_dicts()
    assert (cycle["state"], cycle["owner_id"], cycle["assigned_at"]) == ("working", "005", hours(1))


def test_the_database_refuses_a_second_open_cycle_on_a_line(ledger: Ledger) -> None:
    two = [{"cycle_key": key, "state": state} for key, state in (("c1", "open"), ("c2", "working"))]
    with pytest.raises(WriteFailed, match=r"cycles"), ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        decisions.write_cycles(tx, rows(frames.Cycles, *two))


def test_one_cycle_closes_and_the_next_opens_in_one_writing(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        decisions.write_cycles(tx, rows(frames.Cycles, {"cycle_key": "c1", "state": "open"}))
        decisions.write_cycles(
            tx,
            rows(
                frames.Cycles,
                {"cycle_key": "c2", "state": "open", "opened_at": hours(2)},
                {"cycle_key": "c1", "state": "rejected", "closed_at": hours(1)},
                {"cycle_key": "trial", "state": "open", "is_trial": True, "opened_at": hours(3)},
                {"cycle_key": "line", "state": "open", "line": "other", "opened_at": hours(4)},
            ),
        )
        assert decisions.read_cycles(tx.connection, ["person_key"])["cycle_key"].to_list() == [
            "c1",
            "c2",
            "trial",
            "line",
        ]


def test_who_would_qualify_is_replaced_for_the_decided_people_only(ledger: Ledger) -> None:
    know(ledger, person("p1"), person("p2"))
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        both = rows(frames.WouldQualify, {"person_key": "p1"}, {"person_key": "p2"})
        decisions.replace_would_qualify(tx, ["p1", "p2"], both)
        decisions.replace_would_qualify(tx, ["p1"], both.clear())
        assert decisions.read_would_qualify(tx.connection)["person_key"].to_list() == ["p2"]
        assert decisions.read_would_qualify(tx.connection, ["p1"]).is_empty()


def test_a_merged_persons_past_is_read_with_the_one_who_lives_on(ledger: Ledger) -> None:
    know(ledger, person("new", merged_into="old"), person("old"), person("other"))
    with ledger.begin(None) as tx:
        with tx.silo(Silo.LIFECYCLE):
            decisions.write_cycles(
                tx,
                rows(
                    frames.Cycles,
                    {"cycle_key": "c1", "person_key": "new", "opened_at": hours(1)},
                    {"cycle_key": "c2", "person_key": "old", "opened_at": hours(2)},
                    {"cycle_key": "c3", "person_key": "other"},
                ),
            )
            decisions.write_stages(
                tx,
                rows(
                    frames.Stages,
                    {"person_key": "old", "stage": "engaged", "since": hours(1), "first_mql_at": hours(5)},
                    {
                        "person_key": "new",
                        "stage": "mql",
                        "since": hours(2),
                        "first_mql_at": hours(2),
                        "spent_through": hours(2),
                    },
                    {"person_key": "new", "line": "other", "stage": "known"},
                ),
            )
        with tx.silo(Silo.SCORING):
            decisions.write_scores(
                tx,
                rows(
                    frames.Scores,
                    {"person_key": "new", "model": "default", "account_id": "A"},
                    {"person_key": "old", "model": "default", "account_id": "B", "score": 5},
                ),
            )
        found = decisions.read_cycles(tx.connection, ["old"])
        assert found.select("cycle_key", "person_key").rows() == [("c1", "old"), ("c2", "old")]
        default, other = decisions.read_stages(tx.connection, ["old"]).to_dicts()
        assert (default["stage"], default["first_mql_at"], default["spent_through"]) == (
            "mql",
            hours(2),
            hours(2),
        )
        assert (other["line"], other["person_key"]) == ("other", "old")
        assert decisions.read_scores(tx.connection, ["old"])["score"].to_list() == [5]
        accounts = decisions.read_accounts_of(tx.connection, ["old"], "default")
        assert sorted(accounts) == ["A", "B"]  # both are to be scored anew: one of them lost a person


def test_cycles_of_people_who_share_an_address_are_read_with_their_group(ledger: Ledger) -> None:
    know(
        ledger,
        person("p1", group="g"),
        person("p2", group="g"),
        person("gone", group="g", merged_into="p2"),
        person("p3"),
    )
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        keys = ("p1", "p2", "gone", "p3")
        decisions.write_cycles(
            tx, rows(frames.Cycles, *({"cycle_key": f"c-{k}", "person_key": k} for k in keys))
        )
        found = decisions.read_cycles_of_groups(tx.connection, ["p1", "p3"])
    assert found.select("cycle_key", "person_key", "group_key").rows() == [
        ("c-gone", "p2", "g"),
        ("c-p2", "p2", "g"),
    ]


def test_open_cycles_that_have_no_owner_yet_are_found_again_by_every_run(ledger: Ledger) -> None:
    with ledger.begin(None) as tx:
        with tx.silo(Silo.LIFECYCLE):
            decisions.write_cycles(
                tx,
                rows(
                    frames.Cycles,
                    {"cycle_key": "new", "state": "open"},
                    {"cycle_key": "nobody", "state": "open", "line": "2", "opened_at": hours(1)},
                    {"cycle_key": "kept", "state": "open", "line": "3", "owner_id": "005"},
                    {"cycle_key": "closed", "state": "expired"},
                    {"cycle_key": "adopted", "state": "open", "line": "4", "origin": "adopted"},
                    {"cycle_key": "trial", "state": "open", "is_trial": True},
                    {"cycle_key": "backfilled", "state": "open", "line": "5", "origin": "backfill"},
                    {
                        "cycle_key": "hand raised",
                        "state": "open",
                        "line": "6",
                        "origin": "adopted",
                        "hand_raised_at": hours(2),
                        "opened_at": hours(2),
                    },
                ),
            )
        with tx.silo(Silo.ASSIGNMENT):
            decisions.write_assignments(
                tx, rows(frames.Assignments, {"cycle_key": "nobody", "how": "nobody"})
            )
        found = decisions.read_unassigned_cycles(tx.connection)
        assert found["cycle_key"].to_list() == ["new", "nobody", "hand raised"]


def test_cycles_that_were_sent_back_for_another_owner_come_with_their_events(ledger: Ledger) -> None:
    assert decisions.read.SENT_BACK == REASSIGN
    with ledger.begin(None) as tx:
        with tx.silo(Silo.LIFECYCLE):
            decisions.write_cycles(
                tx,
                rows(
                    frames.Cycles,
                    {"cycle_key": "back", "state": "open", "owner_id": "005"},
                    {"cycle_key": "held", "state": "open", "line": "2", "owner_id": "005"},
                ),
            )
            decisions.write_cycle_events(
                tx,
                rows(
                    frames.CycleEvents,
                    {"event_key": "e2", "cycle_key": "back", "kind": "reassign", "at": hours(2)},
                    {"event_key": "e1", "cycle_key": "back", "kind": "reassign", "at": hours(1)},
                    {"event_key": "e3", "cycle_key": "back", "kind": "accepted", "at": hours(3)},
                    {"event_key": "e4", "cycle_key": "held", "kind": "accepted"},
                ),
            )
        found = decisions.read_unassigned_cycles(tx.connection)
        assert found["cycle_key"].to_list() == ["back"]
        sent_back = decisions.read_sent_back(tx.connection, found["cycle_key"])
        assert sent_back["event_key"].to_list() == ["e1", "e2"]


def test_rotations_come_back_in_order(ledger: Ledger) -> None:
    pointers = rows(
        frames.PoolPointers, {"pool": "b", "owner_id": "2"}, {"pool": "a", "owner_id": "9", "last_at": T0}
    )
    with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        decisions.write_pool_pointers(tx, pointers)
        assert decisions.read_pool_pointers(tx.connection)["pool"].to_list() == ["a", "b"]


def test_twenty_thousand_people_are_read_at_once(ledger: Ledger) -> None:
    keys = [f"p{number}" for number in range(20_000)]
    with ledger.begin(None) as tx, tx.silo(Silo.SCORING):
        one = rows(frames.Scores, {"confidence": 0.5})
        decisions.write_scores(
            tx, pl.DataFrame({"person_key": keys}).join(one.drop("person_key"), how="cross")
        )
        assert len(decisions.read_scores(tx.connection, keys)) == 20_000
