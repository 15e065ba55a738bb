"""Round robin in pools: fair within a batch and over time, for those who come, go and come back."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.assignment_world import DAY, HOUR, START, Team


@pytest.fixture
def team() -> Team:
    team = Team()
    team.users("ada", "ben", "cem")
    return team


def test_a_batch_is_spread_over_the_pool(team: Team) -> None:
    team.many(30)
    team.run()
    assert team.load() == {"ada": 10, "ben": 10, "cem": 10}


def test_one_at_a_time_is_spread_as_well_as_a_batch(team: Team) -> None:
    for n in range(30):
        team.cycle(f"p{n}", START + n * HOUR)
        team.run(START + n * HOUR)
        assert max(team.load().values()) - min(team.load()[name] for name in ("ada", "ben", "cem")) <= 1


def test_whoever_waited_longest_is_next(team: Team) -> None:
    team.rules["pools"]["team"] = {"members": ["ada", "ben"]}
    first = team.cycle("p1", START)
    team.run(START)
    second = team.cycle("p2", START + HOUR)
    team.run(START + HOUR)
    third = team.cycle("p3", START + 2 * HOUR)
    team.run(START + 2 * HOUR)
    assert team.owner(first) != team.owner(second)
    assert team.owner(third) == team.owner(first)


def test_ties_do_not_always_fall_to_the_same_person() -> None:
    first = Counter[str]()
    for n in range(60):
        team = Team()
        team.users("ada", "ben", "cem")
        team.rules["pools"] = {f"pool {n}": {"role": "SDR"}}
        team.rules["rules"] = [{"id": "all", "to": {"pool": f"pool {n}"}}]
        cycle = team.cycle("p")
        team.run()
        first[str(team.owner(cycle))] += 1
    assert min(first[name] for name in ("ada", "ben", "cem")) >= 8


def test_in_a_large_batch_each_round_has_an_order_of_its_own(team: Team) -> None:
    cycles = team.many(60)
    team.run()
    in_order = [team.owner(cycle) for cycle in sorted(cycles)]
    rounds = {tuple(in_order[n : n + 3]) for n in range(0, 60, 3)}
    assert len(rounds) > 1
    assert all(len(set(one)) == 3 for one in rounds)


def test_somebody_back_from_leave_gets_no_more_than_the_others_and_no_less(team: Team) -> None:
    team.owners["cem"]["away_until"] = START + 14 * DAY
    team.many(40, START, "away")
    team.run(START)
    assert team.load() == {"ada": 20, "ben": 20}
    team.many(30, START + 15 * DAY, "back")
    team.run(START + 15 * DAY)
    assert team.load() == {"ada": 30, "ben": 30, "cem": 10}


def test_nor_does_somebody_who_left_the_pool_and_came_back(team: Team) -> None:
    team.many(9)
    team.run()
    team.owners["cem"]["role"] = "AE"
    team.many(20, START + DAY, "without")
    team.run(START + DAY)
    team.owners["cem"]["role"] = "SDR"
    team.many(9, START + 2 * DAY, "with")
    team.run(START + 2 * DAY)
    assert team.load() == {"ada": 16, "ben": 16, "cem": 6}


def test_somebody_new_starts_where_the_others_are(team: Team) -> None:
    team.many(30)
    team.run()
    team.user("dan")
    team.many(8, START + DAY, "new")
    team.run(START + DAY)
    assert team.load() == {"ada": 12, "ben": 12, "cem": 12, "dan": 2}


def test_somebody_new_in_a_pool_where_all_others_are_away_takes_all_and_is_not_punished(team: Team) -> None:
    team.many(9)
    team.run()
    for name in ("ada", "ben", "cem"):
        team.owners[name]["away_until"] = START + 2 * DAY
    team.user("dan")
    team.many(10, START + DAY, "alone")
    team.run(START + DAY)
    assert team.load()["dan"] == 10
    team.many(8, START + 3 * DAY, "all")
    team.run(START + 3 * DAY)
    assert team.load() == {"ada": 5, "ben": 5, "cem": 5, "dan": 12}


def test_pools_rotate_by_themselves(team: Team) -> None:
    team.rules["pools"] = {"north": {"role": "SDR"}, "south": {"role": "SDR"}}
    team.rules["rules"] = [
        {"id": "north", "when": "country = 'SE'", "to": {"pool": "north"}},
        {"id": "south", "to": {"pool": "south"}},
    ]
    for n in range(6):
        team.person(f"p{n}", country="SE" if n % 2 else "IT")
        team.cycle(f"p{n}")
    team.run()
    assert {(pool, row["given"]) for (pool, _), row in team.pointers.items()} == {("north", 1), ("south", 1)}


def test_the_members_of_a_queue_are_its_active_users(team: Team) -> None:
    team.user("old", is_active=False)
    team.queue("EMEA Queue", "ada", "ben", "old", "nobody knows")
    team.rules["pools"]["team"] = {"queue": "EMEA Queue"}
    team.many(4)
    team.run()
    assert team.load() == {"ada": 2, "ben": 2}


def test_members_can_be_named(team: Team) -> None:
    team.rules["pools"]["team"] = {"members": ["ADA", "cem", "who is this"]}
    team.many(4)
    team.run()
    assert team.load() == {"ada": 2, "cem": 2}


@pytest.mark.parametrize(("day", "is_away"), [(3, False), (4, True), (6, True), (7, False)])
def test_days_away_are_days_of_the_organisation_both_included(team: Team, day: int, is_away: bool) -> None:
    absence = {"member": "Ada", "first": date(2026, 3, 4), "last": date(2026, 3, 6)}
    team.rules["pools"]["team"] = {"members": ["ada", "ben"], "away": [absence]}
    # 00:30 in Berlin is still the day before in UTC.
    at = START.replace(day=day, hour=0, minute=30) - HOUR
    team.many(2, at)
    team.run(at)
    assert team.load()["ada"] == (0 if is_away else 1)


def test_a_pool_without_anybody_leaves_it_to_the_next_rule(team: Team) -> None:
    team.queue("inbound")
    team.rules["pools"]["night"] = {"role": "Night shift"}
    team.rules["rules"] = [
        {"id": "night", "to": {"pool": "night"}},
        {"id": "rest", "to": {"queue": "inbound"}},
    ]
    team.cycle("p")
    decided = team.run()
    assert decided.assignments["rule_id"].to_list() == ["rest"]
    assert '"why_not": "the pool has no members"' in decided.assignments["reasons"][0]


def test_a_placeholder_is_never_given_anything_though_it_has_the_role(team: Team) -> None:
    team.user("Marketo Sync")
    team.many(6)
    team.run()
    assert team.load() == {"ada": 2, "ben": 2, "cem": 2}


def test_a_rep_who_sends_a_cycle_back_is_next_in_turn_for_another(team: Team) -> None:
    cycle = team.cycle("p")
    team.run()
    team.sent_back(cycle, START + HOUR)
    team.run(START + HOUR)
    assert sorted(row["given"] for row in team.pointers.values()) == [0, 1, 1]


# Always

NAMES = ["ada", "ben", "cem", "dan", "eve"]
STATES = st.sampled_from(["here", "here", "inactive", "away", "unable", "elsewhere"])
DAYS = st.lists(
    st.tuples(st.integers(0, 7), st.lists(STATES, min_size=5, max_size=5)), min_size=1, max_size=6
)


def put(team: Team, name: str, state: str, until: int) -> None:
    """One rep's state on a day."""
    team.user(
        name,
        is_active=state != "inactive",
        can_own=state != "unable",
        away_until=START + until * DAY if state == "away" else None,
        role="AE" if state == "elsewhere" else "SDR",
    )


