"""Who gets a handover: a person's choice is kept, then the rules in order."""

import pandera.polars as pa
import pytest

from schemas.frames import decisions
from tests.engine.assignment_world import DAY, HOUR, START, Team, only


@pytest.fixture
def team() -> Team:
    """Ada, Ben and Cem are SDRs."""
    team = Team()
    team.users("ada", "ben", "cem")
    team.user("Marketo Sync", role=None)
    team.queue("inbound")
    return team


# A person's choice


def test_a_lead_that_a_person_owns_keeps_its_owner_and_no_rule_is_asked(team: Team) -> None:
    team.user("zoe", role="AE")
    team.lead("p", "zoe")
    cycle = team.cycle("p")
    row = only(team.run())
    assert (row["how"], row["owner_id"], row["owner_kind"], row["pool"]) == ("kept", "zoe", "user", None)
    assert row["reasons"] == {"shown": {"record": "lead", "owner": "zoe", "is": "person"}}
    assert team.owner(cycle) == "zoe"
    assert not team.pointers


def test_an_owner_who_is_away_is_kept_and_it_is_shown(team: Team) -> None:
    team.user("zoe", away_until=START + DAY)
    team.lead("p", "zoe")
    team.cycle("p")
    row = only(team.run())
    assert (row["how"], row["owner_id"]) == ("kept", "zoe")
    assert row["reasons"]["shown"]["away_until"] == "2026-03-03T09:00:00Z"


def test_an_owner_that_the_roster_does_not_know_yet_is_a_person(team: Team) -> None:
    team.lead("p", "just hired")
    team.cycle("p")
    assert only(team.run())["owner_id"] == "just hired"


@pytest.mark.parametrize(
    ("owner", "what"), [("Marketo Sync", "placeholder"), ("inbound", "queue"), ("gone", "inactive")]
)
def test_a_lead_that_nobody_owns_goes_by_the_rules(team: Team, owner: str, what: str) -> None:
    team.user("gone", is_active=False)
    team.lead("p", owner)
    team.cycle("p")
    row = only(team.run())
    assert (row["how"], row["rule_id"], row["pool"]) == ("rule", "all", "team")
    assert row["owner_id"] in ("ada", "ben", "cem")
    assert row["reasons"]["shown"] == {"record": "lead", "owner": owner, "is": what}


def test_an_owner_that_we_set_and_nobody_changed_is_no_persons_choice(team: Team) -> None:
    team.user("zoe", role="AE")
    team.lead("p", "zoe")
    team.written["lead:p"] = "zoe"
    team.cycle("p")
    assert only(team.run())["how"] == "rule"


def test_an_owner_that_a_person_put_in_the_place_of_ours_is_kept(team: Team) -> None:
    team.lead("p", "ben")
    team.written["lead:p"] = "ada"
    team.cycle("p")
    assert only(team.run())["how"] == "kept"


def test_the_owner_of_a_contact_is_the_owner_of_the_cycle(team: Team) -> None:
    team.user("zoe", role="AE")
    team.lead("p", "Marketo Sync")
    team.contact("p", "zoe")
    team.cycle("p")
    row = only(team.run())
    assert (row["how"], row["owner_id"], row["reasons"]["shown"]["record"]) == ("kept", "zoe", "contact")


def test_a_contact_of_somebody_who_left_goes_by_the_rules(team: Team) -> None:
    team.user("gone", is_active=False)
    team.contact("p", "gone")
    team.cycle("p")
    assert only(team.run())["how"] == "rule"


def test_somebody_who_is_not_in_the_crm_yet_goes_by_the_rules(team: Team) -> None:
    team.cycle("p")
    assert only(team.run())["how"] == "rule"


# The rules


def test_the_first_rule_that_holds_decides(team: Team) -> None:
    team.rules["rules"] = [
        {"id": "anz", "when": "country IN ('AU', 'NZ')", "to": {"owner": "ada"}},
        {"id": "large", "when": "employees > 1000 AND score >= 80", "to": {"owner": "ben"}},
        {"id": "rest", "to": {"queue": "inbound"}},
    ]
    team.person("sydney", country="AU", employees=5000, score=90.0)
    team.person("berlin", country="DE", employees=5000, score=90.0)
    team.person("small", country="DE")
    cycles = {name: team.cycle(name) for name in ("sydney", "berlin", "small")}
    team.run()
    assert {name: team.owner(cycle) for name, cycle in cycles.items()} == {
        "sydney": "ada",
        "berlin": "ben",
        "small": "inbound",
    }
    assert team.cycles[cycles["small"]]["owner_kind"] == "queue"


