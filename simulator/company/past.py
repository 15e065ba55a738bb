"""What sales did with a lead before mqlflow came: status, owner, stamps, field history, tasks.

The org had marketing-qualified leads for years; its stamps were filled by hand and by an old workflow, so a part
of them is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.company.dice import Weighted
from simulator.company.hours import working_time_after
from simulator.company.people import Person
from simulator.company.staff import Rep, Staff

REJECT_REASONS = Weighted(
    [
        ("Not Ideal Profile", 34),
        ("Bad Data", 12),
        ("Duplicate", 8),
        ("Existing Customer", 6),
        ("Wrong Territory", 7),
        ("Support Request", 4),
        ("Already in Conversation", 6),
        ("Partner", 2),
        ("Other", 5),
    ]
)
RECYCLE_REASONS = Weighted(
    [
        ("No Timing", 30),
        ("Unreachable", 28),
        ("No Budget", 16),
        ("No Need", 14),
        ("No Authority", 7),
        ("Already Solved", 5),
    ]
)
_STATUS = Weighted(
    [
        ("Open", 51),
        ("Nurturing", 17),
        ("Marketing Qualified", 6),
        ("Working", 7),
        ("Rejected", 9),
        ("Recycled", 8),
        ("SPAM", 2),
    ]
)
_HISTORY_KEPT = timedelta(days=540)
SUBJECTS = {
    "Call": "Call: first conversation",
    "Email": "Email: following up",
    "Meeting": "Meeting: introduction",
}


@dataclass(slots=True)
class Past:
    """`values` go into the lead row; `history` and `tasks` are rows without the lead's id."""

    status: str
    owner: str
    rep: Rep | None
    values: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    qualified_at: datetime | None = None


def past_of(
    person: Person, staff: Staff, rng: Random, created: datetime, start: datetime, *, converted: bool
) -> Past:
    """A believable past of a lead that was created at `created`."""
    status = "Qualified" if converted else _STATUS.draw(rng)
    reps = staff.of_region(person.country.region)
    rep = rng.choice(reps) if reps else None
    if status in ("Open", "Nurturing", "SPAM") or rep is None:
        return _untouched(person, staff, rng, rep, "Open" if rep is None else status, created, start)
    past = Past(status, rep.id, rep)
    qualified = _qualified_at(rng, created, start, status)
    past.qualified_at = qualified
    _note(past, qualified, "Status", "Open", "Marketing Qualified", staff.sync_user)
    _own(past, qualified, staff.sync_user, rep.id, staff)
    touched = qualified
    if status != "Marketing Qualified":
        touched = _work(past, rng, rep, qualified, start - timedelta(minutes=5))
    if rng.random() < 0.8:
        past.values |= {"First_MQL_Date__c": qualified, "Last_MQL_Date__c": qualified}
        if rng.random() < 0.15 and (qualified - created).days > 60:
            past.values["First_MQL_Date__c"] = created + (qualified - created) * rng.random()
    if not converted and staff.gone and rng.random() < 0.07:
        past.owner = rng.choice(staff.gone)
    elif status == "Marketing Qualified" and rng.random() < 0.2:
        past.owner = staff.queues[f"{rep.region} Queue"]
    past.values["LastModifiedDate"] = max(touched, created)
    past.values["LastModifiedById"] = staff.sync_user if touched == qualified else rep.id
    return past


def _work(past: Past, rng: Random, rep: Rep, qualified: datetime, last: datetime) -> datetime:
    """What the rep did from the handover to the present status; answers when that was."""
    touched = min(working_time_after(qualified, rng.expovariate(1 / 9), rep.zone), last)
    before = "Marketing Qualified"
    if past.status != "Rejected" or rng.random() < 0.2:
        _note(past, touched, "Status", before, "Working", rep.id)
        _task(past, rng, touched, rep)
        before = "Working"
        if rng.random() < 0.7:
            past.values |= {"First_SAL_Date__c": touched, "Last_SAL_Date__c": touched}
    if past.status == "Working":
        return touched
    touched = min(working_time_after(touched, rng.expovariate(1 / 40), rep.zone), last)
    _note(past, touched, "Status", before, past.status, rep.id)
    if past.status == "Rejected":
        past.values["Reject_Reason__c"] = REJECT_REASONS.draw(rng)
    elif past.status == "Recycled":
        past.values["Reject_Reason__c"] = RECYCLE_REASONS.draw(rng) if rng.random() < 0.5 else None
        if rng.random() < 0.8:
            _task(past, rng, touched, rep)
    return touched


def _untouched(
    person: Person,
    staff: Staff,
    rng: Random,
    rep: Rep | None,
    status: str,
    created: datetime,
    start: datetime,
) -> Past:
    """Leads that sales has not worked: most have a placeholder for an owner."""
    lot = rng.random()
    if status == "SPAM":
        owner = staff.queues["Junk Queue"]
    elif lot < 0.7 or rep is None:
        owner = staff.sync_user
    elif lot < 0.8:
        owner = staff.default_owner
    elif lot < 0.88:
        owner = staff.queues[f"{person.country.region} Queue"]
    else:
        owner = rep.id
    past = Past(status, owner, rep)
    changed = created + (start - created) * rng.random() ** 2
    if status != "Open":
        _note(past, changed, "Status", "Open", status, staff.sync_user)
    past.values["LastModifiedDate"] = changed
    past.values["LastModifiedById"] = staff.sync_user
    return past


def _qualified_at(rng: Random, created: datetime, start: datetime, status: str) -> datetime:
    """Open handovers are mostly days old; closed ones lie anywhere in the person's past."""
    age = start - created
    if status == "Marketing Qualified" and rng.random() < 0.65:
        return start - min(age, timedelta(hours=rng.uniform(1, 70)))
    if status == "Working":
        return start - min(age, timedelta(days=rng.uniform(1, 40)))
    return created + age * rng.betavariate(1.2, 2.2)


def _note(past: Past, at: datetime, name: str, old: str, new: str, by: str) -> None:
    past.history.append(
        {
            "CreatedDate": at,
            "CreatedById": by,
            "Field": name,
            "DataType": "Text",
            "OldValue": old,
            "NewValue": new,
        }
    )


def _own(past: Past, at: datetime, old: str, new: str, staff: Staff) -> None:
    """A change of owner is two rows, ids and names."""
    names = {user_id: name for name, user_id in staff.users.items()}
    ids: Mapping[str, Any] = {"CreatedDate": at, "CreatedById": staff.sync_user, "Field": "Owner"}
    past.history.append({**ids, "DataType": "EntityId", "OldValue": old, "NewValue": new})
    past.history.append({**ids, "DataType": "Text", "OldValue": names.get(old), "NewValue": names.get(new)})


def _task(past: Past, rng: Random, at: datetime, rep: Rep) -> None:
    past.tasks.append(task_row(rng, at, rep.id))


def task_row(rng: Random, at: datetime, owner: str) -> dict[str, Any]:
    kind = rng.choice(("Call", "Call", "Email", "Meeting"))
    return {
        "Subject": SUBJECTS[kind],
        "Type": kind,
        "TaskSubtype": "Task" if kind == "Meeting" else kind,
        "Status": "Completed",
        "Priority": "Normal",
        "ActivityDate": at.date(),
        "CompletedDateTime": at,
        "OwnerId": owner,
        "CreatedById": owner,
        "CreatedDate": at,
    }


def kept(history: list[dict[str, Any]], start: datetime) -> list[dict[str, Any]]:
    """Field history is kept for eighteen months."""
    return [row for row in history if row["CreatedDate"] >= start - _HISTORY_KEPT]
