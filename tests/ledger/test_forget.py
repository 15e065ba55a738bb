"""A person who asks to be forgotten is: no value of theirs stays in the ledger, on either database."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from ledger import decisions, erasure, outbox, quarantine
from ledger.forget import Forgotten, Held, forget
from ledger.open import Ledger
from ledger.tables import complete_metadata, facts
from ledger.tables.decisions import cycle_events
from ledger.tables.operations import erasures
from schemas.frames import decisions as frames
from schemas.vocabulary import Platform, Silo, Stream
from tests.ledger.decided import T0, hours, rows, stored

SECRETS = (
    "Pat",
    "Example",
    "pat@",
    "old@example.com",
    "+49 30",
    "pages/hello",
    "Pats Company",
    "Sunday",
    "hobby",
    "at the fair",
)
PERSON = {
    "email": "Pat@example.com",
    "first_name": "Pat",
    "last_name": "Example",
    "company": "Pats Company",
    "phone": "+49 30",
    "extra": '{"hobby": "sailing"}',
}


def record(native_id: str, person_key: str, **values: object) -> dict[str, Any]:
    record = {"platform": "marketo", "object": "person", "native_id": native_id, "person_key": person_key}
    return {**record, **PERSON, **values}


def keyed(row: dict[str, Any]) -> pl.DataFrame:
    return stored(facts.records, {**row, "email_key": row["email"].lower()})


def known_person(ledger: Ledger) -> None:
    """p1 (record 7, of whom p0 was merged in), with everything a ledger can know; p2 (record 8) has another address."""
    with ledger.begin(None) as tx:
        with tx.silo(Silo.DATA):
            people = ({"person_key": "p1"}, {"person_key": "p0", "merged_into": "p1"}, {"person_key": "p2"})
            tx.insert(facts.people, stored(facts.people, *people))
            other = {**dict.fromkeys(PERSON), "email": "other@example.com", "last_name": "Other"}
            tx.insert(facts.records, pl.concat([keyed(record("7", "p1")), keyed(record("8", "p2", **other))]))
            version = record("7", "p1", email="old@example.com", company="Sunday")
            kept = {name: value for name, value in version.items() if name in facts.record_versions.c}
            tx.insert(facts.record_versions, stored(facts.record_versions, kept))
            act = {
                "platform": "marketo",
                "person_native_id": "7",
                "url": "/pages/hello?e=pat@example.com",
                "attributes": '{"a": "Pat"}',
            }
            tx.insert(facts.activities, stored(facts.activities, act))
            given = {
                "adjustment_key": "a",
                "person_key": "p0",
                "reason": "met Pat at the fair",
                "author": "ops",
            }
            tx.insert(facts.adjustments, stored(facts.adjustments, given))
            raws = [
                ("7", {"x": 1}),
                ("77", {"n": "7", "name": "Pat"}),
                ("78", {"mail": "PAT@example.com"}),
                ("8", {}),
            ]
            rejected = pl.DataFrame(
                [(key, ["bad"], json.dumps(raw)) for key, raw in raws],
                schema={"key": pl.String, "reasons": pl.List(pl.String), "raw": pl.String},
                orient="row",
            )
            quarantine.add(tx, Platform.MARKETO, Stream.PEOPLE, rejected, "run", T0)
        with tx.silo(Silo.LIFECYCLE):
            of = {"person_key": "p0", "state": "open"}
            closed = {"person_key": "p1", "state": "rejected", "cycle_key": "closed"}
            decisions.write_cycles(tx, rows(frames.Cycles, of, closed))
        with tx.silo(Silo.OUTBOX):
            of_person = {"platform": "marketo", "object": "person", "target": "7", "person_key": "p1"}
            changes = [
                {**of_person, "field": "score", "value": "65"},
                {**of_person, "field": "last_name", "value": '"Example"'},
            ]
            outbox.record(tx, rows(frames.Changes, *changes), "run")
            outbox.claim(tx, Platform.MARKETO, 1, T0)
            outbox.record(tx, rows(frames.Changes, {**of_person, "field": "grade", "value": '"A1"'}), "run")


def forget_p(ledger: Ledger, key: str) -> Forgotten | None:
    secret = ledger.secret(erasure.KEY)
    with ledger.begin(None) as tx:
        return forget(tx, key, secret, hours(1))


def everything(ledger: Ledger) -> str:
    with ledger.read() as connection:
        tables = complete_metadata().tables.values()
        return "\n".join(str(row) for table in tables for row in connection.execute(sa.select(table)))


def test_no_value_of_a_forgotten_person_stays_in_any_table(ledger: Ledger) -> None:
    known_person(ledger)
    for secret in SECRETS:
        assert secret in everything(ledger)
    forgotten = forget_p(ledger, "p1")
    assert forgotten == Forgotten("p1", (Held("marketo", "person", "7"),), (), 1)
    left = everything(ledger)
    for secret in SECRETS:
        assert secret not in left
    assert "other@example.com" in left
    assert "Other" in left


def test_not_even_the_bytes_of_a_sqlite_file_hold_a_forgotten_value(ledger: Ledger) -> None:
    if ledger.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reclaims the old row versions by its own vacuum")
    known_person(ledger)
    forget_p(ledger, "p1")
    ledger.scrub()
    path = Path(str(ledger.engine.url.database))
    stored = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert b"other@example.com" in stored
    for secret in SECRETS:
        assert secret.encode() not in stored


def test_the_cycles_of_a_forgotten_person_stay_and_the_open_one_is_withdrawn(ledger: Ledger) -> None:
    known_person(ledger)
    forget_p(ledger, "p0")  # merged into p1: the same person
    with ledger.read() as connection:
        states = decisions.read_cycles(connection, ["p1"]).select("state", "close_reason").rows()
        assert sorted(states, key=str) == [("rejected", None), ("withdrawn", "erased")]
        assert connection.scalar(sa.select(cycle_events.c.reason)) == "erased"
        assert outbox.waiting(connection, ["p1", "p0"]).is_empty()
        written = outbox.applied_values(connection, Platform.MARKETO, "person", ["7"]).select(
            "field", "value"
        )
        assert sorted(written.rows()) == [("last_name", "null"), ("score", "65")]
        quarantined = {row["key"]: row["raw"] for row in quarantine.rows(connection)}
        assert quarantined == {"7": None, "77": None, "78": None, "8": "{}"}


def test_a_forgotten_person_is_known_again_by_keyed_hashes_only(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert erasure.key_of(connection) is None
    known_person(ledger)
    forget_p(ledger, "p1")
    with ledger.read() as connection:
        key = erasure.key_of(connection)
        assert key == ledger.secret(erasure.KEY)
        assert key is not None
        theirs = [
            erasure.email_hash(key, " PAT@Example.com "),
            erasure.email_hash(key, "old@example.com"),
            erasure.record_hash(key, Platform.MARKETO, "7"),
        ]
        strangers = [
            erasure.email_hash(key, "other@example.com"),
            erasure.record_hash(key, Platform.SALESFORCE, "7"),
            erasure.email_hash(b"another key", "pat@example.com"),
        ]
        assert erasure.is_erased(connection, [*theirs, *strangers]) == set(theirs)
        assert connection.scalar(sa.select(sa.func.count()).select_from(erasures)) == 3


def test_an_address_that_another_person_has_too_stays_theirs(ledger: Ledger) -> None:
    known_person(ledger)
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(facts.people, stored(facts.people, {"person_key": "p3"}))
        tx.insert(facts.records, keyed(record("9", "p3", last_name="Namesake")))
    forgotten = forget_p(ledger, "p1")
    assert forgotten is not None
    assert forgotten.others == ("p3",)
    with ledger.read() as connection:
        key = ledger.secret(erasure.KEY)
        assert erasure.is_erased(connection, [erasure.email_hash(key, "pat@example.com")]) == set()
        assert connection.scalar(sa.select(facts.records.c.email).where(facts.records.c.person_key == "p3"))


def test_forgetting_twice_or_a_stranger_is_harmless(ledger: Ledger) -> None:
    known_person(ledger)
    forget_p(ledger, "p1")
    before = everything(ledger)
    assert forget_p(ledger, "p1") is not None
    assert everything(ledger) == before
    assert forget_p(ledger, "nobody") is None