def test_reasons_name_rule_condition_values_and_everybody_who_was_considered(team: Team) -> None:
    team.rules["rules"] = [
        {"id": "de", "when": "country = 'DE' AND cycle_kind = 'mql'", "to": {"pool": "team"}}
    ]
    team.user("dan", is_active=False)
    team.user("eve", away_until=START + DAY)
    team.user("fay", can_own=False)
    team.person("p", country="DE")
    team.cycle("p")
    row = only(team.run())
    members = row["reasons"].pop("members")
    assert members[0]["owner"] == row["owner_id"]
    assert sorted(member.pop("owner") for member in members) == ["ada", "ben", "cem"]
    assert members == [{"turns": 0, "last_at": None}] * 3
    assert row["reasons"] == {
        "rule": "de",
        "condition": "country = 'DE' AND cycle_kind = 'mql'",
        "values": {"country": "DE", "cycle_kind": "mql"},
        "target": "pool",
        "pool": "team",
        "in_rotation": 3,
        "skipped": [
            {"owner": "dan", "why": "inactive"},
            {"owner": "eve", "why": "away until 2026-03-03T09:00:00Z"},
            {"owner": "fay", "why": "can not own"},
        ],
        "not_in_rotation": 3,
    }


def test_two_cycles_of_a_person_on_two_lines_go_by_what_each_of_them_is(team: Team) -> None:
    team.rules["rules"] = [
        {"id": "tower", "when": "cycle_line = 'tower'", "to": {"owner": "ada"}},
        {"id": "villa", "when": "campaign_type = 'Event' AND cycle_number = 2", "to": {"owner": "ben"}},
    ]
    tower = team.cycle("p", line="tower")
    villa = team.cycle("p", line="villa", campaign_type="Event", number=2)
    decided = team.run()
    assert (team.owner(tower), team.owner(villa)) == ("ada", "ben")
    reasons = dict(decided.assignments.select("line", "reasons").iter_rows())
    assert '"cycle_line": "tower"' in reasons["tower"]
    assert '"campaign_type": "Event"' in reasons["villa"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"is_active": False}, "inactive"),
        ({"can_own": False}, "can not own"),
        ({"away_until": START + HOUR}, "away until 2026-03-02T10:00:00Z"),
    ],
)
def test_a_named_owner_who_cannot_take_it_leaves_it_to_the_next_rule(
    team: Team, values: dict[str, object], why: str
) -> None:
    team.user("zoe", role="AE", **values)
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "zoe"}}, {"id": "rest", "to": {"queue": "inbound"}}]
    team.cycle("p")
    row = only(team.run())
    assert (row["rule_id"], row["owner_id"]) == ("rest", "inbound")
    assert row["reasons"]["tried"] == [{"rule": "zoe", "target": "owner", "owner": "zoe", "why_not": why}]


def test_somebody_whose_leave_ends_at_this_instant_is_back(team: Team) -> None:
    team.user("zoe", role="AE", away_until=START)
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "zoe"}}]
    team.cycle("p")
    assert only(team.run())["owner_id"] == "zoe"


def test_names_are_found_whatever_their_case_and_of_namesakes_the_active_one(team: Team) -> None:
    team.user("1", name="Zoe Fox", is_active=False)
    team.user("2", name=" zoe fox ")
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "Zoe Fox"}}]
    team.cycle("p")
    assert only(team.run())["owner_id"] == "2"


def test_of_two_active_namesakes_none_is_guessed(team: Team) -> None:
    team.user("1", name="Zoe Fox")
    team.user("2", name="Zoe Fox")
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "Zoe Fox"}}]
    team.cycle("p")
    row = only(team.run())
    assert (row["how"], row["reasons"]["tried"][0]["why_not"]) == ("nobody", "ambiguous")


# Nobody


