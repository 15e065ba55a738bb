"""The people who sell: users, roles and queues of the org, with the habits that the rest of the world can't see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from simulator.company.dice import dice
from simulator.company.market import COUNTRIES, REGIONS
from simulator.company.names import OWN_DOMAIN, Names, ascii_letters
from simulator.salesforce.org import Org

QUEUES = ("MQL Queue", "EMEA Queue", "APAC Queue", "Americas Queue", "Partner Queue", "Junk Queue")
PLACEHOLDERS = ("Marketo Sync", "Default Lead Owner")
_DESKS = {
    "Americas": ("America/New_York", "America/Chicago", "America/Los_Angeles"),
    "EMEA": ("Europe/London", "Europe/Berlin", "Europe/Paris"),
    "APAC": ("Australia/Sydney", "Asia/Singapore", "Asia/Kolkata"),
}
# Of 24 reps ten are in the Americas, nine in EMEA, five in APAC; smaller teams have the same mix.
_REGIONS_IN_TURN = ("Americas", "EMEA", "APAC", "Americas", "EMEA") * 4 + (
    "EMEA",
    "Americas",
    "APAC",
    "Americas",
)
_HABITS = ("both",) * 7 + ("status_only", "mql_only", "both", "idle", "both")


@dataclass(slots=True)
class Rep:
    """A seller. `habit` says where a verdict is put: both, status_only (Lead.Status), mql_only (MQL__c), idle.

    `pace` stretches the hours until something is done.
    """

    id: str
    name: str
    region: str
    role: str  # SDR or AE
    zone: ZoneInfo
    habit: str
    pace: float
    active: bool = True


@dataclass(slots=True)
class Staff:
    users: dict[str, str] = field(default_factory=dict)  # name -> user id, of everyone
    reps: dict[str, Rep] = field(default_factory=dict)  # user id -> rep
    gone: list[str] = field(default_factory=list)  # ids of users who left long ago
    managers: dict[str, str] = field(default_factory=dict)  # region -> user id
    queues: dict[str, str] = field(default_factory=dict)  # name -> group id
    queue_members: dict[str, list[str]] = field(default_factory=dict)  # group id -> user ids

    @property
    def sync_user(self) -> str:
        return self.users["Marketo Sync"]

    @property
    def default_owner(self) -> str:
        return self.users["Default Lead Owner"]

    def of_region(self, region: str, role: str | None = None) -> list[Rep]:
        found = [
            r
            for r in self.reps.values()
            if r.region == region and r.active and (role is None or r.role == role)
        ]
        return found or [r for r in self.reps.values() if r.active]


def hire(org: Org, seed: int, start: datetime, reps: int) -> Staff:
    """Puts users, roles, queues and their members into the org.

    Names are the same for every seed, because playbooks name users and queues by name; habits are not.
    """
    staff, names = Staff(), Names(0)
    rng, habit_rng = dice(0, "staff"), dice(seed, "habits")
    founded = start - timedelta(days=3 * 365)
    _users_without_desk(org, staff, founded)
    roles = _roles(org, founded)
    _managers(org, names, staff, roles, rng, founded)
    habits = [_HABITS[number % len(_HABITS)] for number in range(reps)]
    habit_rng.shuffle(habits)
    hired: Counter[str] = Counter()
    for number, habit in enumerate(habits):
        region = _REGIONS_IN_TURN[number % len(_REGIONS_IN_TURN)]
        role = "SDR" if hired[region] % 5 < 3 else "AE"
        zone = _DESKS[region][hired[region] % 3]
        hired[region] += 1
        user = _person(names, staff, rng, region)
        user |= {
            "Title": "Sales Development Representative" if role == "SDR" else "Account Executive",
            "UserRoleId": roles[f"{region} {role}"],
            "ManagerId": staff.managers[region],
            "TimeZoneSidKey": zone,
            "CreatedDate": founded + timedelta(days=rng.randrange(900)),
        }
        user_id = _enter(org, staff, user)
        staff.reps[user_id] = Rep(
            user_id, _name(user), region, role, ZoneInfo(zone), habit, habit_rng.lognormvariate(0, 0.5)
        )
    _leavers(org, names, staff, roles, rng, founded, max(2, reps // 8))
    _queues(org, staff, founded)
    return staff


def _person(names: Names, staff: Staff, rng: Random, region: str) -> dict[str, Any]:
    """Somebody of the region whose full name no other user has: playbooks name users by name."""
    while True:
        country = COUNTRIES.draw(rng)
        if country.region != region:
            continue
        first, last = names.in_latin(rng, country)
        if f"{first} {last}" not in staff.users:
            break
    address = names.address(rng, first, last, OWN_DOMAIN)
    return {
        "FirstName": first[:40],
        "LastName": last,
        "Email": address,
        "Username": address,
        "Alias": ascii_letters(first)[:1] + ascii_letters(last)[:6],
        "Country": country.name,
        "IsActive": True,
        "UserType": "Standard",
    }


def _name(user: Mapping[str, Any]) -> str:
    return f"{user['FirstName']} {user['LastName']}"


def _enter(org: Org, staff: Staff, user: Mapping[str, Any]) -> str:
    [user_id] = org.load("User", [user])
    staff.users[_name(user)] = user_id
    return user_id


def _users_without_desk(org: Org, staff: Staff, founded: datetime) -> None:
    """The users that the org came with, and an active one of a kind that may own no lead."""
    for name in ("Mqlflow Integration", *PLACEHOLDERS):
        staff.users[name] = org.user_named(name)
    guest = {
        "FirstName": "Chatter",
        "LastName": "Guest",
        "Email": f"chatter.guest@{OWN_DOMAIN}",
        "Username": f"chatter.guest@{OWN_DOMAIN}",
        "IsActive": True,
        "UserType": "CsnOnly",
        "CreatedDate": founded,
    }
    [staff.users["Chatter Guest"]] = org.load("User", [guest])


def _roles(org: Org, founded: datetime) -> dict[str, str]:
    [head] = org.load("UserRole", [{"Name": "Head of Sales", "CreatedDate": founded}])
    roles = {"Head of Sales": head}
    for region in REGIONS:
        [lead] = org.load(
            "UserRole", [{"Name": f"{region} Sales Manager", "ParentRoleId": head, "CreatedDate": founded}]
        )
        roles[f"{region} Manager"] = lead
        for role in ("SDR", "AE"):
            row = {"Name": f"{region} {role}", "ParentRoleId": lead, "CreatedDate": founded}
            [roles[f"{region} {role}"]] = org.load("UserRole", [row])
    return roles


def _managers(
    org: Org, names: Names, staff: Staff, roles: Mapping[str, str], rng: Random, founded: datetime
) -> None:
    for region in REGIONS:
        user = _person(names, staff, rng, region)
        user |= {
            "Title": f"Sales Manager {region}",
            "UserRoleId": roles[f"{region} Manager"],
            "CreatedDate": founded,
        }
        staff.managers[region] = _enter(org, staff, user)


def _leavers(
    org: Org,
    names: Names,
    staff: Staff,
    roles: Mapping[str, str],
    rng: Random,
    founded: datetime,
    number: int,
) -> None:
    """Users who left: inactive, and still the owners of records."""
    for _ in range(number):
        region = rng.choice(REGIONS)
        user = _person(names, staff, rng, region)
        user |= {
            "IsActive": False,
            "Title": "Account Executive",
            "UserRoleId": roles[f"{region} AE"],
            "CreatedDate": founded,
        }
        staff.gone.append(_enter(org, staff, user))


def _queues(org: Org, staff: Staff, founded: datetime) -> None:
    for name in QUEUES:
        developer = name.replace(" ", "_")
        row = {"Name": name, "DeveloperName": developer, "Type": "Queue", "CreatedDate": founded}
        [group] = org.load("Group", [row])
        staff.queues[name] = group
        for kind in ("Lead", "MQL__c"):
            org.load("QueueSobject", [{"QueueId": group, "SobjectType": kind, "CreatedDate": founded}])
        region = name.split(" ")[0]
        members = [r.id for r in staff.reps.values() if region not in REGIONS or r.region == region]
        if region not in REGIONS:
            members = members[:: 3 if name == "MQL Queue" else 7]
        staff.queue_members[group] = members
        org.load(
            "GroupMember", [{"GroupId": group, "UserOrGroupId": m, "CreatedDate": founded} for m in members]
        )
