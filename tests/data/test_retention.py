"""What is kept for a time only goes when that is over, once a day, in short transactions."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.open import Ledger
from ledger.tables import facts as tables
from ledger.tables.operations import quarantine
from schemas.vocabulary import Stream
from tasks.data.retention import Retention, retire
from tests.data.pages import MARKETO, Pulling, act, person

KEPT = Retention(quarantine_days=30, attribute_months=13)
DAY, YEAR = 24, 365 * 24


def retired(ledger: Ledger, as_of: datetime, before: datetime | None) -> dict[str, int]:
    run: Any = SimpleNamespace(as_of=as_of, last_as_of=before, token=None)
    return retire(ledger, run, KEPT)


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_old_attributes_are_blanked_however_few_at_once_and_young_ones_stay(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("tasks.data.retention.AT_ONCE", at_once)
    pulling = Pulling(ledger)
    old = [act(f"g{n}", "1", -1.5 * YEAR, attributes='{"a": "b"}') for n in range(3)]
    bare = act("g3", "1", -1.5 * YEAR)
    young = [act(f"g{n}", "1", -YEAR, attributes='{"a": "b"}') for n in (4, 5)]
    pulling.page(MARKETO, Stream.ACTIVITIES, [young[0], *old, bare, young[1]])
    done = retired(ledger, pulling.as_of, None)
    assert done == {"quarantine purged": 0, "attributes blanked": 3}
    kept = pulling.rows(tables.activities, "native_key", "attributes")
    assert [key for key, attributes in kept if attributes] == ["g4", "g5"]
    assert len(kept) == 6
    assert retired(ledger, pulling.as_of, None)["attributes blanked"] == 0


def test_quarantine_goes_after_its_days_and_the_look_is_taken_once_a_day(ledger: Ledger) -> None:
    pulling = Pulling(ledger)
    pulling.page(MARKETO, Stream.PEOPLE, [person("1", email="not an address")])
    first = pulling.as_of
    later = pulling.at(31 * DAY).as_of
    assert retired(ledger, later, later - timedelta(hours=1)) == {}
    assert retired(ledger, first + timedelta(days=29), first)["quarantine purged"] == 0
    assert retired(ledger, later, first)["quarantine purged"] == 1
    assert pulling.rows(quarantine, "id") == []
