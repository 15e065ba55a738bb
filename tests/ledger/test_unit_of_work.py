"""A write transaction: a silo's own tables and no others, all of it or nothing, alike on both databases."""

import traceback
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.bulk import COPY_FROM
from ledger.errors import SiloViolation, WriteFailed
from ledger.frames import fetch, table_columns
from ledger.open import Ledger
from ledger.tables import complete_metadata
from ledger.tables.base import columns_open_to, writers
from ledger.tables.decisions import cycles, pool_pointers, score_lines, scores, stages
from ledger.tables.operations import cursors, runs
from schemas.frames import decisions as frames
from schemas.vocabulary import Silo
from tests.ledger.decided import T0, rows

SILOS = [Silo.DATA, Silo.SCORING, Silo.LIFECYCLE, Silo.ASSIGNMENT, Silo.OUTBOX, Silo.OPERATIONS]


def test_every_table_has_a_writer() -> None:
    for table in complete_metadata().tables.values():
        assert writers(table), table.name


@pytest.mark.parametrize("silo", SILOS)
def test_a_silo_writes_its_own_tables_and_is_refused_every_other(ledger: Ledger, silo: Silo) -> None:
    with ledger.begin(None) as tx, tx.silo(silo):
        for table in complete_metadata().tables.values():
            if silo in writers(table):
                tx.delete(table)
                continue
            with pytest.raises(SiloViolation, match=rf"The {silo} silo was to write {table.name}"):
                tx.delete(table)
            empty = pl.DataFrame({column.name: [] for column in table.columns})
            for write in (tx.insert, tx.insert_new, tx.upsert):
                with pytest.raises(SiloViolation):
                    write(table, empty)


@pytest.mark.parametrize(
    "statement",
    [
        sa.delete(stages),
        sa.insert(stages).values(person_key="p", line="l"),
        sa.update(stages).values(line="x"),
        sa.select(sa.delete(stages).returning(stages.c.line).cte()),
        sa.select(scores.c.model).add_cte(sa.delete(stages).returning(stages.c.line).cte("gone")),
        sa.insert(scores).from_select(
            ["person_key"], sa.select(sa.delete(stages).returning(stages.c.line).cte())
        ),
        sa.text("DELETE FROM stages"),
        sa.text("  delete from scores"),
        sa.text("WITH x AS (SELECT 1) DELETE FROM stages"),
        sa.text("PRAGMA writable_schema = 1"),
        sa.text("DROP TABLE stages"),
        sa.text("COMMIT"),
        sa.schema.DropTable(stages),
        sa.delete(sa.table("somebody_elses")),
    ],
    ids=str,
)
def test_a_write_past_the_silo_is_refused_before_any_sql_is_sent(
    ledger: Ledger, statement: sa.Executable
) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.SCORING), pytest.raises(SiloViolation):
        tx.connection.execute(statement)
    with ledger.begin(None) as tx, tx.silo(Silo.SCORING), pytest.raises(SiloViolation):
        tx.connection.exec_driver_sql("DELETE FROM scores")


def test_without_an_open_silo_nothing_can_be_written(ledger: Ledger) -> None:
    with ledger.begin(None) as tx:
        with tx.silo(Silo.SCORING):
            tx.delete(scores)
        with pytest.raises(SiloViolation, match="no silo open"):
            tx.delete(scores)


def test_a_reading_connection_writes_nothing(ledger: Ledger) -> None:
    with ledger.read() as connection, pytest.raises(SiloViolation):
        connection.execute(sa.delete(scores))


def test_assignment_sets_a_cycles_owner_and_nothing_else_of_it(ledger: Ledger) -> None:
    one = rows(frames.Cycles, {"cycle_key": "c"})
    with ledger.begin(None) as tx:
        with tx.silo(Silo.LIFECYCLE):
            tx.insert(cycles, one)
        with tx.silo(Silo.ASSIGNMENT):
            assert tx.update(cycles, pl.DataFrame({"cycle_key": ["c"], "owner_id": ["005"]})) == 1
            for column in set(cycles.c.keys()) - columns_open_to(cycles, Silo.ASSIGNMENT) - {"cycle_key"}:
                with pytest.raises(SiloViolation):
                    tx.update(cycles, pl.DataFrame({"cycle_key": ["c"], column: [None]}))
            with pytest.raises(SiloViolation):
                tx.insert(cycles, one)
        assert tx.connection.scalar(sa.select(cycles.c.owner_id)) == "005"


def test_a_block_that_fails_writes_nothing(ledger: Ledger) -> None:
    pointers = rows(frames.PoolPointers, {"pool": "a"})
    with pytest.raises(RuntimeError), ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):  # noqa: PT012
        tx.insert(pool_pointers, pointers)
        raise RuntimeError
    with ledger.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(pool_pointers)) == 0


