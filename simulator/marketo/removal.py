"""Deleting people, and merging several into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.call import Call, records, whole
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, lead_not_found, missing, skipped
from simulator.marketo.instance import WEB_SERVICE
from simulator.marketo.server import Server

MOST_LOSERS = 25


def wished_ids(call: Call, most: int = 300) -> list[int]:
    """Ids as ``id=1&id=2`` in the query, or as ``{"input": [{"id": 1}]}``."""
    wished = call.numbers("id")
    if wished:
        if len(wished) > most:
            raise MarketoError("1003", f"The number of records exceeds the limit of {most}")
        return wished
    if not call.body.strip():
        raise missing("id")
    return [whole(record.get("id")) for record in records(call.json(), most)]


def delete_leads(server: Server, call: Call) -> Mapping[str, Any]:
    result: list[dict[str, Any]] = []
    for lead_id in wished_ids(call):
        if server.instance.get_lead(lead_id) is None:
            result.append(skipped(lead_not_found(lead_id), id=lead_id))
            continue
        server.instance.delete_lead(lead_id, source=WEB_SERVICE)
        result.append({"id": lead_id, "status": "deleted"})
    return answer(result)


def merge_leads(server: Server, call: Call) -> Mapping[str, Any]:
    """A CRM contact survives a CRM lead, and that a person without a CRM record, whatever id the path names.

    Merging the CRM's records is not simulated: where two people have one, ``mergeInCRM`` is refused (1076).
    """
    losers = list(dict.fromkeys(call.numbers("leadIds") or call.numbers("leadId")))
    if not losers:
        raise missing("leadIds")
    if len(losers) > MOST_LOSERS:
        raise MarketoError("1080", f"The number of losing leads exceeds the limit of {MOST_LOSERS}")
    people: list[dict[str, Any]] = []
    for lead_id in [call.id(), *losers]:
        lead = server.instance.get_lead(lead_id)
        if lead is None:
            raise lead_not_found(lead_id)
        people.append(lead)
    if call.id() in losers:
        raise MarketoError("1003", f"Lead '{call.id()}' cannot be merged into itself")
    in_crm = [lead for lead in people if _crm_rank(lead)]
    if call.flag("mergeInCRM") and len(in_crm) > 1:
        raise MarketoError(
            "1076", "Merge in CRM failed: the records cannot be merged in Salesforce from here"
        )
    winner = max(people, key=_crm_rank)
    others = [lead["id"] for lead in people if lead is not winner]
    server.instance.merge_leads(winner["id"], others, source=WEB_SERVICE)
    return answer()


def _crm_rank(lead: Mapping[str, Any]) -> int:
    """Of equals the first is kept, which is the one that the path names."""
    return 2 if lead["sfdcContactId"] else 1 if lead["sfdcLeadId"] else 0
