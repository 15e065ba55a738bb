"""Opportunities that exist when the story begins: customers' purchases and renewals, deals open and lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.company.accounts import CURRENCY_OF, Firm
from simulator.company.catalogue import LINES
from simulator.company.dice import dice
from simulator.company.people import Person
from simulator.salesforce.org import Org

OPEN_STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal", "Negotiation")
NEW_BUSINESS, RENEWAL = "New Business", "Existing Customer - Renewal"
_ROLES = ("Decision Maker", "Evaluator", "Economic Buyer", "Influencer")


@dataclass(slots=True)
class Deal:
    """An opportunity to be; `people` are those with a contact role in it."""

    firm: Firm
    row: dict[str, Any]
    people: list[Person]
    converted_from: Person | None = None  # whose lead conversion made it
    id: str | None = None


def past_deals(firms: Sequence[Firm], people: Sequence[Person], seed: int, start: datetime) -> list[Deal]:
    """What the accounts' standing implies: a customer has bought, somebody being sold to has an open deal."""
    deals: list[Deal] = []
    for number, firm in enumerate(firms):
        if firm.account_id is None:
            continue
        rng = dice(seed, "deals", number)
        known = [people[n] for n in firm.contacts]
        if firm.standing == "customer":
            won = start - timedelta(days=rng.randrange(45, 900))
            deals.append(deal(rng, firm, known, "Closed Won", NEW_BUSINESS, won))
            if rng.random() < 0.5:
                deals.append(deal(rng, firm, known, rng.choice(OPEN_STAGES), RENEWAL, start - _days(rng, 50)))
            if rng.random() < 0.06:
                recently = start - timedelta(days=rng.randrange(2, 28))
                deals.append(deal(rng, firm, known, "Closed Won", "Existing Customer - Upgrade", recently))
        elif firm.standing == "selling":
            deals.append(
                deal(rng, firm, known, rng.choice(OPEN_STAGES), NEW_BUSINESS, start - _days(rng, 80))
            )
        elif firm.standing == "lost":
            recent = rng.random() < 0.15
            lost = start - timedelta(days=rng.randrange(2, 29) if recent else rng.randrange(31, 500))
            deals.append(deal(rng, firm, known, "Closed Lost", NEW_BUSINESS, lost))
    return deals


def deal(
    rng: Random,
    firm: Firm,
    known: Sequence[Person],
    stage: str,
    kind: str,
    moment: datetime,
    line: str | None = None,
) -> Deal:
    """`moment` is when a closed deal was closed, and when an open one was opened."""
    closed = stage.startswith("Closed")
    created = moment - timedelta(days=rng.randrange(20, 120)) if closed else moment
    line = line or rng.choice(LINES)
    row = {
        "Name": f"{firm.name} - {line}"[:120],
        "AccountId": firm.account_id,
        "StageName": stage,
        "Type": kind,
        "Amount": round(rng.lognormvariate(10.2, 0.8), -2),
        "CurrencyIsoCode": CURRENCY_OF.get(firm.country.code, "EUR"),
        "CloseDate": (moment if closed else created + timedelta(days=rng.randrange(60, 150))).date(),
        "Business_Line__c": line if rng.random() < 0.9 else None,
        "OwnerId": firm.owner,
        "CreatedById": firm.owner,
        "CreatedDate": created,
        "LastModifiedDate": moment,
        "LastModifiedById": firm.owner,
    }
    chosen = list(known) if len(known) <= 2 else rng.sample(list(known), 2)
    return Deal(firm, row, chosen if rng.random() < 0.92 else [])


def load_deals(org: Org, deals: Sequence[Deal], seed: int) -> None:
    """Writes the deals and their contact roles; people must have their contact ids."""
    for found, opportunity_id in zip(deals, org.load("Opportunity", (d.row for d in deals)), strict=True):
        found.id = opportunity_id
    rng, roles = dice(seed, "roles"), []
    for found in deals:
        for place, person in enumerate(found.people):
            if person.contact_id is None:
                continue
            roles.append(
                {
                    "OpportunityId": found.id,
                    "ContactId": person.contact_id,
                    "Role": rng.choice(_ROLES),
                    "IsPrimary": place == 0,
                    "CreatedById": found.firm.owner,
                    "CreatedDate": found.row["CreatedDate"],
                }
            )
    org.load("OpportunityContactRole", roles)


def _days(rng: Random, most: int) -> timedelta:
    return timedelta(days=rng.randrange(1, most), seconds=rng.randrange(86400))
