"""What a run becomes in Prefect, without a server: the final state, the log's lines, the artifacts' text."""

import logging
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Unavailable
from flows.backfilling import NoSuchRange
from flows.in_prefect import LoggedProgress, concluded, finish
from flows.presentation import artifacts, funnel
from flows.settings import SettingsFault
from ledger.decisions.funnel import Standing
from ledger.errors import LeaseHeld
from schemas.vocabulary import Platform, Stream
from tasks.pull import Pulled
from tasks.summary import Summary

PATH = ["known", "engaged", "mql", "sal", "opportunity", "customer"]
AS_OF = datetime(2026, 3, 2, 9, tzinfo=UTC)


def summary(**values: object) -> Summary:
    return Summary("run", "sync", AS_OF, True, **values)  # type: ignore[arg-type]


def pulled(quarantined: int = 0, **values: object) -> Pulled:
    counts = {Stream.PEOPLE: Counter(pulled=10, stored=10 - quarantined, quarantined=quarantined)}
    return Pulled(Platform.MARKETO, counts, **values)  # type: ignore[arg-type]


def test_a_run_that_did_nothing_completes_and_says_so() -> None:
    state = finish(summary())
    assert (state.type, state.name, state.message) == ("COMPLETED", "Completed", "nothing changed")


def test_a_run_with_refused_rows_completes_and_names_them() -> None:
    state = finish(summary(pulled=[pulled(3)], pushed=Counter({"salesforce lead rejected": 2})))
    assert state.type == "COMPLETED"
    assert state.message == "nothing changed, 3 rows quarantined, 2 values refused by a platform"


def test_a_run_that_could_not_read_a_stream_fails_with_its_lines() -> None:
    state = finish(summary(pulled=[pulled(failures={Stream.ACTIVITIES: "no answer"})], problems=["b"]))
    assert (state.type, state.message) == ("FAILED", "marketo activities: no answer\nb")


@pytest.mark.parametrize(
    ("error", "type", "name"),
    [
        (LeaseHeld("process 7 on here", "backfill"), "CANCELLED", "Skipped"),
        (SettingsFault("MQLFLOW_MARKETO_URL: missing"), "FAILED", "Failed"),
        (Unavailable("marketo", "no answer"), "FAILED", "Failed"),
        (NoSuchRange("until lies before since"), "FAILED", "Failed"),
    ],
)
def test_what_a_person_can_mend_ends_a_run_with_its_message(error: Exception, type: str, name: str) -> None:
    def work() -> Summary:
        raise error

    state = concluded(work)
    assert (state.type, state.name, state.message) == (type, name, str(error))


def test_a_fault_of_the_code_is_raised() -> None:
    def work() -> Summary:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        concluded(work)


def test_progress_is_told_every_few_seconds_and_in_full_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    progress = LoggedProgress(logging.getLogger("progress"), clock=lambda: now, every=10)
    for _ in range(25):
        now += 1
        progress.advance("pull marketo people", 300)
    progress.advance("decide", 5, 20)
    progress.flush()
    assert caplog.messages == [
        "pull marketo people: 3,000",
        "pull marketo people: 6,000",
        "pull marketo people: 7,500",
        "decide: 5 of 20",
    ]


def test_a_quiet_run_is_no_news() -> None:
    counts = {Stream.PEOPLE: Counter(pulled=3, duplicates=3)}
    assert not artifacts.has_news(summary(pulled=[Pulled(Platform.MARKETO, counts)]))


def test_reasons_can_not_break_out_of_a_table() -> None:
    told = artifacts.quarantined(summary(pulled=[pulled(1, reasons=Counter({"a | b\n<img>": 1}))]))
    assert "| a \\| b &lt;img> | 1 |" in told


def test_a_funnel_counts_from_mql_on_only_whom_a_handover_brought_there() -> None:
    standings = [
        Standing("default", "known", 0, False, False, 900),
        Standing("default", "mql", 2, True, False, 60),
        Standing("default", "recycled", 3, True, True, 10),
        Standing("default", "customer", 5, True, True, 30),
        Standing("default", "customer", 5, False, False, 500),
    ]
    found = {step.stage: step for step in funnel.steps(standings, PATH)}
    assert [found[stage].came for stage in PATH] == [1500, 600, 100, 40, 30, 30]
    assert (found["customer"].now, found["customer"].found_by_sales) == (30, 500)
    assert found["sal"].share == 0.4
    assert funnel.aside(standings, PATH) == {"recycled": 10}


STANDING = st.builds(
    Standing,
    line=st.just("default"),
    stage=st.sampled_from([*PATH, "recycled", "disqualified"]),
    furthest=st.integers(0, 5),
    was_mql=st.booleans(),
    was_sal=st.booleans(),
    people=st.integers(0, 10**7),
)


@given(st.lists(STANDING, max_size=8), st.text(max_size=30).filter(str.isprintable))
def test_the_picture_is_well_formed_whatever_the_numbers_and_the_name(
    standings: list[Standing], name: str
) -> None:
    drawn = funnel.picture(name, funnel.steps(standings, PATH), funnel.aside(standings, PATH))
    root = ElementTree.fromstring(drawn)
    paper = root.find("{http://www.w3.org/2000/svg}rect")
    assert paper is not None
    assert paper.get("fill") == "#ffffff"
