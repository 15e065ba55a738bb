"""A backfill brings the past and decides it; the live history does not notice."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.ports import StreamRequest
from flows import backfilling, shifts
from flows.backfilling import NoSuchRange
from ledger import lease
from ledger.open import Ledger
from ledger.tables.base import metadata
from schemas.vocabulary import Platform, Stream
from tasks.progress import Silent
from tasks.summary import Exit
from tests.data.pages import START, moment
from tests.flows.told import Company, Told
from tests.ledger_fixtures import *  # noqa: F403  the real databases

DAY = 24.0
DECISIONS = (
    "transitions",
    "cycles",
    "cycle_events",
    "stages",
    "blocks",
    "scores",
    "score_lines",
    "would_qualify",
)
LIVE_ONLY = ("scores", "would_qualify", "assignments", "pool_pointers", "outbox", "conflicts", "cursors")
FACTS = ("people", "records", "record_versions", "activities", "verdicts", "identities", "quarantine")


def rows(ledger: Ledger, table: str, where: str = "1 = 1") -> list[dict[str, Any]]:
    """A table's rows, in a fixed order."""
    chosen = sa.select(metadata.tables[table]).where(sa.text(where))
    with ledger.read() as connection:
        found = [dict(row._mapping) for row in connection.execute(chosen)]
    return sorted(found, key=lambda row: repr(sorted(row.items(), key=str)))


def tables(ledger: Ledger, *names: str) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(ledger, name) for name in names}


