"""What sales says about a cycle, and what follows."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from engine.lifecycle.rulebook import Rulebook
from schemas.context import Versions
from schemas.playbook.load import load_playbook
from schemas.playbook.organisation import Organisation
from tests.engine.world import DAY, HOUR, LIFECYCLE, START, World

SOON = START + HOUR


@pytest.fixture
def world() -> World:
    """Ada has an open MQL since SOON."""
    world = World()
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    return world


def cycle(world: World) -> dict[str, object]:
    return world.ledger.cycles().row(0, named=True)


def kinds(world: World) -> list[str]:
    return world.ledger.events()["kind"].to_list()


def test_accepting_is_working_and_makes_an_sal(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "accepted", said_by="rep")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], cycle(world)["accepted_at"]) == ("working", START + 3 * HOUR)
    assert world.ledger.stage("ada") == "sal"
    place = world.ledger.tables["stages"]["ada", "default"]
    assert place["first_sal_at"] == place["last_sal_at"] == START + 3 * HOUR
    assert kinds(world) == ["opened", "accepted"]


def test_a_rejection_before_working_closes_as_rejected(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="no budget")
    world.run(START + 4 * HOUR)
    found = cycle(world)
    assert (found["state"], found["closed_as"], found["close_reason"], found["closed_at"]) == (
        "rejected", "rejected", "no budget", START + 3 * HOUR,
    )  # fmt: skip
    assert world.ledger.stage("ada") == "recycled"


def test_a_rejection_after_working_closes_as_recycled(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "accepted")
    world.verdict("ada", START + 4 * HOUR, "rejected", reason="no need")
    world.run(START + 5 * HOUR)
    assert (cycle(world)["state"], cycle(world)["close_reason"]) == ("recycled", "no need")
    assert world.ledger.stage("ada") == "recycled"


def test_recycling_without_having_worked_is_a_rejection(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "recycled", reason="no timing")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada")) == ("rejected", "recycled")


def test_spam_and_students_are_disqualified(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="Student")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada")) == ("rejected", "disqualified")


@pytest.mark.parametrize(
    ("reason", "then"),
    [
        ("Spam", "disqualified"),
        ("Student", "disqualified"),
        ("is a competitor", "disqualified"),
        ("Job seeker", "disqualified"),
        ("Test record", "disqualified"),
        ("Wrong territory", "reassign"),
        ("Duplicate", "recycled"),
        ("Not ideal profile", "recycled"),
        ("waits for our latest release", "recycled"),
        ("wants to test it next year", "recycled"),
        ("only came for the contest", "recycled"),
        (None, "recycled"),
    ],
)
def test_what_a_reason_leads_to_by_the_default_playbook(reason: str | None, then: str) -> None:
    playbook = load_playbook(Path(__file__).parents[2] / "playbook")
    book = Rulebook(playbook.lifecycle, playbook.organisation, World().window(START), Versions({}), [])
    assert book.what_follows(reason)[0] == then


def test_the_wrong_owner_keeps_the_cycle_open_for_another(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="Wrong owner", said_by="rep")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], cycle(world)["closed_at"]) == ("open", None)
    assert kinds(world) == ["opened", "reassign"]
    assert world.ledger.stage("ada") == "mql"


def test_after_working_the_wrong_owner_puts_the_person_back_to_mql(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "accepted")
    world.verdict("ada", START + 4 * HOUR, "rejected", reason="Wrong owner")
    world.run(START + 5 * HOUR)
    assert (cycle(world)["state"], cycle(world)["accepted_at"]) == ("open", START + 3 * HOUR)
    assert world.ledger.stage("ada") == "mql"


def test_a_wrong_owner_is_no_rejection_for_the_windows(world: World) -> None:
    world.rules = world.rules.model_validate(
        {**LIFECYCLE, "exclude": [{"id": "r", "since": "last_rejected_at", "for": "3 days", "kind": "hard"}]}
    )
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="Wrong owner")
    world.run(START + 4 * HOUR)
    world.raises_hand("ada", START + 5 * HOUR)
    world.run(START + 6 * HOUR)
    assert kinds(world) == ["opened", "reassign", "hand_raised"]


def test_a_lead_conversion_accepts_and_stays_working(world: World) -> None:
    world.verdict("ada", START + 3 * HOUR, "converted_lead", source="conversion")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], cycle(world)["accepted_at"]) == ("working", START + 3 * HOUR)


def test_an_opportunity_on_the_line_accepts_and_converts_at_one_instant(world: World) -> None:
    world.opportunity("ada", START + 3 * HOUR, "006A")
    world.run(START + 4 * HOUR)
    found = cycle(world)
    assert (found["state"], found["accepted_at"], found["closed_at"], found["opportunity_id"]) == (
        "converted", START + 3 * HOUR, START + 3 * HOUR, "006A",
    )  # fmt: skip
    steps = world.ledger.transitions().filter(pl.col("at") == START + 3 * HOUR)
    assert steps.select("to_stage", "pass_through").rows() == [("sal", False), ("opportunity", False)]
    assert kinds(world) == ["opened", "accepted", "converted"]


def test_a_conversion_with_its_opportunity_converts(world: World) -> None:
    at = START + 3 * HOUR
    world.verdict("ada", at, "converted_lead", source="conversion")
    world.opportunity("ada", at)
    world.run(START + 4 * HOUR)
    assert cycle(world)["state"] == "converted"
    assert kinds(world).count("accepted") == 1


def test_an_opportunity_from_before_the_cycle_neither_accepts_nor_converts() -> None:
    world = World()
    world.person("ada")
    world.run(START)
    world.opportunity("ada", START - 9 * DAY, verdict=False)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    # The contact role was added while the cycle was open; the opportunity is older.
    world.verdict("ada", START + 3 * HOUR, "opportunity", opportunity_id="006A", source="opportunity")
    world.run(START + 4 * HOUR)
    assert cycle(world)["state"] == "open"


def test_a_renewal_is_sales_own_business(world: World) -> None:
    world.opportunity("ada", START + 3 * HOUR, type="Renewal")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada")) == ("open", "mql")


def test_an_opportunity_on_another_line_accepts_without_converting() -> None:
    lines = [{"id": "default", "opportunity": "type = 'New'"}, {"id": "beta", "opportunity": "type = 'Beta'"}]
    world = World(organisation=Organisation.model_validate({"name": "Test", "lines": lines}))
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.opportunity("ada", START + 3 * HOUR, type="Beta")
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada"), world.ledger.stage("ada", "beta")) == (
        "working", "sal", "opportunity",
    )  # fmt: skip


def test_winning_makes_a_customer_and_losing_sends_back_to_nurturing(world: World) -> None:
    world.opportunity("ada", START + 3 * HOUR)
    world.run(START + 4 * HOUR)
    world.opportunity_ends("ada", START + 9 * DAY, won=True)
    world.run(START + 10 * DAY)
    assert world.ledger.stage("ada") == "customer"
    world.person("bob", START + 10 * DAY + HOUR)
    world.opportunity("bob", START + 11 * DAY, "006B")
    world.opportunity_ends("bob", START + 12 * DAY, "006B", won=False)
    world.run(START + 13 * DAY)
    assert world.ledger.stage("bob") == "recycled"


def test_a_lost_opportunity_that_is_opened_again_or_won_after_all_moves_the_stage_with_it(
    world: World,
) -> None:
    world.opportunity("ada", START + 3 * HOUR)
    opened = world.opportunities[0]
    world.opportunity_ends("ada", START + 9 * DAY, won=False)
    world.run(START + 10 * DAY)
    assert world.ledger.stage("ada") == "recycled"
    again = START + 11 * DAY
    world.opportunities.append({**opened, "valid_from": again, "learned_at": again})
    world.run(START + 12 * DAY)
    assert world.ledger.stage("ada") == "opportunity"
    world.opportunity_ends("ada", START + 13 * DAY, won=False)
    world.opportunity_ends("ada", START + 14 * DAY, won=True)
    world.run(START + 15 * DAY)
    assert world.ledger.stage("ada") == "customer"


@pytest.mark.parametrize(
    "cuts", [[], [START + 20 * HOUR], [START + 20 * HOUR, START + 30 * HOUR, START + 2 * DAY]]
)
def test_an_opportunity_counts_on_a_line_from_when_it_comes_to_it(cuts: list[datetime]) -> None:
    lines = [
        {"id": "default", "opportunity": "type != 'Beta'"},
        {"id": "beta", "opportunity": "type = 'Beta'"},
    ]
    world = World(organisation=Organisation.model_validate({"name": "Test", "lines": lines}))
    world.person("bob")
    world.run(START)
    world.opportunity("bob", START + 3 * HOUR, type="Renewal")
    of_bob = world.opportunities[0]
    for at, kind in ((START + 25 * HOUR, "New"), (START + 40 * HOUR, "Beta")):
        world.opportunities.append({**of_bob, "valid_from": at, "learned_at": at, "type": kind})
    for as_of in (*cuts, START + 3 * DAY):
        world.run(as_of)
    steps = world.ledger.transitions().filter(pl.col("to_stage") == "opportunity").sort("at")
    assert steps.select("line", "at", "acted_at").rows() == [
        ("default", START + 25 * HOUR, START + 25 * HOUR),
        ("beta", START + 40 * HOUR, START + 40 * HOUR),
    ]


@pytest.mark.parametrize(("won", "stage"), [(False, "recycled"), (True, "customer")])
def test_an_opportunity_that_is_closed_when_it_is_made_ends_there(
    world: World, won: bool, stage: str
) -> None:
    world.person("bob", START + 2.5 * HOUR)
    made = START + 3 * HOUR
    world.opportunity("bob", made, "006B", is_closed=True, is_won=won)
    world.run(START + 4 * HOUR)
    assert world.ledger.stage("bob") == stage


def test_people_whom_sales_found_pass_through_neither_mql_nor_sal(world: World) -> None:
    world.person("bob", START + 2.5 * HOUR)
    world.verdict("bob", START + 3 * HOUR, "accepted")
    world.opportunity("bob", START + 4 * HOUR, "006B")
    world.run(START + 5 * HOUR)
    steps = world.ledger.transitions().filter(pl.col("person_key") == "bob")
    assert steps.select("to_stage", "pass_through").rows() == [
        ("known", False),
        ("engaged", True),
        ("opportunity", False),
    ]


def test_a_rejected_lead_without_cycle_leaves_the_path_and_comes_back_when_reopened(world: World) -> None:
    world.person("bob", START + 2.5 * HOUR)
    world.verdict("bob", START + 3 * HOUR, "rejected", reason="spam")
    world.run(START + 4 * HOUR)
    assert world.ledger.stage("bob") == "disqualified"
    world.verdict("bob", START + 5 * HOUR, "reopened")
    world.run(START + 6 * HOUR)
    assert world.ledger.stage("bob") == "known"


def test_the_later_word_counts_whichever_is_learned_first(world: World) -> None:
    world.verdict("ada", START + 4 * HOUR, "accepted")
    world.run(START + 5 * HOUR)
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="no need", learned_at=START + 6 * HOUR)
    world.run(START + 6 * HOUR)
    assert cycle(world)["state"] == "working"


def test_a_word_of_before_the_cycle_that_we_learn_of_in_it_leaves_the_stage_alone(world: World) -> None:
    world.verdict("ada", SOON - HOUR / 2, "rejected", reason="spam", learned_at=START + 4 * HOUR)
    world.run(START + 4 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada")) == ("open", "mql")


@pytest.mark.parametrize(
    ("kind", "reason"), [("rejected", "wrong owner"), ("reopened", None)], ids=["wrong owner", "set back"]
)
@pytest.mark.parametrize("runs", [1, 2])
def test_a_word_of_before_changes_nothing_also_where_the_later_one_left_the_cycle_open(
    world: World, kind: str, reason: str | None, runs: int
) -> None:
    world.verdict("ada", START + 3 * HOUR, "accepted")
    world.verdict("ada", START + 5 * HOUR, kind, reason=reason)
    for hours in range(runs):
        world.run(START + (6 + hours) * HOUR)
    world.verdict("ada", START + 4 * HOUR, "accepted", learned_at=START + 8 * HOUR)
    world.verdict("ada", START + 4.5 * HOUR, "recycled", reason="no need", learned_at=START + 8 * HOUR)
    world.run(START + 8 * HOUR)
    assert cycle(world)["state"] == "open"


def test_a_person_may_take_back_what_was_said_on_the_record_itself(world: World) -> None:
    key = str(cycle(world)["cycle_key"])
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="no need", cycle_key=key)
    world.run(START + 4 * HOUR)
    world.verdict("ada", START + 5 * HOUR, "accepted", cycle_key=key)
    world.run(START + 6 * HOUR)
    found = cycle(world)
    assert (found["state"], found["accepted_at"], found["closed_at"], found["closed_as"]) == (
        "working", START + 5 * HOUR, None, None,
    )  # fmt: skip
    assert world.ledger.stage("ada") == "sal"


def test_a_late_verdict_that_a_transition_outran_is_decided_when_learned_and_keeps_its_instant(
    world: World,
) -> None:
    world.becomes("ada", START + 4 * HOUR, engagement=50.0)
    world.run(START + 5 * HOUR)
    world.verdict("ada", START + 30 * HOUR, "accepted", learned_at=START + 60 * HOUR)
    world.run(START + 59 * HOUR)
    world.run(START + 60 * HOUR)
    event = world.ledger.events().filter(pl.col("kind") == "accepted").row(0, named=True)
    assert (event["at"], event["acted_at"]) == (START + 60 * HOUR, START + 30 * HOUR)
    assert cycle(world)["accepted_at"] == START + 30 * HOUR


def test_a_young_late_verdict_is_decided_at_its_own_instant(world: World) -> None:
    world.run(START + 8 * HOUR)
    world.verdict("ada", START + 6 * HOUR, "accepted", learned_at=START + 9 * HOUR)
    world.run(START + 9 * HOUR)
    event = world.ledger.events().filter(pl.col("kind") == "accepted").row(0, named=True)
    assert event["at"] == START + 6 * HOUR


def test_a_cycle_that_nobody_touches_expires_at_its_own_instant(world: World) -> None:
    decided = world.run(START + DAY)
    end = decided.clocks["next_clock_at"][0]
    assert (end - SOON).days == 29  # 30 calendar days, to local midnight
    world.run(START + 60 * DAY)
    found = cycle(world)
    assert (found["state"], found["closed_as"], found["closed_at"]) == ("expired", "expired", end)
    assert world.ledger.stage("ada") == "recycled"


def test_a_word_at_the_very_end_of_the_time_still_counts(world: World) -> None:
    end = world.run(START + DAY).clocks["next_clock_at"][0]
    world.verdict("ada", end, "accepted")
    world.run(end + HOUR)
    assert cycle(world)["state"] == "working"


def test_calls_and_verdicts_keep_a_cycle_fresh(world: World) -> None:
    world.verdict("ada", START + 20 * DAY, "accepted")
    world.calls("ada", START + 40 * DAY)
    for day in (21, 41, 65):
        world.run(START + day * DAY)
    assert cycle(world)["state"] == "working"
    world.run(START + 75 * DAY)
    assert cycle(world)["state"] == "expired"


def test_a_verdict_before_the_cycle_is_about_something_else() -> None:
    world = World()
    world.person("ada")
    world.run(START)
    world.verdict("ada", SOON, "rejected", reason="no need")
    world.raises_hand("ada", START + 2 * HOUR)
    world.run(START + 3 * HOUR)
    assert cycle(world)["state"] == "open"


def test_a_verdict_on_the_lead_is_about_every_open_cycle() -> None:
    triggers = [
        {"id": "a", "activity": "asset_name = 'A'", "line": "default"},
        {"id": "b", "activity": "asset_name = 'B'", "line": "beta"},
    ]
    world = World()
    world.rules = world.rules.model_validate({**LIFECYCLE, "triggers": triggers})
    world.person("ada")
    world.run(START)
    world.act("ada", SOON, asset_name="A")
    world.act("ada", SOON, asset_name="B")
    world.verdict("ada", START + 2 * HOUR, "accepted")
    world.run(START + 3 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["working", "working"]
    key = world.ledger.cycles().filter(pl.col("line") == "beta")["cycle_key"][0]
    world.verdict("ada", START + 4 * HOUR, "rejected", reason="no need", cycle_key=key)
    world.run(START + 5 * HOUR)
    assert dict(world.ledger.cycles().select("line", "state").iter_rows()) == {
        "default": "working",
        "beta": "recycled",
    }


def test_a_word_on_the_record_from_before_its_cycle_is_about_something_else(world: World) -> None:
    key = str(cycle(world)["cycle_key"])
    early = {"cycle_key": key, "learned_at": START + 3 * HOUR}
    world.verdict("ada", SOON - HOUR / 2, "rejected", reason="no need", **early)
    world.run(START + 4 * HOUR)
    assert cycle(world)["state"] == "open"


def test_an_earlier_word_on_the_record_that_is_learned_later_takes_nothing_back(world: World) -> None:
    key = str(cycle(world)["cycle_key"])
    world.verdict("ada", START + 5 * HOUR, "rejected", reason="no need", cycle_key=key)
    world.run(START + 6 * HOUR)
    world.verdict("ada", START + 4 * HOUR, "accepted", cycle_key=key, learned_at=START + 7 * HOUR)
    world.run(START + 7 * HOUR)
    assert (cycle(world)["state"], world.ledger.stage("ada")) == ("rejected", "recycled")


def test_a_record_is_not_taken_back_while_a_duplicate_of_the_person_is_with_sales() -> None:
    world = World()
    for who in ("ada", "ada2"):
        world.person(who, group="g")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    key = str(cycle(world)["cycle_key"])
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="no need", cycle_key=key)
    world.raises_hand("ada2", START + 4 * HOUR)
    world.run(START + 5 * HOUR)
    world.verdict("ada", START + 6 * HOUR, "accepted", cycle_key=key)
    world.run(START + 7 * HOUR)
    assert dict(world.ledger.cycles().select("person_key", "state").iter_rows()) == {
        "ada": "rejected",
        "ada2": "open",
    }


def test_a_rejected_lead_of_somebody_who_has_an_opportunity_stays_where_it_is(world: World) -> None:
    world.person("bob", START + 2.5 * HOUR)
    world.opportunity("bob", START + 3 * HOUR, "006B")
    world.verdict("bob", START + 4 * HOUR, "rejected", reason="no need")
    world.run(START + 5 * HOUR)
    assert world.ledger.stage("bob") == "opportunity"


def test_of_two_opportunities_the_loss_of_one_sends_nobody_back(world: World) -> None:
    world.person("bob", START + 2.5 * HOUR)
    world.opportunity("bob", START + 3 * HOUR, "006B")
    world.opportunity("bob", START + 4 * HOUR, "006C")
    world.opportunity_ends("bob", START + DAY, "006B", won=False)
    world.run(START + 2 * DAY)
    assert world.ledger.stage("bob") == "opportunity"
    world.opportunity_ends("bob", START + 3 * DAY, "006C", won=False)
    world.run(START + 4 * DAY)
    assert world.ledger.stage("bob") == "recycled"


def test_an_older_recycling_that_is_learned_later_shortens_no_window(world: World) -> None:
    world.person("bob", START + 2.5 * HOUR)
    world.run(START + 9 * DAY)
    world.verdict("bob", START + 10 * DAY, "recycled", reason="no timing")
    late = {"learned_at": START + 11 * DAY}
    world.verdict("bob", START + 6 * DAY, "recycled", reason="no timing", **late)
    world.act("bob", START + 12 * DAY, "trial_signup")  # within three days of the last time, not of the first
    world.run(START + 12 * DAY)
    assert world.ledger.cycles()["person_key"].to_list() == ["ada"]