def test_a_cycle_that_nobody_can_take_is_decided_as_nobody_with_all_reasons(team: Team) -> None:
    for name in ("ada", "ben"):
        team.owners[name]["is_active"] = False
    team.owners["cem"]["away_until"] = START + DAY
    cycle = team.cycle("p")
    decided = team.run()
    row = only(decided)
    assert (row["how"], row["owner_id"], row["rule_id"]) == ("nobody", None, "nobody")
    assert row["reasons"]["why"] == "no rule's target can take it"
    [tried] = row["reasons"]["tried"]
    assert (tried["rule"], tried["pool"], tried["why_not"]) == (
        "all",
        "team",
        "nobody of the pool can take it",
    )
    assert [each["why"] for each in tried["skipped"]] == [
        "inactive",
        "inactive",
        "away until 2026-03-03T09:00:00Z",
    ]
    assert decided.cycle_owners.is_empty()
    assert team.owner(cycle) is None


def test_nobody_is_tried_again_by_every_run_and_told_once(team: Team) -> None:
    for name in ("ada", "ben", "cem"):
        team.owners[name]["is_active"] = False
    cycle = team.cycle("p")
    team.run()
    assert team.run(START + HOUR).is_empty
    team.owners["ben"]["is_active"] = True
    assert only(team.run(START + 2 * HOUR))["owner_id"] == "ben"
    assert team.owner(cycle) == "ben"


def test_nobody_is_told_again_when_it_is_for_another_reason(team: Team) -> None:
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "zoe"}}]
    team.user("zoe", away_until=START + DAY)
    team.cycle("p")
    team.run()
    team.owners["zoe"]["is_active"] = False
    assert only(team.run(START + HOUR))["reasons"]["tried"][0]["why_not"] == "inactive"


def test_a_cycle_for_which_no_rule_holds_is_nobodys(team: Team) -> None:
    team.rules["rules"] = [{"id": "de", "when": "country = 'DE'", "to": {"pool": "team"}}]
    team.cycle("p")  # a country that is unknown is not Germany
    assert only(team.run())["reasons"] == {"why": "no rule's condition holds"}


# Hand raises of people who are with sales


def test_the_hand_raise_of_somebody_with_an_open_opportunity_goes_to_its_owner(team: Team) -> None:
    team.users("olga", "abel", role="AE")
    team.person("p", opportunity_owner_id="olga", account_owner_id="abel")
    team.contact("p", "ada")
    team.cycle("p", kind="hand_raise")
    row = only(team.run())
    assert (row["how"], row["owner_id"]) == ("opportunity", "olga")


def test_else_to_the_owner_of_the_account(team: Team) -> None:
    team.user("olga", role="AE", is_active=False)
    team.user("abel", role="AE")
    team.person("p", opportunity_owner_id="olga", account_owner_id="abel")
    team.cycle("p", kind="hand_raise")
    row = only(team.run())
    assert (row["how"], row["owner_id"]) == ("account", "abel")
    assert row["reasons"] == {"account": "abel", "passed": [{"opportunity": "olga", "why": "inactive"}]}


def test_else_to_whoever_had_the_last_cycle_if_still_active(team: Team) -> None:
    team.cycle("p", START - 20 * DAY, state="recycled", owner_id="ben", owner_kind="user")
    team.cycle("p", START - 10 * DAY, state="rejected", owner_id="cem", owner_kind="user")
    team.cycle("p", kind="hand_raise")
    row = only(team.run())
    assert (row["how"], row["owner_id"]) == ("last_cycle", "cem")


def test_else_by_the_ordinary_rules(team: Team) -> None:
    team.owners["cem"]["is_active"] = False
    team.cycle("p", START - 10 * DAY, state="rejected", owner_id="cem", owner_kind="user")
    team.person("p", account_owner_id="Marketo Sync")
    team.cycle("p", kind="hand_raise")
    row = only(team.run())
    assert row["how"] == "rule"
    assert row["reasons"]["passed"] == [
        {"account": "Marketo Sync", "why": "placeholder"},
        {"last_cycle": "cem", "why": "inactive"},
    ]


def test_an_ordinary_mql_does_not_go_to_the_owner_of_an_account(team: Team) -> None:
    team.user("abel", role="AE")
    team.person("p", account_owner_id="abel")
    team.cycle("p")
    assert only(team.run())["how"] == "rule"


def test_a_hand_raise_in_a_cycle_that_sales_had_before_us_leaves_the_owner_as_the_crm_shows(
    team: Team,
) -> None:
    team.live_since = START - DAY
    team.lead("p", "inbound")
    team.lead("q", "inbound")
    raised = team.cycle("p", START - 9 * DAY, origin="adopted", hand_raised_at=START)
    team.cycle("q", START - 9 * DAY, origin="adopted", hand_raised_at=START - 2 * DAY)
    row = only(team.run())
    assert (row["cycle_key"], row["how"], row["owner_id"], row["owner_kind"]) == (
        raised,
        "kept",
        "inbound",
        "queue",
    )


