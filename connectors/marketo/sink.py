"""Marketo as a sink: our own fields on people, 300 a call by id, and requests of the campaign that syncs a person.

Writes are `updateOnly` by id: sent twice they equal once, so a lost answer is no trouble. A batch that times out there
is halved. When the platform stops answering in the middle, what was done is told and the rest is `deferred`; before
anything was done the error itself is raised.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.errors import AnswerLost, Misconfigured, QuotaExhausted, RequestRefused, Unavailable
from connectors.marketo.api import ADDRESSES_A_CALL, CAMPAIGN_LEADS_A_CALL, LEADS_A_CALL, Api
from connectors.marketo.cursors import in_batches
from connectors.marketo.describe import Describe
from connectors.marketo.envelope import first_error
from connectors.marketo.errors import MARKETO, RecordRefused, TimedOut, record_state
from connectors.marketo.mapping import PersonMapping
from connectors.marketo.missing_fields import require_all
from connectors.ports import Found, Outcome, RecordChange
from connectors.redaction import redact
from schemas.vocabulary import Platform

_FOUND_FIELDS = ("id", "email", "updatedAt", "sfdcType", "sfdcLeadId", "sfdcContactId", "sfdcLeadOwnerId")

_ABOUT_THE_CALL = frozenset({"1003", "1013"})  # a batch campaign, no such campaign: no record's fault

Send = Callable[[Sequence[RecordChange]], list[Outcome]]


class MarketoSink:
    """Port `Sink`. `writes` are the canonical fields that are ours; nothing else is ever written."""

    platform = Platform.MARKETO

    def __init__(
        self, api: Api, mapping: PersonMapping, describe: Describe, writes: Sequence[str], campaign: str
    ) -> None:
        self._api = api
        self._mapping = mapping
        self._describe = describe
        self._writes = frozenset(writes)
        self._campaign = campaign
        self._campaign_id: int | None = None

    def ready(self) -> None:
        require_all(self._describe, self._mapping)

    def read(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        _only_people(object)
        names = [name for name in map(self._mapping.rest_name, fields) if name]
        shown = {}
        for batch, _ in in_batches(dict.fromkeys(filter(str.isdigit, ids)), LEADS_A_CALL):
            if batch:
                for lead in self._api.leads(batch, ["id", *names]):
                    shown[str(lead.get("id"))] = self._mapping.shown(lead, fields)
        return shown

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        """One outcome per change, in order. Fields that native sync owns are refused here, never sent."""
        _only_people(object)
        outcomes = {
            place: refusal for place, change in enumerate(changes) if (refusal := self._refused(change))
        }
        allowed = {place: change for place, change in enumerate(changes) if place not in outcomes}
        for places in _rounds(allowed):
            sent = self._in_batches([changes[place] for place in places], LEADS_A_CALL, self._update)
            outcomes |= dict(zip(places, sent, strict=True))
        return [outcomes[place] for place in range(len(changes))]

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        """Requests the sync campaign for people who are in Marketo and not yet in the CRM: all `deferred`.

        Accepted is not executed: `sfdcLeadId` tells when it happened. Requesting it again makes no second lead.
        """
        _only_people(object)
        return self._in_batches(creations, CAMPAIGN_LEADS_A_CALL, self._request_sync)

    def find(self, emails: Sequence[str]) -> list[Found]:
        """People with these addresses. A comma separates values on this wire: such an address can't be asked for."""
        found = []
        for batch, _ in in_batches(dict.fromkeys(e for e in emails if e and "," not in e), ADDRESSES_A_CALL):
            if batch:
                found += [_found(lead) for lead in self._leads_with(batch)]
        return found

    def _refused(self, change: RecordChange) -> Outcome | None:
        foreign = sorted(change.values.keys() - self._writes)
        if foreign:
            text = f"not among marketo.writes of platforms.yaml: {', '.join(foreign)}"
            return Outcome(change.key, "rejected", "not_ours", text)
        if change.native_id is None or not change.native_id.isdigit():
            return Outcome(change.key, "rejected", "no_id", "a person is written by the Marketo id")
        names = [self._mapping.rest_name(name) or name for name in change.values]
        if missing := self._describe.missing(names):
            text = (
                f"lead fields {', '.join(missing)} do not exist; create them under Admin → Field Management"
            )
            raise Misconfigured(MARKETO, text)
        if managed := self._describe.crm_managed(names):
            text = (
                f"native sync owns {', '.join(managed)}: write it in the CRM, or use a field of Marketo's own"
            )
            return Outcome(change.key, "rejected", "crm_managed", text)
        return None

    def _in_batches(self, changes: Sequence[RecordChange], size: int, send: Send) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for batch, _ in in_batches(changes, size):
            try:
                outcomes += self._halving(batch, send) if batch else []
            except (Unavailable, QuotaExhausted) as error:
                if not outcomes:
                    raise
                rest = changes[len(outcomes) :]
                return outcomes + [Outcome(change.key, "deferred", error.code, str(error)) for change in rest]
        return outcomes

    def _halving(self, batch: Sequence[RecordChange], send: Send) -> list[Outcome]:
        """A batch that times out, or is refused whole because of one record, is halved until that one stands alone."""
        try:
            return send(batch)
        except (TimedOut, RecordRefused) as error:
            if error.code in _ABOUT_THE_CALL:
                raise
            if len(batch) == 1:
                state = "deferred" if isinstance(error, TimedOut) else "rejected"
                return [Outcome(batch[0].key, state, error.code, str(error))]
            middle = len(batch) // 2
            return self._halving(batch[:middle], send) + self._halving(batch[middle:], send)

    def _update(self, batch: Sequence[RecordChange]) -> list[Outcome]:
        records = [self._mapping.payload(str(change.native_id), change.values) for change in batch]
        answers = self._api.update_leads(records)
        if len(answers) != len(batch):
            by_id = {str(answer.get("id")): answer for answer in answers}
            answers = [by_id.get(str(change.native_id), {}) for change in batch]
        return [_outcome(change, answer) for change, answer in zip(batch, answers, strict=True)]

    def _request_sync(self, batch: Sequence[RecordChange]) -> list[Outcome]:
        people = [str(change.native_id) for change in batch]
        try:
            self._api.request_campaign(self._sync_campaign(), people)
        except AnswerLost:
            pass  # perhaps requested: the person's sfdcLeadId will tell, as it does anyway
        except RecordRefused as error:
            if error.code in _ABOUT_THE_CALL:
                raise self._not_requestable(error.code) from None
            raise
        return [
            Outcome(change.key, "deferred", "requested", "waits for native sync", change.native_id)
            for change in batch
        ]

    def _sync_campaign(self) -> int:
        if self._campaign_id is None:
            found = [row for row in self._api.campaigns(self._campaign) if row.get("name") == self._campaign]
            if not found:
                raise self._not_requestable("")
            self._campaign_id = int(found[0]["id"])
        return self._campaign_id

    def _not_requestable(self, code: str) -> Misconfigured:
        text = f"no active smart campaign {self._campaign!r} that the API may request (handover.campaign)"
        mend = "give it the trigger 'Campaign is Requested, source Web Service API' and activate it"
        return Misconfigured(MARKETO, f"{text}; {mend}", code)

    def _leads_with(self, emails: Sequence[str]) -> Iterable[Mapping[str, Any]]:
        """More than a thousand matches are refused as a whole (1003): then half the addresses at a time."""
        try:
            return list(self._api.leads_by_email(emails, _FOUND_FIELDS))
        except RecordRefused:
            if len(emails) == 1:
                raise
            middle = len(emails) // 2
            return [*self._leads_with(emails[:middle]), *self._leads_with(emails[middle:])]