def cycles(ledger: Ledger, *columns: str, origin: str = "backfill") -> list[tuple[Any, ...]]:
    found = rows(ledger, "cycles", f"origin = '{origin}'")
    return sorted((tuple(row[name] for name in columns) for row in found), key=repr)


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else waits for these ledgers."""
    monkeypatch.setattr(shifts, "PAUSE", 0.02)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """On a SQLite file; what may differ between databases asks for `ledger` instead."""
    with Ledger.open(f"sqlite:///{tmp_path / 'company.db'}") as opened:
        opened.upgrade()
        yield Company(opened)


def test_a_hand_raise_of_the_past_becomes_a_cycle_that_ends_with_the_backfill(ledger: Ledger) -> None:
    company = Company(ledger)
    company.person("1")
    company.raises_hand("a", "1", -20 * DAY)
    company.sync()
    before = tables(ledger, *LIVE_ONLY)
    told = company.backfill("2026-02-01", "2026-03-01")
    assert told.exit is Exit.DONE
    assert told.opened == {"backfill mql": 1}
    assert cycles(ledger, "opened_at", "state", "close_reason", "owner_id", "is_trial") == [
        (moment(-20 * DAY), "expired", "backfill_ended", None, False)
    ]
    assert tables(ledger, *LIVE_ONLY) == before
    assert [row["stage"] for row in rows(ledger, "stages")] == ["known"]
    assert [row["decided_through"] for row in rows(ledger, "schedule")] == [START]


def test_what_a_backfill_brings_counts_in_later_scores_and_is_no_new_evidence(company: Company) -> None:
    company.marketo.reach = timedelta(days=3)
    company.person("1")
    company.visits("a", "1", -12 * DAY)
    company.raises_hand("b", "1", -12 * DAY)
    company.sync()
    (before,) = rows(company.ledger, "scores")
    company.backfill("2026-02-15", "2026-03-01")
    assert rows(company.ledger, "scores") == [before]
    company.sync(1)
    (after,) = rows(company.ledger, "scores")
    assert after["engagement"] > before["engagement"] == 0
    assert cycles(company.ledger, "kind", origin="live") == []
    assert len(cycles(company.ledger, "kind")) == 1


def test_a_backfilled_mql_holds_back_no_live_one(company: Company) -> None:
    company.person("1")
    company.raises_hand("a", "1", -3 * DAY)
    company.sync()
    company.backfill("2026-02-20", "2026-03-01")
    company.raises_hand("b", "1", 2)
    company.sync(3)
    assert cycles(company.ledger, "kind", "number", "opened_at", origin="live") == [("mql", 1, moment(2))]


def test_what_happened_after_the_last_run_is_left_to_the_next_one(company: Company) -> None:
    company.person("1")
    company.sync(-30)
    company.raises_hand("a", "1", -20)
    company.marketo.now = START
    company.backfill("2026-02-20", "2026-03-01")
    assert cycles(company.ledger, "kind") == []
    company.sync()
    assert cycles(company.ledger, "kind", "opened_at", origin="live") == [("mql", moment(-20))]


def test_a_change_of_a_minute_ago_on_an_old_record_is_no_past(company: Company) -> None:
    company.person("1", created=-15 * DAY, changed=-15 * DAY, title="Student")
    for day in (-9, -8, -7):
        company.visits(f"v{day}", "1", day * DAY)
        company.act(f"w{day}", "1", day * DAY, "webinar_attended", asset_name="Forecasts that hold")
        company.act(f"e{day}", "1", day * DAY, "event_attended", asset_name="Fair")
    company.sync(-1)
    company.person("1", created=-15 * DAY, changed=-0.5)
    company.marketo.now = START
    company.backfill("2026-02-10", "2026-03-01")
    company.sync(1)
    opened = cycles(company.ledger, "trigger_rule", "opened_at", origin="live")
    assert opened == [("score", moment(-0.5))]


def test_what_was_lived_is_not_decided_again(company: Company) -> None:
    company.person("1")
    company.sync()
    company.raises_hand("a", "1", DAY)
    company.raises_hand("late", "1", -2 * DAY, appears=3 * DAY)
    company.sync(1.5 * DAY)
    company.sync(20 * DAY)
    lived = rows(company.ledger, "cycles")
    told = company.backfill("2026-02-20", "2026-03-10")
    assert told.decided["cycles"] == 0
    assert rows(company.ledger, "cycles") == lived
    assert {row["origin"] for row in lived} == {"live"}


def test_repeating_a_backfill_changes_nothing(ledger: Ledger) -> None:
    company = _lively(Company(ledger), 12)
    company.sync()
    assert company.backfill("2026-01-10", "2026-03-01").decisions
    before = tables(ledger, *DECISIONS, *FACTS, *LIVE_ONLY)
    again = company.backfill("2026-01-10", "2026-03-01")
    assert again.decisions == 0
    assert "were decided before" in again.notes[0]
    assert all(counts["stored"] == 0 for pulled in again.pulled for counts in pulled.counts.values())
    assert tables(ledger, *DECISIONS, *FACTS, *LIVE_ONLY) == before


def test_a_longer_backfill_goes_on_where_the_first_ended(company: Company) -> None:
    company.person("1")
    company.raises_hand("a", "1", -22 * DAY)  # 8 February
    company.raises_hand("b", "1", -18 * DAY)  # within 15 days of it
    company.sync()
    company.backfill("2026-02-01", "2026-02-10")
    first = rows(company.ledger, "cycles")
    company.backfill("2026-02-01", "2026-02-28")
    assert cycles(company.ledger, "kind", "opened_at") == [
        ("hand_raise", moment(-18 * DAY)),
        ("mql", moment(-22 * DAY)),
    ]
    assert all(row in rows(company.ledger, "cycles") for row in first)


def test_days_before_an_earlier_backfill_leave_its_decisions_alone(company: Company) -> None:
    company.person("1")
    company.raises_hand("a", "1", -22 * DAY)
    company.raises_hand("b", "1", -40 * DAY)
    company.sync()
    company.backfill("2026-02-01", "2026-02-28")
    before = tables(company.ledger, "cycles", "stages", "transitions")
    company.backfill("2026-01-15", "2026-02-28")
    after = tables(company.ledger, "cycles", "stages", "transitions")
    assert after["stages"] == before["stages"]
    assert all(row in after[name] for name in ("cycles", "transitions") for row in before[name])
    assert cycles(company.ledger, "opened_at") == [(moment(-40 * DAY),), (moment(-22 * DAY),)]


def test_before_the_first_sync_facts_are_brought_and_nothing_is_decided(company: Company) -> None:
    _lively(company, 5)
    told = company.backfill("2026-01-10", "2026-03-01")
    assert told.exit is Exit.FAILED
    assert "run `mqlflow sync`" in told.failures[0]
    assert rows(company.ledger, "activities")
    assert rows(company.ledger, "transitions") == []
    company.sync()
    assert {row["origin"] for row in rows(company.ledger, "transitions")} == {"adopted"}
    assert company.backfill("2026-01-10", "2026-03-01").decisions


def test_the_lease_is_free_while_a_platform_is_read(company: Company) -> None:
    _lively(company, 3)
    company.sync(-1)
    seen = []

    def sync_now(request: StreamRequest) -> None:
        if request.until is not None and request.stream not in seen:
            seen.append(request.stream)
            company.raises_hand(f"live {request.stream}", "1", len(seen) / 60)
            assert company.sync(len(seen) / 60).exit is Exit.DONE

    company.marketo.before_page = sync_now
    assert company.backfill("2026-02-01", "2026-03-01").exit is Exit.DONE
    assert len(seen) == 4
    assert len(cycles(company.ledger, "kind", origin="live")) == 1
    lived = Company(company.ledger, company.marketo)
    lived.sync(2)
    assert cycles(company.ledger, "kind")


class Stops(Silent):
    """Ends the run, as Ctrl-C would, at its n-th sign of progress; of one stage, if told."""

    def __init__(self, at: int, stage: str = "") -> None:
        self.left, self.stage = at, stage

    def advance(self, stage: str, rows: int, total: int | None = None) -> None:
        self.left -= stage.startswith(self.stage)
        if not self.left:
            raise KeyboardInterrupt


def _lively(company: Company, people: int) -> Company:
    """People who visit, come back and raise their hands over two months."""
    for number in range(people):
        who = str(number + 1)
        company.person(who)
        for act in range(6):
            at = -DAY * (2 + (number * 7 + act * 9) % 55)
            company.visits(f"{who}v{act}", who, at)
            if (number + act) % 4 == 0:
                company.raises_hand(f"{who}h{act}", who, at + 1)
            if (number + act) % 3 == 0:
                company.act(f"{who}e{act}", who, at + 2, "event_attended", asset_name="Fair")
    return company


STOPS = [(1, "pull"), (2, "pull"), (9, "pull"), (1, "decide"), (2, "decide"), (3, "decide")]


@pytest.mark.parametrize("stops", STOPS)
def test_a_backfill_that_was_stopped_and_begun_again_ends_as_if_undisturbed(
    tmp_path: Path, stops: tuple[int, str], undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "PERSON_DAYS", 1)  # as few people at a time as may be
    with Ledger.open(f"sqlite:///{tmp_path / 'stopped'}") as ledger:
        ledger.upgrade()
        company = _lively(Company(ledger), 210)
        company.sync()
        with pytest.raises(KeyboardInterrupt):
            company.backfill("2026-01-10", "2026-03-01", Stops(*stops))
        company.backfill("2026-01-10", "2026-03-01")
        assert tables(ledger, *DECISIONS) == undisturbed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The decisions of a backfill that nobody stopped, all people at a time."""
    with Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'ledger.db'}") as ledger:
        ledger.upgrade()
        company = _lively(Company(ledger), 210)
        company.sync()
        company.backfill("2026-01-10", "2026-03-01")
        found = tables(ledger, *DECISIONS)
    assert len(found["cycles"]) > 50
    return found


