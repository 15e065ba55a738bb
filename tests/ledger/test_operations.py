"""Cursors, runs, playbook versions and quarantine."""

import json
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from ledger import cursors, playbook_versions, quarantine, runs
from ledger.errors import SiloViolation
from ledger.open import Ledger
from ledger.runs import Count, Run
from ledger.tables.operations import run_counts
from schemas.vocabulary import Mode, Platform, Silo, Stream
from tests.ledger.decided import T0, hours


def test_a_cursor_comes_back_as_it_was_saved(ledger: Ledger) -> None:
    cursor = {"since": "2026-03-01T00:00:00Z", "map": {"a": [1, None, "ü"]}}
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        cursors.save(tx, Platform.MARKETO, Stream.ACTIVITIES, {"token": "first"}, None, hours(1))
        cursors.save(tx, Platform.MARKETO, Stream.ACTIVITIES, cursor, None, hours(2))
        cursors.save(tx, Platform.SALESFORCE, Stream.LEADS, {}, hours(2), hours(2))
    with ledger.read() as connection:
        assert cursors.load(connection, Platform.MARKETO) == {Stream.ACTIVITIES: cursor}
        assert cursors.load(connection, Platform.SALESFORCE) == {Stream.LEADS: {}}


def test_a_stream_stays_read_through_its_last_full_reading_while_a_new_one_goes_on(ledger: Ledger) -> None:
    stream = (Platform.MARKETO, Stream.PEOPLE)
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        cursors.save(tx, *stream, {"page": 1}, None, hours(1))
        assert cursors.read_through(tx.connection) == {stream: None}
        cursors.save(tx, *stream, {"page": 2}, hours(1), hours(1))
        cursors.save(tx, *stream, {"page": 1}, None, hours(2))
        assert cursors.read_through(tx.connection) == {stream: hours(1)}


def test_a_cursor_is_moved_by_the_data_silo_and_no_stage_that_decides(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.SCORING), pytest.raises(SiloViolation):
        cursors.save(tx, Platform.MARKETO, Stream.PEOPLE, {}, None, T0)


def _run(name: str, at: int, mode: Mode = Mode.LIVE) -> Run:
    return Run(name, "sync", mode, hours(at), hours(at + 0.5), {Silo.SCORING: "v1"})


