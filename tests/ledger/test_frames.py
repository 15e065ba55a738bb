"""Frames in and out of the database: any text, any number of keys."""

import json
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.frames import among, fetch
from ledger.open import Ledger
from ledger.tables.decisions import pool_pointers
from schemas.frames import decisions as frames
from schemas.frames.base import Frame, dtypes
from schemas.vocabulary import Silo
from tests.ledger.decided import rows

NAUGHTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "blns.json"
POOLS = {"pool": pl.String}
# PostgreSQL keeps no NUL (such rows are quarantined at the door), UTF-8 no surrogate.
any_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def come_back(ledger: Ledger, texts: list[str]) -> list[str]:
    """Writes the texts as keys, asks for exactly these, and answers what came."""
    pointers = rows(frames.PoolPointers, *({"pool": text} for text in texts))
    with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
        tx.delete(pool_pointers)
        tx.insert_new(pool_pointers, pointers)
        found = fetch(
            tx.connection, sa.select(pool_pointers.c.pool).where(among(pool_pointers.c.pool, texts)), POOLS
        )
        none = fetch(
            tx.connection, sa.select(pool_pointers.c.pool).where(among(pool_pointers.c.pool, [])), POOLS
        )
    assert none.is_empty()
    return sorted(found["pool"])


@given(st.lists(any_text, max_size=10))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_unchanged_and_is_found_by_itself(ledger: Ledger, texts: list[str]) -> None:
    assert come_back(ledger, texts) == sorted(set(texts))


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the list of naughty strings is not in ../shared/data")
def test_naughty_strings_come_back_unchanged(ledger: Ledger) -> None:
    naughty = {text for text in json.loads(NAUGHTY.read_text()) if "\0" not in text}
    assert len(naughty) > 400
    assert come_back(ledger, sorted(naughty)) == sorted(naughty)


def test_a_statement_whose_columns_are_not_the_frames_is_refused(ledger: Ledger) -> None:
    with (
        ledger.read() as connection,
        pytest.raises(ValueError, match=r"\['owner_id', 'pool'\] stand on one side"),
    ):
        fetch(connection, sa.select(pool_pointers.c.pool), {"owner_id": pl.String})


@pytest.mark.parametrize("model", [frames.Scores, frames.Cycles, frames.ScoreLines])
def test_no_rows_are_a_frame_with_the_models_types(ledger: Ledger, model: type[Frame]) -> None:
    name = {"Scores": "scores", "Cycles": "cycles", "ScoreLines": "score_lines"}[model.__name__]
    table = pool_pointers.metadata.tables[name]
    with ledger.read() as connection:
        assert fetch(connection, sa.select(table), model).schema == dtypes(model)