@settings(max_examples=60, deadline=None)
@given(DAYS)
def test_whatever_happens_to_the_roster_only_people_who_can_take_it_get_a_cycle(
    days: list[tuple[int, list[str]]],
) -> None:
    team = Team()
    for day, (number, states) in enumerate(days):
        for name, state in zip(NAMES, states, strict=True):
            put(team, name, state, day + 1)
        here = {name for name, state in zip(NAMES, states, strict=True) if state == "here"}
        waiting = sum(row.get("owner_id") is None for row in team.cycles.values())
        team.many(number, START + day * DAY, f"{day}-")
        before = team.load()
        decided = team.run(START + day * DAY)
        got = team.load() - before
        assert set(got) <= here
        assert sum(got.values()) == (number + waiting if here else 0)
        if here:
            # Nobody gets two more than another on one day, whether back, new or always there; nobody waits in vain.
            shares = [got[name] for name in here]
            assert max(shares) - min(shares) <= 2
            assert not any(row.get("owner_id") is None for row in team.cycles.values())
        assert team.run(START + day * DAY).is_empty
        assert decided.assignments["assignment_key"].is_unique().all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 5))
def test_a_constant_roster_is_never_further_apart_than_one(batches: list[int], size: int) -> None:
    team = Team()
    team.users(*NAMES[:size])
    for day, number in enumerate(batches):
        team.many(number, START + day * DAY, f"{day}-")
        team.run(START + day * DAY)
        shares = [team.load()[name] for name in NAMES[:size]]
        assert max(shares) - min(shares) <= 1


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_order_in_which_things_are_handed_in_changes_nothing(random: object, number: int) -> None:
    team = Team()
    team.users(*NAMES)
    team.queue("inbound", *NAMES)
    for n in range(number):
        team.cycle(f"p{n}", START - (n % 3) * HOUR)
        if n % 4 == 0:
            team.lead(f"p{n}", "ada")
    expected = team.decide()
    cycles = list(team.cycles)
    shuffle = random.shuffle  # type: ignore[attr-defined]
    shuffle(cycles)
    for part in ("owners", "people", "records"):
        items = list(getattr(team, part).items())
        shuffle(items)
        setattr(team, part, dict(items))
    shuffle(team.queue_members)
    again = team.decide(order=cycles)
    assert again.assignments.equals(expected.assignments)
    assert again.pointers.equals(expected.pointers)
    assert again.cycle_owners.equals(expected.cycle_owners)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=25), st.sets(st.integers(0, 30)))
def test_how_time_is_cut_into_runs_changes_nobodys_owner(opened: list[int], ends: set[int]) -> None:
    one, many = Team(), Team()
    for team in (one, many):
        team.users(*NAMES[:3])
    for n, hour in enumerate(opened):
        one.cycle(f"p{n}", START + hour * HOUR)
    one.run(START + 31 * HOUR)
    for end in sorted({*ends, 31}):
        for n, hour in enumerate(opened):
            if f"p{n}" not in many.people and hour <= end:
                many.cycle(f"p{n}", START + hour * HOUR)
        many.run(START + end * HOUR)
    assert {name: many.owner(name) for name in many.cycles} == {name: one.owner(name) for name in one.cycles}
    assert many.pointers == one.pointers
