"""The org's objects: what Salesforce ships, and what an administrator deployed for lead management."""

from __future__ import annotations

from simulator.salesforce.objects import activities, business, campaigns, handover, people
from simulator.salesforce.objects.configuration import setup_objects
from simulator.salesforce.objects.parts import history
from simulator.salesforce.schema import Schema


def standard_schema() -> Schema:
    """Every object that the org knows."""
    every = [
        people.lead(),
        people.contact(),
        business.account(),
        business.opportunity(),
        business.contact_role(),
        handover.mql(),
        history("Lead", "LeadHistory", "017", "LeadId"),
        history("MQL__c", "MQL__History", "0Jh", "ParentId"),
        campaigns.campaign(),
        campaigns.member(),
        activities.task(),
        activities.event(),
        *setup_objects(),
    ]
    return Schema({o.name: o for o in every})
