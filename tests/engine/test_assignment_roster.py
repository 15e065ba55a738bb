"""The examination of assignment.yaml against the CRM's roster."""

from datetime import date

import pytest

from tests.engine.assignment_world import DAY, START, Team

DAY_ONE = date(2026, 1, 1)


@pytest.fixture
def team() -> Team:
    team = Team()
    team.user("Ada")
    team.user("Marketo Sync", role=None)
    team.queue("inbound", "Ada")
    return team


def test_a_playbook_that_names_what_there_is_has_no_faults(team: Team) -> None:
    team.user("Ben", away_until=START + 9999 * DAY)
    team.rules["pools"] |= {
        "named": {
            "members": ["ada", "Ben"],
            "away": [{"member": "ben", "first": date(2026, 1, 1), "last": date(2099, 1, 1)}],
        },
        "queued": {"queue": "Inbound"},
    }
    team.rules["rules"] += [{"id": "q", "to": {"queue": "inbound"}}, {"id": "o", "to": {"owner": "Ben"}}]
    assert team.check() == []


def test_every_name_that_means_nobody_is_listed(team: Team) -> None:
    team.rules = {
        "placeholder_owners": ["Marketo Sync", "Robot"],
        "pools": {
            "named": {"members": ["Ada", "Bob"], "away": [{"member": "Cat", "first": DAY_ONE, "last": DAY_ONE}]},
            "queued": {"queue": "outbound"},
            "by_role": {"role": "Pilot"},
        },
        "rules": [
            {"id": "one", "to": {"owner": "Dan"}},
            {"id": "two", "to": {"queue": "EMEA"}},
            {"id": "three", "to": {"queue": "Ada"}},
        ],
    }  # fmt: skip
    assert team.check() == [
        "placeholder owner 'Robot': no user or queue has this name",
        "rule one: no user is called 'Dan'",
        "rule two: no queue is called 'EMEA'",
        "rule three: no queue is called 'Ada'",
        "pool named: no user is called 'Bob'",
        "pool named: away names 'Cat', who is no member",
        "pool queued: no queue is called 'outbound'",
        "pool by_role: no active user has the role 'Pilot'",
    ]


def test_names_that_two_active_users_have_are_listed(team: Team) -> None:
    team.user("1", name="Zoe Fox")
    team.user("2", name="zoe fox")
    team.rules["rules"] = [{"id": "zoe", "to": {"owner": "Zoe Fox"}}]
    assert team.check() == [
        "rule zoe: several active users are called 'Zoe Fox'; rename one, or use a role or a queue"
    ]


def test_pools_and_owners_that_can_take_nothing_are_listed(team: Team) -> None:
    team.user("Old", is_active=False)
    team.user("Guest", can_own=False)
    team.queue("empty")
    team.queue("cases", can_own=False)
    team.rules["pools"] = {"a": {"members": ["Old", "Guest"]}, "b": {"queue": "empty"}}
    team.rules["rules"] = [{"id": "old", "to": {"owner": "Old"}}, {"id": "cases", "to": {"queue": "cases"}}]
    assert team.check() == [
        "rule old: user 'Old' can take nothing: inactive",
        "rule cases: queue 'cases' can take nothing: can not own",
        "pool a: none of its members is an active user who can own leads",
        "pool b: queue 'empty' has no active user as a member",
    ]
