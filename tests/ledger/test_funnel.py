"""The numbers of the funnel: where people stand and how far they came."""

import polars as pl

from ledger import decisions
from ledger.decisions.funnel import Standing, read_standings
from ledger.open import Ledger
from ledger.tables.facts import people
from schemas.frames import decisions as frames
from schemas.vocabulary import Silo
from tests.ledger.decided import T0, rows

PATH = ["known", "engaged", "mql", "sal", "opportunity", "customer"]


def know(ledger: Ledger, *keys: str, merged: tuple[tuple[str, str], ...] = ()) -> None:
    pairs = [*((key, None) for key in keys), *merged]
    given = [
        {"person_key": key, "created_at": T0, "first_learned_at": T0, "group_key": key, "merged_into": into,
         "is_erased": False}
        for key, into in pairs
    ]  # fmt: skip
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(people, pl.DataFrame(given, schema_overrides={"merged_into": pl.String}))


def stand(ledger: Ledger, key: str, *walked: str, stage: str | None = None, **stamps: object) -> None:
    """A person who walked these stages and stands on the last one."""
    steps = [
        {"transition_key": f"{key}-{n}", "person_key": key, "to_stage": reached}
        for n, reached in enumerate(walked)
    ]
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        decisions.write_transitions(tx, rows(frames.Transitions, *steps))
        place = {"person_key": key, "stage": stage or walked[-1], **stamps}
        decisions.write_stages(tx, rows(frames.Stages, place))


def standings(ledger: Ledger) -> list[Standing]:
    with ledger.read() as connection:
        return read_standings(connection, PATH)


def test_people_who_came_equally_far_are_one_group(ledger: Ledger) -> None:
    know(ledger, "a", "b", "c")
    stand(ledger, "a", "known")
    stand(ledger, "b", "known")
    stand(ledger, "c", "known", "engaged")
    assert standings(ledger) == [
        Standing("default", "engaged", 1, False, False, 1),
        Standing("default", "known", 0, False, False, 2),
    ]


def test_a_recycled_person_keeps_how_far_they_came(ledger: Ledger) -> None:
    know(ledger, "a")
    stand(ledger, "a", "known", "mql", "sal", "recycled")
    assert standings(ledger) == [Standing("default", "recycled", 3, True, True, 1)]


def test_a_customer_whom_sales_found_was_never_an_mql_and_one_with_a_stamp_was(ledger: Ledger) -> None:
    know(ledger, "found", "handed")
    stand(ledger, "found", "customer")
    stand(ledger, "handed", "customer", first_mql_at=T0, first_sal_at=T0)
    assert standings(ledger) == [
        Standing("default", "customer", 5, False, False, 1),
        Standing("default", "customer", 5, True, True, 1),
    ]


def test_a_merged_person_counts_once_with_all_that_was_walked(ledger: Ledger) -> None:
    know(ledger, "kept", merged=(("gone", "kept"),))
    stand(ledger, "gone", "known", "mql")
    stand(ledger, "kept", "known")
    assert standings(ledger) == [Standing("default", "known", 2, True, False, 1)]
