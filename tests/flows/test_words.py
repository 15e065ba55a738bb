"""What a run did is told in sentences: every name that a program counts by has its words for people."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from engine.assignment.selling import ACCOUNT, LAST_CYCLE, OPPORTUNITY
from flows.presentation import artifacts, words
from schemas.vocabulary import CycleKind, Origin, OutboxState
from tasks.summary import Summary, added_up

AS_OF = datetime(2026, 3, 2, 9, tzinfo=UTC)


def summary(*, is_live: bool = True, **counts: Counter[str]) -> Summary:
    return Summary("run", "sync", AS_OF, is_live, **counts)


def told(heading: str, of: Summary) -> list[str]:
    return [f"{n:,} {what}" for n, what in dict(words.groups(of))[heading]]


def test_what_is_to_be_written_is_told_by_record_and_field() -> None:
    asked = Counter(
        {"person scores": 4811, "mql_record record": 3, "lead owner_id": 1, "person request_sync": 2}
    )
    assert told("To be written", summary(asked=asked)) == [
        "4,811 Marketo people: score, fit, engagement, grade",
        "3 MQL__c records",
        "2 Marketo people: to be brought into the CRM",
        "1 lead: owner",
    ]
    assert "Would be written" in dict(words.groups(summary(is_live=False, asked=asked)))


def test_handovers_are_told_by_kind_and_by_how_they_came() -> None:
    opened = Counter({"adopted mql": 5, "live mql": 4, "live hand_raise": 3, "backfill mql": 2, "trial": 1})
    assert told("Handovers opened", summary(opened=opened)) == [
        "5 MQLs, with sales before us",
        "4 MQLs",
        "3 hand raises of people who are with sales",
        "2 MQLs, in the past",
        "1 trial: it would have been handed over",
    ]


@pytest.mark.parametrize("how", ["rule", "kept", "crm", "nobody", OPPORTUNITY, ACCOUNT, LAST_CYCLE])
def test_every_way_to_an_owner_has_its_words(how: str) -> None:
    assert words.FOUND_BY[how] != how


def test_every_kind_origin_and_outcome_has_its_words() -> None:
    assert set(words.KINDS) == {kind.value for kind in CycleKind}
    assert set(words.ORIGINS) == {origin.value for origin in Origin}
    of_columns = [state for states in words.OUTCOMES.values() for state in states]
    assert sorted(of_columns) == sorted(set(OutboxState) - {OutboxState.CLAIMED})


def test_outcomes_stand_in_a_table_without_empty_columns() -> None:
    pushed = {"marketo person applied": 75, "salesforce mql_record applied": 66, "marketo person deferred": 1}
    assert words.outcomes(pushed) == (
        ["values of", "written", "tried again later"],
        [["Marketo people", 75, 1], ["Salesforce MQL__c records", 66, 0]],
    )


def test_a_refusal_is_told_with_its_code() -> None:
    refused = Counter(
        {"salesforce lead: FIELD_CUSTOM_VALIDATION_EXCEPTION": 2, "marketo person: missing_fields": 1}
    )
    assert told("Refused", summary(refused=refused)) == [
        "2 values of Salesforce leads: FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "1 value of Marketo people: missing_fields",
    ]


def test_refusals_of_several_runs_add_up_and_are_in_the_json() -> None:
    total = added_up([summary(refused=Counter(a=1)), summary(refused=Counter(a=2))])
    assert total.as_json()["refused"] == {"a": 3}


def test_a_manager_reads_no_counter_names() -> None:
    of = summary(
        decided=Counter(people=9, would_qualify=1),
        opened=Counter({"live hand_raise": 1}),
        moved=Counter(mql=2, recycled=1),
        assigned=Counter(last_cycle=1),
        asked=Counter({"mql_record record": 1}),
        pushed=Counter({"salesforce mql_record applied": 22}),
    )
    read = artifacts.changed(of)
    assert read.startswith("**9 people scored, 1 handover opened, 22 values written.**")
    assert "_" not in read.replace("MQL__c", "").replace("`outbox_problems`", "").replace("`left_alone`", "")
    assert "| 1 | as the owner of the last handover |" in read
    assert "| Salesforce MQL__c records | 22 |" in read


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    assert words.counted(1, "row", "rows") == "1 row"
    assert words.counted(2000, "row", "rows") == "2,000 rows"


def test_a_name_without_words_is_told_as_it_is() -> None:
    assert told("Decided", summary(decided=Counter(brand_new=1))) == ["1 brand new"]