def test_what_sales_had_before_us_and_sends_back_is_given_to_another(team: Team) -> None:
    team.lead("p", "inbound")
    raised = team.cycle("p", START - 9 * DAY, origin="adopted", hand_raised_at=START)
    team.run()
    team.sent_back(raised, START + HOUR)
    row = only(team.run(START + HOUR))
    assert row["how"] == "rule"
    assert team.owner(raised) not in (None, "inbound")


# Modes


def test_with_the_crms_own_rules_no_rule_is_asked_and_the_owner_is_awaited(team: Team) -> None:
    team.rules |= {"mode": "crm_rules", "crm_rule": "Standard"}
    team.lead("p", "inbound")
    cycle = team.cycle("p")
    decided = team.run()
    row = only(decided)
    assert (row["how"], row["owner_id"], row["reasons"]["crm_rule"]) == ("crm", None, "Standard")
    assert decided.cycle_owners.is_empty()
    assert team.run(START + HOUR).is_empty
    team.lead("p", "ben")
    assert only(team.run(START + 2 * HOUR))["how"] == "kept"
    assert team.owner(cycle) == "ben"
    assert team.run(START + 3 * HOUR).is_empty


def test_decide_only_decides_as_if_it_were_written(team: Team) -> None:
    team.rules["mode"] = "decide_only"
    team.cycle("p")
    assert only(team.run())["how"] == "rule"


# Sent back


def test_a_cycle_that_was_sent_back_goes_to_somebody_who_did_not_have_it(team: Team) -> None:
    cycle = team.cycle("p")
    team.run()
    had = {str(team.owner(cycle))}
    for hours in (1, 2):
        team.lead("p", team.owner(cycle))
        team.written["lead:p"] = str(team.owner(cycle))
        team.sent_back(cycle, START + hours * HOUR)
        row = only(team.run(START + hours * HOUR))
        assert row["reasons"]["had_it_before"] == sorted(had)
        assert row["owner_id"] not in had
        had.add(row["owner_id"])
    team.sent_back(cycle, START + 3 * HOUR)
    assert only(team.run(START + 3 * HOUR))["how"] == "nobody"
    assert team.owner(cycle) in had  # visible with the last one until somebody is found


def test_a_cycle_that_was_sent_back_is_answered_once(team: Team) -> None:
    cycle = team.cycle("p")
    team.run()
    team.sent_back(cycle, START + HOUR)
    team.run(START + HOUR)
    assert team.run(START + 2 * HOUR).is_empty


def test_whoever_sends_it_back_does_not_get_it_though_the_crm_shows_them(team: Team) -> None:
    team.lead("p", "ada")
    cycle = team.cycle("p")
    team.run()
    team.sent_back(cycle, START + HOUR, said_by="ada")
    row = only(team.run(START + HOUR))
    assert (row["how"], row["owner_id"] in ("ben", "cem")) == ("rule", True)


def test_a_colleague_to_whom_a_person_gave_it_meanwhile_is_kept(team: Team) -> None:
    team.lead("p", "ada")
    cycle = team.cycle("p")
    team.run()
    team.sent_back(cycle, START + HOUR, said_by="ada")
    team.lead("p", "ben")
    row = only(team.run(START + HOUR))
    assert (row["how"], row["owner_id"]) == ("kept", "ben")


# What needs no owner


def test_trials_closed_backfilled_and_adopted_cycles_get_none(team: Team) -> None:
    team.cycle("a", is_trial=True)
    team.cycle("b", state="expired")
    team.cycle("c", origin="backfill")
    team.cycle("d", origin="adopted")
    assert team.run().is_empty


def test_what_is_decided_has_the_shape_of_decisions(team: Team) -> None:
    team.many(3)
    decided = team.run()
    for model, frame in (
        (decisions.Assignments, decided.assignments),
        (decisions.PoolPointers, decided.pointers),
    ):
        assert isinstance(model, type(pa.DataFrameModel))
        model.validate(frame)
    assert decided.assignments["at"].unique().to_list() == [START]
    assert decided.assignments["playbook_version"].unique().to_list() == ["a1"]
    assert decided.cycle_owners.columns == ["cycle_key", "owner_id", "owner_kind", "assigned_at"]