def _rounds(changes: Mapping[int, RecordChange]) -> list[list[int]]:
    """Places of changes, parted so that no person stands twice in a round: such a call would be refused (1036)."""
    rounds: list[list[int]] = []
    seen: Counter[str | None] = Counter()
    for place, change in changes.items():
        if seen[change.native_id] == len(rounds):
            rounds.append([])
        rounds[seen[change.native_id]].append(place)
        seen[change.native_id] += 1
    return rounds


def _outcome(change: RecordChange, answer: Mapping[str, Any]) -> Outcome:
    if answer.get("status") in ("updated", "created"):
        return Outcome(change.key, "applied", native_id=change.native_id)
    code, message = first_error(answer)
    if not code:
        return Outcome(
            change.key, "deferred", "no_result", "the answer did not say what became of this record"
        )
    return Outcome(change.key, record_state(code, message), code, redact(message), change.native_id)


def _found(lead: Mapping[str, Any]) -> Found:
    details = {"crm_lead_id": lead.get("sfdcLeadId"), "crm_contact_id": lead.get("sfdcContactId")}
    return Found(
        email=str(lead.get("email") or ""),
        object="person",
        native_id=str(lead.get("id")),
        owner_id=lead.get("sfdcLeadOwnerId"),
        changed_at=lead.get("updatedAt"),
        details=details,
    )


def _only_people(object: str) -> None:
    if object != "person":
        raise RequestRefused(MARKETO, f"there is no {object} in Marketo, only person")