def test_what_was_begun_is_finished_as_it_was_begun(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "PERSON_DAYS", 1)
    _lively(company, 210)
    company.sync()
    with pytest.raises(KeyboardInterrupt):
        company.backfill("2026-02-01", "2026-02-10", Stops(2, "decide"))
    stopped = rows(company.ledger, "transitions", "origin = 'backfill'")
    assert stopped
    company.backfill("2026-02-01", "2026-02-28")
    after = rows(company.ledger, "transitions", "origin = 'backfill'")
    assert all(row in after for row in stopped)
    left_open = rows(company.ledger, "cycles", "close_reason = 'backfill_ended'")
    assert {row["closed_at"].date() for row in left_open} == {date(2026, 2, 10), date(2026, 2, 28)}


def test_a_stream_that_cannot_be_read_leaves_the_past_undecided(company: Company) -> None:
    _lively(company, 3)
    company.sync()
    before = tables(company.ledger, "cursors", "transitions")
    company.marketo.broken = {Stream.ACTIVITIES}
    told = company.backfill("2026-02-01", "2026-03-01")
    assert told.exit is Exit.FAILED
    assert "the file is torn" in "\n".join(told.failures)
    assert tables(company.ledger, "cursors", "transitions") == before
    company.marketo.broken = set()
    assert company.backfill("2026-02-01", "2026-03-01").decisions