def test_only_a_live_run_that_decided_everybody_moves_the_last_committed_instant(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        assert runs.last_committed_as_of(tx.connection) is None
        for run in (_run("a", 1), _run("b", 2), _run("c", 3, Mode.PLAN)):
            runs.start(tx, run)
        runs.mark_decided(tx, "a")
        runs.mark_decided(tx, "c")
        assert runs.last_committed_as_of(tx.connection) == hours(1)
        assert runs.last_as_of(tx.connection) == hours(2)


def test_counts_of_pages_add_up_in_the_runs_row(ledger: Ledger) -> None:
    pulled = Count("pull", "stored", 300, Platform.MARKETO, Stream.PEOPLE)
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        runs.start(tx, _run("a", 1))
        runs.count(tx, "a", [pulled, pulled])
        runs.count(tx, "a", [pulled, Count("decide", "transitions", 2)])
        runs.finish(tx, "a", "failed", hours(2), counts=[Count("push", "rejected", 1)], message="no")
        columns = (run_counts.c[name] for name in ("stage", "platform", "stream", "name", "n"))
        assert sorted(map(tuple, tx.connection.execute(sa.select(*columns)))) == [
            ("decide", "", "", "transitions", 2),
            ("pull", "marketo", "people", "stored", 900),
            ("push", "", "", "rejected", 1),
        ]
        [row] = runs.latest(tx.connection)
        assert (row["status"], row["message"], row["finished_at"]) == ("failed", "no", hours(2))


def test_a_rule_that_reads_as_before_keeps_its_older_date(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        playbook_versions.enforce(tx, Silo.SCORING, "v1", {"pricing": "p1", "visit": "v1"}, hours(1))
        same = playbook_versions.enforce(tx, Silo.SCORING, "v1", {"pricing": "p1", "visit": "v1"}, hours(2))
        assert same.since == hours(1)
        now = playbook_versions.enforce(
            tx, Silo.SCORING, "v2", {"pricing": "p2", "visit": "v1", "new": "n"}, hours(3)
        )
        assert now.since == hours(3)
        assert now.rules_since == {"pricing": hours(3), "visit": hours(1), "new": hours(3)}
        back = playbook_versions.enforce(tx, Silo.SCORING, "v1", {"pricing": "p1", "visit": "v1"}, hours(4))
        assert back.rules_since == {"pricing": hours(4), "visit": hours(1)}
        assert playbook_versions.in_force(tx.connection, Silo.SCORING) == back
        assert playbook_versions.in_force(tx.connection, Silo.SCORING, hours(3.5)) == now
        assert playbook_versions.in_force(tx.connection, Silo.SCORING, hours(0)) is None
        assert playbook_versions.in_force(tx.connection, Silo.LIFECYCLE) is None


def test_a_version_that_decided_nothing_leaves_no_trace(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        playbook_versions.enforce(tx, Silo.SCORING, "v1", {"pricing": "p1"}, hours(1))
        playbook_versions.enforce(tx, Silo.SCORING, "v2", {"pricing": "p2"}, hours(2))
        mended = playbook_versions.enforce(tx, Silo.SCORING, "v3", {"pricing": "p1"}, hours(2))
        assert mended.rules_since == {"pricing": hours(1)}


def _rejected(*keys: str, raw: str = "{}") -> pl.DataFrame:
    schema: dict[str, Any] = {"key": pl.String, "reasons": pl.List(pl.String), "raw": pl.String}
    return pl.DataFrame(
        [(key, ["email: bad", "score: bad"], raw) for key in keys], schema=schema, orient="row"
    )


def _add(ledger: Ledger, rejected: pl.DataFrame, at: float = 1) -> int:
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        return quarantine.add(tx, Platform.MARKETO, Stream.PEOPLE, rejected, "run", hours(at))


def test_a_bad_row_read_again_is_one_row_of_quarantine_and_another_content_is_a_second(
    ledger: Ledger,
) -> None:
    assert _add(ledger, _rejected("1", "2")) == 2
    assert _add(ledger, _rejected("1", "2", "3")) == 1
    assert _add(ledger, _rejected("1", raw='{"email": "x"}')) == 1
    with ledger.read() as connection:
        found = quarantine.rows(connection, stream=Stream.PEOPLE)
        assert sorted(row["key"] for row in found) == ["1", "1", "2", "3"]
        assert json.loads(found[0]["reasons"]) == ["email: bad", "score: bad"]
        assert quarantine.counts(connection).rows() == [
            ("marketo", "people", "email: bad", 4),
            ("marketo", "people", "score: bad", 4),
        ]


def test_two_rows_without_a_key_are_both_kept(ledger: Ledger) -> None:
    assert _add(ledger, pl.concat([_rejected("?", raw="a"), _rejected("?", raw="b")])) == 2


def test_a_row_that_came_good_later_is_mended(ledger: Ledger) -> None:
    _add(ledger, _rejected("1", "2"))
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        keys = pl.Series(["1", "9"])
        assert quarantine.mark_mended(tx, Platform.MARKETO, Stream.PEOPLE, keys, hours(2)) == 1
        assert quarantine.mark_mended(tx, Platform.SALESFORCE, Stream.PEOPLE, ["2"], hours(2)) == 0
        assert [row["key"] for row in quarantine.rows(tx.connection)] == ["2"]


def test_quarantine_is_purged_after_thirty_days(ledger: Ledger) -> None:
    _add(ledger, _rejected("old"), at=0)
    _add(ledger, _rejected("new"), at=1)
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        assert quarantine.purge(tx, hours(30 * 24 + 0.5)) == 1
        assert [row["key"] for row in quarantine.rows(tx.connection)] == ["new"]
