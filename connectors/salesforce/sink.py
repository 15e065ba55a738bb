"""Decisions into Salesforce: changes, new leads, MQL records and tasks; and what the org shows right now."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from connectors.errors import Misconfigured, RequestRefused
from connectors.ports import Found, Outcome, RecordChange
from connectors.rows import normalised
from connectors.salesforce.api import Api, Record
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.deployed import Deployed
from connectors.salesforce.errors import SALESFORCE
from connectors.salesforce.ids import is_id, to_18
from connectors.salesforce.lookup import by_keys, found_by_email
from connectors.salesforce.tasks import TaskWriter
from connectors.salesforce.values import Encoder
from connectors.salesforce.words import EXTERNAL_KEY, SOBJECT, Words
from connectors.salesforce.writing import Write, in_collections, in_jobs
from schemas.playbook.platforms import Handover
from schemas.vocabulary import Platform

AUTO_ASSIGN = "Sforce-Auto-Assign"
OWNER_IS_ACTIVE = "owner_is_active"


class SalesforceSink:
    """`ports.Sink` of one org. Every request carries `Sforce-Auto-Assign: FALSE`, but the hand-over write
    of mode `crm_rules`: without the header the org's rule would take the lead from the owner we set."""

    platform = Platform.SALESFORCE

    def __init__(
        self, api: Api, bulk: Bulk, words: Words, deployed: Deployed, handover: Handover, *, bulk_above: int
    ) -> None:
        self._api = api
        self._bulk = bulk
        self._words = words
        self._deployed = deployed
        self._encoder = Encoder(words, deployed)
        self._tasks = TaskWriter(api, words, self._encoder)
        self._handover = handover
        self._bulk_above = bulk_above

    def ready(self) -> None:
        self._deployed.require_all_written()

    def read(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        """As `ports.Sink.read`. `owner_is_active` costs one more call: a queue counts as active."""
        stored = [name for name in fields if name != OWNER_IS_ACTIVE]
        if OWNER_IS_ACTIVE in fields and "owner_id" not in stored:
            stored.append("owner_id")
        paths = {name: self._words.field(object, name) for name in stored}
        if object in ("mql_record", "task"):
            key = EXTERNAL_KEY if object == "mql_record" else "cycle_key"
            found = by_keys(self._api, SOBJECT[object], self._words.field(object, key), ids, paths.values())
            rows = {cycle: row for cycle, row in found.items() if normalised(row["IsDeleted"]) != "true"}
        else:
            wanted = {to_18(native): native for native in ids if is_id(native)}
            found = self._api.retrieve(SOBJECT[object], list(wanted), ["Id", *paths.values()])
            rows = {wanted[native]: row for native, row in found.items()}
        shown = {
            key: {name: normalised(row.get(path)) for name, path in paths.items()}
            for key, row in rows.items()
        }
        return self._with_active_owners(shown) if OWNER_IS_ACTIVE in fields else shown

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        """As `ports.Sink.write`. Raises only if nothing was written; Bulk 2.0 above the limit."""
        self._deployed.require_all_written()
        if object == "task":
            return self._tasks.write(changes)
        rule = self._active_rule if crm_rules and object == "lead" else None
        writes = [self._write(object, change) for change in changes]
        sobject, is_upsert = SOBJECT[object], object == "mql_record"
        if len(writes) > self._bulk_above:
            key = self._words.field(object, EXTERNAL_KEY) if is_upsert else "Id"
            operation = "upsert" if is_upsert else "update"
            return in_jobs(self._bulk, sobject, operation, key, writes, rule)
        if is_upsert:
            send = partial(self._api.upsert, sobject, self._words.field(object, EXTERNAL_KEY))
        else:
            send = partial(self._api.update, headers={AUTO_ASSIGN: rule} if rule else None)
        return in_collections(writes, send, self._api.client.timing)

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        """New leads by external key. A key that the org knows already is not written again: a rep may have worked
        on that lead since. Of a merged one the surviving lead is told."""
        if object != "lead":
            raise RequestRefused(SALESFORCE, f"people come into the CRM as leads, not as {object}")
        self._deployed.require_all_written()
        key = self._words.field("lead", EXTERNAL_KEY)
        asked = [creation.key for creation in creations]
        known = by_keys(self._api, "Lead", key, asked, ["IsDeleted", "MasterRecordId"])
        outcomes: dict[str, Outcome] = {k: _already_there(k, row) for k, row in known.items()}
        writes = []
        for creation in creations:
            lacking = [name for name in self._handover.required if not normalised(creation.values.get(name))]
            if creation.key in outcomes:
                continue
            if lacking:
                message = f"the CRM needs {', '.join(lacking)}"
                outcomes[creation.key] = Outcome(creation.key, "rejected", "REQUIRED_FIELD_MISSING", message)
            else:
                writes.append(self._fitting("Lead", key, self._write("lead", creation)))
        send = partial(self._api.upsert, "Lead", key)
        created = in_collections(writes, send, self._api.client.timing) if writes else []
        outcomes |= {outcome.key: outcome for outcome in created}
        return [outcomes[creation.key] for creation in creations]

    def find(self, emails: Sequence[str]) -> list[Found]:
        """Leads that aren't converted and contacts, deleted ones left out."""
        return found_by_email(self._api, self._words, emails)

    def _write(self, object: str, change: RecordChange) -> Write:
        values = {name: value for name, value in change.values.items() if name != EXTERNAL_KEY}
        record: dict[str, Any] = {"attributes": {"type": SOBJECT[object]}}
        if change.native_id and object != "mql_record":
            record["Id"] = to_18(change.native_id)
        else:
            record[self._words.field(object, EXTERNAL_KEY)] = change.external_key
        return Write(change.key, record | self._encoder.fields(object, values))

    def _fitting(self, sobject: str, key: str, write: Write) -> Write:
        """Free text as long as its field: a long title must not cost the lead. Half an e-mail address, phone number or
        key would be another one, so these stay as they are."""
        record = {
            path: value[: self._deployed.room(sobject, path)]
            if isinstance(value, str) and path != key
            else value
            for path, value in write.record.items()
        }
        return Write(write.key, record)

    def _with_active_owners(
        self, shown: Mapping[str, dict[str, str | None]]
    ) -> dict[str, dict[str, str | None]]:
        owners = {row["owner_id"] for row in shown.values() if row["owner_id"]}
        users = [owner for owner in owners if owner and owner.startswith("005")]
        active = self._api.retrieve("User", users, ["Id", "IsActive"]) if users else {}
        return {
            key: {**row, OWNER_IS_ACTIVE: _is_active(row["owner_id"], active)} for key, row in shown.items()
        }

    @cached_property
    def _active_rule(self) -> str:
        (rules,) = self._api.rows(
            ["SELECT Id FROM AssignmentRule WHERE SobjectType = 'Lead' AND Active = true"]
        )
        if not rules:
            raise Misconfigured(
                SALESFORCE,
                "assignment.mode is crm_rules, but the org has no active lead assignment rule: activate one in "
                "Setup → Lead Assignment Rules, or choose decide_and_push",
            )
        return str(rules[0]["Id"])


def _is_active(owner: str | None, users: Mapping[str, Record]) -> str | None:
    if not owner:
        return None
    if not owner.startswith("005"):
        return "true"
    return normalised(users[owner]["IsActive"]) if owner in users else "false"


def _already_there(key: str, row: Record) -> Outcome:
    if normalised(row.get("IsDeleted")) != "true":
        return Outcome(key, "applied", native_id=row["Id"])
    if master := row.get("MasterRecordId"):
        return Outcome(key, "applied", native_id=master)
    return Outcome(key, "rejected", "ENTITY_IS_DELETED", "somebody deleted the lead that we created")