def test_without_the_other_platform_ever_read_nothing_is_decided(company: Company) -> None:
    _lively(company, 3)
    company.sync()
    company.others = {Platform.SALESFORCE: Told(Platform.SALESFORCE)}
    days = (date(2026, 2, 1), date(2026, 3, 1))
    told = backfilling.backfill(company.wiring, *days, [Platform.MARKETO], Silent())
    assert told.exit is Exit.FAILED
    [told_of] = [line for line in told.failures if line.startswith("lifecycle decided nothing: salesforce ")]
    assert "opportunities" in told_of
    assert rows(company.ledger, "transitions", "origin = 'backfill'") == []
    company.sync()
    assert backfilling.backfill(company.wiring, *days, [Platform.MARKETO], Silent()).decisions


def test_every_row_is_counted_once_over_all_windows(company: Company) -> None:
    _lively(company, 3)
    company.act("bad", "1", -40 * DAY, kind="")
    company.marketo.tell(Stream.PEOPLE, {"object": "person", "native_id": "9", "created_at": moment(-40 * DAY),
                                         "changed_at": moment(-40 * DAY), "is_deleted": "perhaps"})  # fmt: skip
    company.marketo.reach = timedelta(days=10)
    company.sync(-70 * DAY)
    company.marketo.now = START
    told = company.backfill("2026-01-10", "2026-03-01")
    assert told.exit is Exit.SOME_REFUSED
    (pulled,) = told.pulled
    for stream, counts in pulled.counts.items():
        assert counts["pulled"] == counts["stored"] + counts["quarantined"] + counts["duplicates"], stream
    assert told.as_json()["pulled"]["marketo"]["people"]["quarantined"] == 1
    assert len(rows(company.ledger, "runs", "flow = 'backfill' AND status IS NOT NULL")) == 3


def test_days_that_are_not_over_or_in_the_wrong_order_are_refused_before_anything_is_written(
    company: Company,
) -> None:
    for since, until, says in (
        ("2026-03-01", "2026-03-02", "not over yet"),
        ("2027-01-01", "2027-02-01", "not over yet"),
        ("2026-02-02", "2026-02-01", "comes after"),
    ):
        with pytest.raises(NoSuchRange, match=says):
            company.backfill(since, until)
    with pytest.raises(NoSuchRange, match="set MQLFLOW_SALESFORCE_URL"):
        backfilling.backfill(
            company.wiring, date(2026, 2, 1), date(2026, 2, 2), [Platform.SALESFORCE], Silent()
        )
    assert rows(company.ledger, "runs") == []


def test_a_backfill_waits_for_whoever_holds_the_lease(company: Company) -> None:
    _lively(company, 3)
    held = lease.acquire(company.ledger, "sync")
    ended = threading.Event()

    def work() -> None:
        company.backfill("2026-02-01", "2026-03-01")
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not ended.wait(1.5)
    assert rows(company.ledger, "runs") == []
    held.release()
    thread.join(60)
    assert ended.is_set()
