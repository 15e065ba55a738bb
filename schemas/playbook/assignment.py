"""`playbook/assignment.yaml`: who gets a handover."""

from datetime import date
from typing import Literal

from pydantic import model_validator

from schemas.playbook.base import HandoverCondition, Part, Scattered


class Target(Part):
    """Exactly one: a user, a queue, or a pool of reps in rotation; all by name."""

    owner: str | None = None
    queue: str | None = None
    pool: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Target":
        if sum(value is not None for value in (self.owner, self.queue, self.pool)) != 1:
            raise ValueError("name exactly one of owner, queue and pool")
        return self


class Absence(Part):
    """A member who gets nothing from `first` to `last`, both included, in the organisation's time zone."""

    member: str
    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> "Absence":
        if self.last < self.first:
            raise ValueError(f"the absence ends before it begins: {self.first} to {self.last}")
        return self


class Pool(Part):
    """Reps in rotation: named, or all active users of a role, or the members of a queue."""

    members: list[str] = []
    role: str | None = None
    queue: str | None = None
    away: list[Absence] = []

    @model_validator(mode="after")
    def _exactly_one_source(self) -> "Pool":
        if sum((bool(self.members), self.role is not None, self.queue is not None)) != 1:
            raise ValueError("a pool has exactly one of members, role and queue")
        return self


class Rule(Part):
    id: str
    when: HandoverCondition = "true"
    to: Target


class Assignment(Part):
    mode: Literal["decide_and_push", "decide_only", "crm_rules"] = "decide_only"
    crm_rule: str | None = None  # name of the CRM's rule, for mode crm_rules
    placeholder_owners: list[str] = []
    pools: dict[str, Pool] = {}
    rules: list[Rule]

    @model_validator(mode="after")
    def _pools_exist(self) -> "Assignment":
        known = ", ".join(sorted(self.pools)) or "none"
        faults = [
            (("rules", number, "to", "pool"), f"no pool {rule.to.pool!r}; there are: {known}")
            for number, rule in enumerate(self.rules)
            if rule.to.pool is not None and rule.to.pool not in self.pools
        ]
        if faults:
            raise Scattered(faults)
        if self.mode == "crm_rules" and self.crm_rule is None:
            raise ValueError("mode crm_rules needs crm_rule, the name of the CRM's assignment rule")
        return self
