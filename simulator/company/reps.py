"""Reps at work: they see what is theirs, and within hours accept it, reject it with a reason, or let it lie.

Whatever a rep does is done by that user at that moment of the company's time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from simulator.company.deals import Deals
from simulator.company.handover import QUALIFIED, WORKING, Desk, Handover
from simulator.company.hours import next_at_work, working_time_after
from simulator.company.scene import Scene
from simulator.company.staff import Rep
from simulator.company.verdicts import UNTOUCHED, first_verdict, outcome, recycle_reason
from simulator.salesforce.org import Change

_TERRITORY = ("Wrong Territory", "Wrong Owner")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A handover that somebody has yet to look at; a later turn of the same record replaces it."""

    owner: str
    urgent: bool
    turn: int


class Reps:
    def __init__(self, scene: Scene, deals: Deals) -> None:
        self._scene = scene
        self._deals = deals
        self.desk = Desk(scene)
        self._pending: dict[str, _Pending] = {}  # by lead or contact id
        self._turns: Counter[str] = Counter()

    def connect(self) -> None:
        self._scene.org.on_change.append(self._notice)

    def _notice(self, change: Change) -> None:
        """A handover appears: status, MQL record, a new owner for either, or a hand raised in an open one."""
        after, before = change.after, change.before
        if after is None or change.sobject not in ("Lead", "MQL__c"):
            return
        field, key, raised = "Status", change.id, False
        if change.sobject == "MQL__c":
            field, key = "Status__c", after["Lead__c"] or after["Contact__c"]
            for record_id in filter(None, (after["Lead__c"], after["Contact__c"])):
                self.desk.note(record_id, change.id)
            raised = bool(after["Hand_Raised_At__c"])
            if before is not None:
                raised = raised and before["Hand_Raised_At__c"] != after["Hand_Raised_At__c"]
        news = before is None or before[field] != after[field] or before["OwnerId"] != after["OwnerId"]
        if not key or change.by == after["OwnerId"]:
            return
        if after[field] in (QUALIFIED, "Open") and (news or raised):
            self.hand(key, after["OwnerId"], change.at, urgent=raised)
        elif raised and after[field] == "Working":
            self._call_back(key, after["OwnerId"], change.at)

    def hand(self, key: str, owner: str, at: datetime, *, urgent: bool = False) -> None:
        """Puts a handover on its owner's desk. The same again is no news, unless it has become urgent."""
        known = self._pending.get(key)
        if known is not None and known.owner == owner and (known.urgent or not urgent):
            return
        self._turns[key] += 1
        self._pending[key] = _Pending(owner, urgent, self._turns[key])
        rng = self._scene.dice("desk", key, self._turns[key])
        at = at.replace(microsecond=0)
        if owner in self._scene.staff.queue_members:
            self._into_queue(key, owner, at, rng.random(), rng.expovariate(1 / 2.5) * (0.25 if urgent else 1))
        elif owner in self._scene.staff.reps:
            rep = self._scene.staff.reps[owner]
            hours = rng.lognormvariate(0.6, 0.9) * rep.pace * (0.25 if urgent else 1)
            self._scene.at(self._free(rep, at, hours), partial(self._look, key, self._pending[key]))

    def _call_back(self, key: str, owner: str, at: datetime) -> None:
        """Somebody who is being worked raises a hand: most reps call within the hour or two."""
        rep = self._scene.staff.reps.get(owner)
        rng = self._scene.dice("call back", key, at)
        if rep is not None and rep.active and rng.random() < 0.8:
            moment = self._free(rep, at.replace(microsecond=0), rng.lognormvariate(-0.6, 0.7) * rep.pace)
            self._scene.at(moment, partial(self.desk.task, key, rep, "Call", "Call: as asked"))

    def _free(self, rep: Rep, at: datetime, hours: float) -> datetime:
        """When the rep gets to it: after so many desk hours, counted from the return of one who is away."""
        return working_time_after(self._back(rep, at), hours, rep.zone)

    def _back(self, rep: Rep, at: datetime) -> datetime:
        """The moment itself, or the midnight after the last day of the rep's leave."""
        user = self._scene.org.get("User", rep.id)
        away = user["Away_Until__c"] if user else None
        if away and date.fromisoformat(away) >= at.astimezone(rep.zone).date():
            back = datetime.combine(date.fromisoformat(away) + timedelta(days=1), time(0), rep.zone)
            return max(at, back.astimezone(UTC))
        return at

    def _into_queue(self, key: str, queue: str, at: datetime, lot: float, hours: float) -> None:
        members = [m for m in self._scene.staff.queue_members[queue] if self._scene.staff.reps[m].active]
        if members and lot < 0.85:
            picker = self._scene.staff.reps[members[int(lot * 1e6) % len(members)]]
            action = partial(self._pick, key, self._pending[key], picker)
            self._scene.at(self._free(picker, at, hours), action)

    def _pick(self, key: str, pending: _Pending, picker: Rep, at: datetime) -> None:
        queue, found = pending.owner, self._theirs(key, pending)
        if found is None or not picker.active:
            return
        if found.lead is not None and found.lead["OwnerId"] == queue:
            self.desk.change("Lead", found.key, {"OwnerId": picker.id}, picker.id, at)
        for record in found.mqls:
            self.desk.change("MQL__c", record["Id"], {"OwnerId": picker.id}, picker.id, at)
        self.hand(found.key, picker.id, at, urgent=pending.urgent)

    def _theirs(self, key: str, pending: _Pending) -> Handover | None:
        """What is still open for this owner; whoever has it now gets to it themselves."""
        if self._pending.get(key) != pending:
            return None
        del self._pending[key]
        return self.desk.lay_out(key, pending.owner, QUALIFIED, "Open")

    def _look(self, key: str, pending: _Pending, at: datetime) -> None:
        owner, rep = pending.owner, self._scene.staff.reps[pending.owner]
        back = self._back(rep, at)
        if back > at and self._pending.get(key) == pending:
            self._scene.at(working_time_after(back, 1, rep.zone), partial(self._look, key, pending))
            return
        found = self._theirs(key, pending)
        rng = self._scene.dice("verdict", key, self._turns[key])
        if found is None or not rep.active or rng.random() < (0.75 if rep.habit == "idle" else UNTOUCHED):
            return
        verdict = first_verdict(found, rng)
        if verdict.accepted:
            kind = rng.choice(("Call", "Call", "Email", "Meeting"))
            self.desk.task(found.key, rep, kind, f"{kind}: first conversation", at)
            noted = at + timedelta(seconds=rng.randrange(60, 1500))
            self._scene.at(noted, partial(self._accept, found.key, owner))
        else:
            if rng.random() < 0.3:
                self.desk.task(found.key, rep, "Call", "Call: no fit", at)
            self._reject(found, rep, verdict.reason or "Other", at)

    def _reject(self, found: Handover, rep: Rep, reason: str, at: datetime) -> None:
        lead: dict[str, Any] = {"Status": "Rejected", "Reject_Reason__c": reason}
        if reason == "Spam":
            lead["Status"] = "SPAM"
        if reason in _TERRITORY and found.mqls:
            lead = {}  # the person is fine, only not theirs
        self.desk.say(found, rep, at, lead, {"Status__c": "Rejected", "Reject_Reason__c": reason})

    def _accept(self, key: str, owner: str, at: datetime) -> None:
        rep, found = self._scene.staff.reps[owner], self.desk.lay_out(key, owner, QUALIFIED, "Open")
        if found is None or not rep.active:
            return
        self.desk.say(found, rep, at, {"Status": WORKING}, {"Status__c": "Working"})
        rng = self._scene.dice("outcome", found.key, self._turns[key])
        hours = rng.lognormvariate(3.0, 0.7) * min(rep.pace, 1.6)
        self._scene.at(working_time_after(at, hours, rep.zone), partial(self.conclude, found.key, owner))

    def conclude(self, key: str, owner: str, at: datetime) -> None:
        """The end of the conversation with somebody who was accepted."""
        rep, found = self._scene.staff.reps[owner], self.desk.lay_out(key, owner, WORKING, "Working")
        if found is None or not rep.active:
            return
        rng = self._scene.dice("end", found.key, self._turns[key])
        self.desk.task(found.key, rep, "Call", "Call: next steps", at)
        what = outcome(rng)
        if what == "recycled":
            reason = recycle_reason(rng)
            lead = {"Status": "Recycled", "Reject_Reason__c": reason}
            self.desk.say(found, rep, at, lead, {"Status__c": "Rejected", "Recycle_Reason__c": reason})
        elif what == "rejected":
            self._reject(found, rep, "Not Ideal Profile", at)
        elif what != "nothing":
            self._deals.from_handover(found, rep, at, what, rng)

    def prospect(self, key: str, rep: Rep, at: datetime) -> None:
        """A lead that the rep has found: worked without anybody's MQL, one in three after the first call."""
        rng = self._scene.dice("prospect", key)
        if rng.random() < 0.33:
            moment = self._free(rep, at, rng.lognormvariate(1.5, 0.8))
            self._scene.at(moment, partial(self._work_own, key, rep))

    def _work_own(self, key: str, rep: Rep, at: datetime) -> None:
        if not rep.active or self.desk.lay_out(key, rep.id, "Open", "") is None:
            return
        self.desk.task(key, rep, "Call", "Call: cold", at)
        self.desk.change("Lead", key, {"Status": WORKING}, rep.id, at)
        hours = self._scene.dice("own", key).lognormvariate(3.2, 0.6)
        self._scene.at(working_time_after(at, hours, rep.zone), partial(self.conclude, key, rep.id))

    def resume(self, key: str, owner: str, status: str, at: datetime) -> None:
        """Puts on the desks what was open before the story begins."""
        if status == QUALIFIED:
            self.hand(key, owner, at)
        elif owner in self._scene.staff.reps:
            rep, rng = self._scene.staff.reps[owner], self._scene.dice("resumed", key)
            moment = next_at_work(at, rep.zone) + timedelta(days=rng.expovariate(1 / 12))
            when = next_at_work(moment.replace(microsecond=0), rep.zone)
            self._scene.at(when, partial(self.conclude, key, owner))
