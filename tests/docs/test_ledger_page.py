"""docs/ledger.md describes every view and column that there is, and its questions can be asked on both databases."""

import sqlalchemy as sa

from ledger.open import Ledger
from ledger.views import VIEWS
from tests.docs.pages import code, page, rows
from tests.ledger_fixtures import *  # noqa: F403  fixtures

PAGE = page("docs/ledger.md")


def test_every_view_and_column_is_described_in_its_order(ledger: Ledger) -> None:
    with ledger.read() as connection:
        for view in VIEWS:
            columns = list(connection.execute(sa.text(f"SELECT * FROM {view}")).keys())
            assert [code(cells[0]) for cells in rows(PAGE.section(view))] == columns, view


def test_no_view_is_described_that_is_not_there() -> None:
    headings = [line[4:] for line in PAGE.section("Views").splitlines() if line.startswith("### ")]
    assert headings == list(VIEWS)


def test_every_question_can_be_asked(ledger: Ledger) -> None:
    questions = PAGE.fenced("sql")
    assert len(questions) > 5
    with ledger.read() as connection:
        for question in questions:
            assert connection.execute(sa.text(question)).all() == [], question
