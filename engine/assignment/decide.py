"""The assignment silo: an owner for every cycle that needs one, in the order in which they came up.

A person's work is kept: where a person owns the record, that is the cycle's owner and no rule is asked. Then the
rules, in order. Who can't be given to anybody is decided as `nobody`: visible, and tried again by the next run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from engine.assignment import output
from engine.assignment.choosing import Chooser
from engine.assignment.due import Due, due
from engine.assignment.output import AssignmentDecisions, Decided
from engine.assignment.roster import Roster
from engine.assignment.selling import Sellers
from engine.assignment.shown import PERSON, Shown, shown_owners
from engine.reasons import Values
from schemas.conditions import expression
from schemas.context import Versions, Window
from schemas.frames.base import UTC
from schemas.frames.base import empty as empty_frame
from schemas.frames.decisions import CycleEvents
from schemas.playbook.assignment import Assignment
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import CycleKind, Silo

NOT_SENT_BACK = empty_frame(CycleEvents)
NOTHING_WRITTEN = pl.DataFrame(schema={"native_id": pl.String, "owner_id": pl.String})
_HANDOVER = {
    "cycle_kind": "kind",
    "cycle_line": "line",
    "cycle_number": "number",
    "trigger_rule": "trigger_rule",
    "campaign_name": "campaign_name",
    "campaign_type": "campaign_type",
}


def decide(
    cycles: pl.DataFrame,
    *,
    moments: pl.DataFrame,
    owners: pl.DataFrame,
    queue_members: pl.DataFrame,
    pointers: pl.DataFrame,
    past: pl.DataFrame,
    assignments: pl.DataFrame,
    records: pl.DataFrame,
    reassign: pl.DataFrame = NOT_SENT_BACK,
    written: pl.DataFrame = NOTHING_WRITTEN,
    rules: Assignment,
    statuses: Sequence[StatusRow],
    window: Window,
    versions: Versions,
) -> AssignmentDecisions:
    """Owners for those of `cycles` that need one now; the others may be among them.

    `moments`: one row per person, the attributes of `schemas.conditions_columns` and the scores in points, at `as_of`.
    `owners`: frames.facts.Owners. `queue_members`: queue_id, user_id. `pointers`: frames.decisions.PoolPointers.
    `past`, `assignments`: cycles and assignments of the same people. `records`: frames.facts.Records. `reassign`:
    frames.decisions.CycleEvents of cycles sent back for another owner. `written`: native_id, owner_id, the last owner
    that we wrote to each lead.
    """
    wanted = due(cycles, reassign, assignments, window.live_since)
    roster = Roster.of(owners, queue_members, rules, window.as_of, window.zone)
    chooser = Chooser(roster, pointers)
    table = _Table(
        chooser,
        Sellers.of(roster, moments, past),
        shown_owners(records, written, roster, statuses),
        *_held(wanted, moments, rules, window),
    )
    decided = [table.decide(each) for each in wanted]
    version = versions.silos.get(Silo.ASSIGNMENT, "")
    return output.decisions(decided, chooser.changed(), assignments, window.as_of, version)


@dataclass(frozen=True)
class _Table:
    """Everything that is asked for one cycle after another. `held`: cycle → positions of the rules that hold."""

    chooser: Chooser
    sellers: Sellers
    shown: Mapping[str, Shown]
    held: Mapping[str, Sequence[int]]
    values: Values

    def decide(self, each: Due) -> Decided:
        decided = self._decide(each, self.shown.get(each.cycle["person_key"]))
        if decided.owner_id is not None:
            self.sellers.gave(each.cycle, decided.owner_id)
        return decided

    def _decide(self, each: Due, shown: Shown | None) -> Decided:
        told: dict[str, Any] = {"shown": shown.told} if shown else {}
        if each.former:
            told["had_it_before"] = sorted(each.former)
        if each.is_adopted and not each.occasion and shown is not None:
            # Sales had this person before us: whatever the CRM shows stays.
            return Decided(each, "kept", "kept", told, shown.owner_id, shown.kind)
        if each.cycle["kind"] == CycleKind.HAND_RAISE:
            how, seller, passed = self.sellers.find(each.cycle, each.former)
            told |= {"passed": passed} if passed else {}
            if seller is not None:
                return Decided(each, how, how, {how: seller.id, **told}, seller.id, seller.kind)
        if shown is not None and shown.what == PERSON and shown.owner_id not in each.former:
            return Decided(each, "kept", "kept", told, shown.owner_id, shown.kind)
        if self.chooser.rules.mode == "crm_rules":
            return Decided(each, "crm", "crm", told | {"crm_rule": self.chooser.rules.crm_rule})
        return self._by_rule(each, told)

    def _by_rule(self, each: Due, told: dict[str, Any]) -> Decided:
        cycle_key, tried = each.cycle["cycle_key"], []
        for position in self.held[cycle_key]:
            rule = self.chooser.rules.rules[position]
            choice = self.chooser.choose(rule, each)
            if choice.owner is None:
                tried.append({"rule": rule.id, **choice.told})
                continue
            seen = self.values.read_by(rule.when, (cycle_key, self.chooser.at))
            reasons: dict[str, Any] = {"rule": rule.id, "condition": rule.when}
            reasons |= ({"values": seen} if seen else {}) | dict(choice.told)
            reasons |= ({"tried": tried} if tried else {}) | told
            return Decided(each, "rule", rule.id, reasons, choice.owner.id, choice.owner.kind, choice.pool)
        why = "no rule's target can take it" if tried else "no rule's condition holds"
        return Decided(each, "nobody", "nobody", {"why": why, **({"tried": tried} if tried else {}), **told})


def _held(
    wanted: Sequence[Due], moments: pl.DataFrame, rules: Assignment, window: Window
) -> tuple[dict[str, list[int]], Values]:
    """Which rules hold for which cycle, and what their conditions read."""
    cycles = [
        {"cycle_key": each.cycle["cycle_key"], "person_key": each.cycle["person_key"]}
        | {name: each.cycle[column] for name, column in _HANDOVER.items()}
        for each in wanted
    ]
    types = dict.fromkeys(("cycle_key", "person_key", *_HANDOVER), pl.String) | {"cycle_number": pl.Int64}
    handovers = pl.DataFrame(cycles, schema=types).join(
        moments.drop("at", strict=False).unique("person_key", keep="last"),
        on="person_key",
        how="left",
        maintain_order="left",
    )
    truths = handovers.select(
        "cycle_key", *(expression(rule.when).alias(str(n)) for n, rule in enumerate(rules.rules))
    )
    held = {cycle: [n for n, is_true in enumerate(true) if is_true] for cycle, *true in truths.iter_rows()}
    # A person may have two cycles at one instant, on two lines: what was read is kept by cycle.
    by_cycle = handovers.with_columns(pl.col("cycle_key").alias("person_key"), at=pl.lit(window.as_of, UTC))
    return held, Values(by_cycle.drop("cycle_key"), [(cycle, window.as_of) for cycle in held])
