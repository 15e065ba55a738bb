"""Deals in motion: conversions, new opportunities, stages, wins and losses."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from simulator.company.accounts import CURRENCY_OF
from simulator.company.handover import Handover
from simulator.company.hours import next_at_work
from simulator.company.opportunities import NEW_BUSINESS, OPEN_STAGES, RENEWAL, Deal
from simulator.company.scene import Scene
from simulator.company.staff import Rep
from simulator.company.verdicts import RENEWAL_RATE, WIN_RATE
from simulator.salesforce.errors import RecordError


class Deals:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def from_handover(self, found: Handover, rep: Rep, at: datetime, what: str, rng: Random) -> None:
        """`what`: opportunity (at once), opportunity_later (days after the conversion), converted (never)."""
        contact_id, account_id, opportunity_id = found.key, None, None
        if found.lead is not None:
            try:
                made = self._scene.org.convert_lead(
                    found.key,
                    by=rep.id,
                    at=at,
                    account_id=self._account_of(found),
                    create_opportunity=what == "opportunity",
                    owner_id=rep.id,
                )
            except RecordError:
                return
            contact_id, account_id, opportunity_id = made.contact_id, made.account_id, made.opportunity_id
        elif found.contact is not None:
            account_id = found.contact["AccountId"]
            if what == "opportunity" and account_id:
                opportunity_id = self._open(contact_id, account_id, rep.id, rng, at)
        if opportunity_id:
            self._amount(opportunity_id, rep.id, rng, at)
            self._follow(opportunity_id, NEW_BUSINESS, at)
            self._tell(found, rep, opportunity_id, rng, at)
        elif what == "opportunity_later" and account_id:
            later = next_at_work(at + timedelta(days=rng.randrange(1, 6)), rep.zone)
            self._scene.at(later, partial(self._open_later, found, contact_id, account_id, rep))

    def follow_open(self, deals: list[Deal]) -> None:
        """The deals that were open at the start go on."""
        for deal in deals:
            if deal.id is not None:
                self._follow(deal.id, deal.row["Type"], self._scene.start)

    def _account_of(self, found: Handover) -> str | None:
        """Reps convert into the account that is there already."""
        firm = found.person.firm if found.person is not None else None
        company = found.lead["Company"] if found.lead is not None else None
        if firm is not None and firm.account_id and company == firm.name:
            account = self._scene.org.get("Account", firm.account_id)
            return firm.account_id if account is not None and not account["IsDeleted"] else None
        return None

    def _open_later(self, found: Handover, contact_id: str, account_id: str, rep: Rep, at: datetime) -> None:
        rng = self._scene.dice("later", contact_id)
        opportunity_id = self._open(contact_id, account_id, rep.id, rng, at)
        if opportunity_id:
            self._follow(opportunity_id, NEW_BUSINESS, at)
            self._tell(found, rep, opportunity_id, rng, at)

    def _open(self, contact_id: str, account_id: str, by: str, rng: Random, at: datetime) -> str | None:
        person = self._scene.population.by_contact.get(contact_id)
        account = self._scene.org.get("Account", account_id)
        code = person.country.code if person else ""
        values: dict[str, Any] = {
            "Name": f"{account['Name'] if account else 'New'} - {person.line if person and person.line else 'new'}"[
                :120
            ],
            "AccountId": account_id,
            "StageName": "Prospecting",
            "Type": NEW_BUSINESS,
            "Amount": round(rng.lognormvariate(10.2, 0.8), -2),
            "CurrencyIsoCode": CURRENCY_OF.get(code, "EUR"),
            "CloseDate": (at + timedelta(days=90)).date(),
            "Business_Line__c": person.line if person else None,
            "OwnerId": by,
            "ContactId": contact_id,
        }
        try:
            opportunity_id = self._scene.org.insert("Opportunity", values, by=by, at=at)
            role = {
                "OpportunityId": opportunity_id,
                "ContactId": contact_id,
                "Role": "Evaluator",
                "IsPrimary": True,
            }
            self._scene.org.insert("OpportunityContactRole", role, by=by, at=at)
        except RecordError:
            return None
        return opportunity_id

    def _amount(self, opportunity_id: str, by: str, rng: Random, at: datetime) -> None:
        opportunity = self._scene.org.get("Opportunity", opportunity_id)
        if opportunity is not None and opportunity["Amount"] is None:
            self._save(opportunity_id, {"Amount": round(rng.lognormvariate(10.2, 0.8), -2)}, by, at)

    def _tell(self, found: Handover, rep: Rep, opportunity_id: str, rng: Random, at: datetime) -> None:
        """Three of ten reps also set the MQL record to Converted; for the others mqlflow sees it itself."""
        if rng.random() >= 0.3:
            return
        for record in found.mqls:
            values = {"Status__c": "Converted", "Opportunity__c": opportunity_id}
            try:
                self._scene.org.update("MQL__c", record["Id"], values, by=rep.id, at=at)
            except RecordError:
                continue

    def _follow(self, opportunity_id: str, kind: str, at: datetime) -> None:
        rng = self._scene.dice("deal", opportunity_id)
        won = rng.random() < (RENEWAL_RATE if kind == RENEWAL else WIN_RATE)
        steps = rng.randrange(1, 4)
        moment = at
        for step in range(steps + 1):
            moment = (moment + timedelta(days=rng.uniform(4, 26))).replace(microsecond=0)
            stage = ("Closed Won" if won else "Closed Lost") if step == steps else None
            self._scene.at(moment, partial(self._advance, opportunity_id, stage))

    def _advance(self, opportunity_id: str, stage: str | None, at: datetime) -> None:
        """The next stage, or the given last one; nothing happens to a deal that somebody closed meanwhile."""
        opportunity = self._scene.org.get("Opportunity", opportunity_id)
        if opportunity is None or opportunity["IsDeleted"] or opportunity["IsClosed"]:
            return
        if stage is None:
            place = (
                OPEN_STAGES.index(opportunity["StageName"]) if opportunity["StageName"] in OPEN_STAGES else 0
            )
            stage = OPEN_STAGES[min(place + 1, len(OPEN_STAGES) - 1)]
        values: dict[str, Any] = {"StageName": stage}
        if stage.startswith("Closed"):
            values["CloseDate"] = at.date()
        self._save(opportunity_id, values, opportunity["OwnerId"], at)
        if stage == "Closed Won" and opportunity["AccountId"]:
            try:
                self._scene.org.update(
                    "Account",
                    opportunity["AccountId"],
                    {"Type": "Customer"},
                    by=opportunity["OwnerId"],
                    at=at,
                )
            except RecordError:
                return

    def _save(self, opportunity_id: str, values: dict[str, Any], by: str, at: datetime) -> None:
        try:
            self._scene.org.update("Opportunity", opportunity_id, values, by=by, at=at)
        except RecordError:
            return
