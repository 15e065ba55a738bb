"""Generated histories of a small company: what people, reps and platforms might do in six weeks.

A history is a list of things that happened. `tell` tells them to a world; the order in which they are told is no fact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from engine.keys import cycle_key
from schemas.playbook.organisation import Organisation
from tests.engine.world import DAY, HOUR, LIFECYCLE, LONG_AGO, START, World

END = START + 42 * DAY
LINES = [{"id": "default", "opportunity": "true"}, {"id": "beta", "opportunity": "type = 'Beta'"}]
TRIGGERS = [
    *LIFECYCLE["triggers"],
    {"id": "beta_request", "activity": "asset_name = 'Beta'", "fast_track": True, "line": "beta"},
]


@dataclass(frozen=True)
class Happening:
    """`how`: the word of `World` that tells it."""

    how: str
    person: str
    at: datetime
    values: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class History:
    """`groups`: person → group. `statuses`: what the CRM showed of a person before the ledger looked."""

    groups: tuple[tuple[str, str], ...]
    born: tuple[tuple[str, datetime], ...]
    statuses: tuple[tuple[str, str | None], ...]
    happenings: tuple[Happening, ...]
    live_since: datetime | None
    write_scope: str | None

    def world(self, order: Callable[[Sequence[Happening]], Sequence[Happening]] = lambda told: told) -> World:
        """A world that was told everything, in this order, and has decided nothing."""
        world = World(
            rules=World().rules.model_validate({**LIFECYCLE, "triggers": TRIGGERS}),
            organisation=Organisation.model_validate(
                {
                    "name": "Test",
                    "time_zone": "Europe/Berlin",
                    "lines": LINES,
                    "write_scope": self.write_scope,
                }
            ),
            live_since=self.live_since,
        )
        groups = dict(self.groups)
        for key, at in self.born:
            world.person(key, at, group=groups[key])
        for key, status in self.statuses:
            if status is not None:
                stamp = START - 9 * DAY if status in ("Working", "Marketing Qualified") else None
                world.record(key, f"00Q{key}", status=status, last_mql_at=stamp)
        for happening in order(self.happenings):
            getattr(world, happening.how)(happening.person, happening.at, **dict(happening.values))
        return world

    def parts(self) -> list[list[str]]:
        """The people, in parts that keep groups together."""
        members: dict[str, list[str]] = {}
        for key, group in self.groups:
            members.setdefault(group, []).append(key)
        return list(members.values())


PEOPLE = ("ada", "bob", "cem", "dot")
REASONS = ("no budget", "spam", "wrong owner", None)


def instants(after: datetime = START - 5 * DAY, before: datetime = END) -> st.SearchStrategy[datetime]:
    """Whole hours, so that some things happen at the same instant."""
    hours = int((before - after) / timedelta(hours=1))
    return st.integers(1, hours).map(lambda n: after + timedelta(hours=n))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Four people, some sharing an address, some there before us, and some sixty things that happen.

    A seed writes the story, so that much happens in it; what is left out of it is drawn, so that a failure shrinks.
    """
    chance = Random(draw(st.integers(0, 2**32 - 1)))
    groups = tuple((key, chance.choice(["g", key, key])) for key in PEOPLE)
    born = {key: chance.choice([START - 30 * DAY, START - 30 * DAY, START + 3 * DAY]) for key in PEOPLE}
    shown = [None, None, None, "Open", "Working", "Marketing Qualified", "SPAM"]
    statuses = tuple((key, chance.choice(shown) if born[key] < START else None) for key in PEOPLE)
    told = _story(chance, born)
    kept = [each for each in told if draw(st.integers(0, 7))]
    live_since = chance.choice([None, LONG_AGO, LONG_AGO, LONG_AGO, START + 10 * DAY])
    scope = chance.choice([None, None, None, "country = 'AU'"])
    return History(groups, tuple(born.items()), statuses, tuple(_whole(kept)), live_since, scope)