def test_a_reader_sees_the_ledger_as_it_stood_when_it_began(ledger: Ledger) -> None:
    count = sa.select(sa.func.count()).select_from(pool_pointers)
    with ledger.read() as connection:
        assert connection.scalar(count) == 0
        with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
            tx.insert(pool_pointers, rows(frames.PoolPointers, {"pool": "a"}))
        assert connection.scalar(count) == 0
    with ledger.read() as connection:
        assert connection.scalar(count) == 1


@pytest.mark.parametrize("many", [3, COPY_FROM + 3], ids=["few", "many"])
def test_frames_come_back_as_they_were_written(ledger: Ledger, many: int) -> None:
    lines = rows(
        frames.ScoreLines,
        *(
            {
                "person_key": f"p{number}",
                "at": T0 + timedelta(microseconds=number),
                "rule_id": 'odd "text", \\ tab\t newline\n and \\N ü 漢 😀',
                "raw": -number,
                "evidence": [['a"b', "c,d"], [], None][number % 3],
                "since": [None, T0][number % 2],
                "part": "fit",
            }
            for number in range(many)
        ),
    )
    with ledger.begin(None) as tx, tx.silo(Silo.SCORING):
        assert tx.insert(score_lines, lines) == many
        assert tx.insert_new(score_lines, lines) == 0
        assert tx.upsert(score_lines, lines) == 0
        changed = lines.with_columns(points=pl.lit(7, pl.Int64))
        assert tx.upsert(score_lines, changed, keep=["points"]) == 0
        assert tx.upsert(score_lines, changed) == many
    with ledger.read() as connection:
        chosen = sa.select(*table_columns(score_lines, frames.ScoreLines)).order_by(score_lines.c.at)
        assert fetch(connection, chosen, frames.ScoreLines).equals(changed)


@pytest.mark.parametrize("many", [2, COPY_FROM], ids=["few", "many"])
def test_a_key_twice_in_a_frame_is_one_row(ledger: Ledger, many: int) -> None:
    twice = pl.concat(
        [
            rows(frames.PoolPointers, *({"pool": f"{number}", "given": given} for number in range(many)))
            for given in (1, 2)
        ]
    )
    with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        assert tx.insert_new(pool_pointers, twice) == many
        assert tx.connection.scalar(sa.select(sa.func.sum(pool_pointers.c.given))) == many
        assert tx.upsert(pool_pointers, twice) == many
        assert tx.connection.scalar(sa.select(sa.func.sum(pool_pointers.c.given))) == 2 * many


@pytest.mark.parametrize("many", [2, COPY_FROM], ids=["few", "many"])
def test_an_update_says_how_many_rows_there_were(ledger: Ledger, many: int) -> None:
    keys = [f"{number}" for number in range(many)]
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        tx.insert(stages, rows(frames.Stages, *({"person_key": key} for key in keys)))
        changes = pl.DataFrame({"line": "default", "person_key": [*keys, "nobody"], "stage": "mql"})
        assert tx.update(stages, changes) == many
        assert set(tx.connection.scalars(sa.select(stages.c.stage))) == {"mql"}


def test_text_is_ordered_by_code_point_on_both_databases(ledger: Ledger) -> None:
    names = ["a", "B", "b", "A", "ä", "_", "a b", "ab", "1"]
    with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        tx.insert(pool_pointers, rows(frames.PoolPointers, *({"pool": name} for name in names)))
        ordered = tx.connection.scalars(sa.select(pool_pointers.c.pool).order_by(pool_pointers.c.pool))
        assert list(ordered) == sorted(names)


def test_an_instant_without_a_time_zone_is_refused(ledger: Ledger) -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with ledger.read() as connection, pytest.raises(sa.exc.StatementError, match="no time zone"):
        connection.execute(sa.select(runs).where(runs.c.as_of == naive))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_instant_keeps_its_microseconds(ledger: Ledger, instant: datetime) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        tx.delete(cursors)
        tx.execute(sa.insert(cursors).values(platform="p", stream="s", cursor="{}", saved_at=instant))
        assert tx.connection.scalar(sa.select(cursors.c.saved_at)) == instant


@pytest.mark.parametrize("many", [1, COPY_FROM], ids=["few", "many"])
def test_a_refused_write_names_the_table_and_no_value(ledger: Ledger, many: int) -> None:
    secret = pl.DataFrame({"pool": ["pat@example.com"] * many, "owner_id": None, "given": 1})
    with pytest.raises(WriteFailed) as raised, ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        tx.insert(pool_pointers, secret)
    assert "pool_pointers" in str(raised.value)
    assert "pat@example.com" not in "".join(traceback.format_exception(raised.value))
    row = sa.insert(pool_pointers).values(pool="pat@example.com", owner_id="x", given=None)
    with pytest.raises(WriteFailed) as raised, ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        tx.execute(row)
    assert "pat@example.com" not in "".join(traceback.format_exception(raised.value))