def _story(chance: Random, born: Mapping[str, datetime]) -> list[Happening]:
    told: list[Happening] = []
    acts: list[Happening] = []
    for number in range(60):
        key = chance.choice(PEOPLE)
        since = max(born[key], START - 3 * DAY)
        at = since + timedelta(hours=chance.randrange(1, int((END - since) / timedelta(hours=1))))
        how = chance.choice([_act, _act, _act, _change, _change, _verdict, _about_cycle, _call, _opportunity])
        each = how(chance, key, at, number, acts)
        told.extend(each)
        acts.extend(act for act in each if act.how in ("act", "raises_hand"))
    if chance.random() < 0.3:
        key = chance.choice(PEOPLE)
        told.append(Happening("removal", key, max(born[key], START) + chance.randrange(1, 30) * DAY))
    return told


def _act(chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]) -> list[Happening]:
    name = ("name", f"fact:{number}")
    match chance.randrange(6):
        case 0:
            return [Happening("raises_hand", key, at, (name,))]
        case 1:
            return [Happening("act", key, at, (("kind", "form_fill"), ("asset_name", "Beta"), name))]
        case 2:
            return [Happening("act", key, at, (("kind", "trial_signup"), name))]
        case 3:
            return [
                Happening("act", key, at, (("kind", "page_visit"), ("is_bot", chance.random() < 0.3), name))
            ]
        case _:
            crosses = Happening("becomes", key, at, (("score", chance.choice([64.0, 65.0, 90.0])),))
            return [crosses, Happening("act", key, at, (("kind", "page_visit"), name))]


def _change(
    chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]
) -> list[Happening]:
    name, value = chance.choice(
        [
            ("score", chance.choice([20.0, 90.0])),
            ("engagement", chance.choice([5.0, 10.0])),
            ("fit", chance.choice([30.0, 50.0])),
            ("has_company", chance.random() < 0.7),
            ("country", chance.choice(["AU", "DE"])),
            ("is_competitor", chance.random() < 0.3),
            ("is_customer", chance.random() < 0.4),
            ("open_opportunity", chance.random() < 0.4),
        ]
    )
    return [Happening("becomes", key, at, ((name, value), ("is_act", chance.random() < 0.5)))]


def _verdict(
    chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]
) -> list[Happening]:
    kind = chance.choice(["accepted", "accepted", "rejected", "recycled", "converted_lead", "reopened"])
    values = (("kind", kind), ("name", f"fact:{number}"), ("reason", chance.choice(REASONS)))
    return [Happening("verdict", key, at, values)]


def _about_cycle(
    chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]
) -> list[Happening]:
    """A verdict on the record of a cycle that an act may have opened."""
    if not acts:
        return []
    act = chance.choice(acts)
    values = (
        ("cycle_key", cycle_key("default", str(dict(act.values)["name"]))),
        ("kind", chance.choice(["accepted", "accepted", "rejected", "recycled", "reopened"])),
        ("name", f"about:{number}"),
        ("reason", chance.choice(REASONS)),
    )
    return [Happening("verdict", act.person, act.at + chance.randrange(1, 200) * HOUR, values)]


def _call(chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]) -> list[Happening]:
    return [Happening("calls", key, at)]


def _opportunity(
    chance: Random, key: str, at: datetime, number: int, acts: Sequence[Happening]
) -> list[Happening]:
    if chance.random() < 0.5:
        return []
    name = ("name", f"006{number}")
    made = (name, ("type", chance.choice(["Beta", "New", "Renewal"])), ("verdict", at > START))
    end = Happening(
        "opportunity_ends", key, at + chance.randrange(1, 300) * HOUR, (name, ("won", chance.random() < 0.4))
    )
    return [Happening("opportunity", key, at, made), *([end] if chance.random() < 0.5 else [])]


def _whole(told: Sequence[Happening]) -> list[Happening]:
    """Without ends of opportunities whose beginning was left out."""
    made = {dict(each.values)["name"] for each in told if each.how == "opportunity"}
    return [each for each in told if each.how != "opportunity_ends" or dict(each.values)["name"] in made]
