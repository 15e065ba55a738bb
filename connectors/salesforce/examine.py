"""What `doctor` asks of an org: who we are there, what is missing, whose leads are nobody's. Reads only."""

from collections.abc import Callable, Iterator, Sequence

from connectors.errors import PlatformError
from connectors.ports import Finding
from connectors.salesforce.api import Api, as_documented
from connectors.salesforce.auth import identity
from connectors.salesforce.deployed import WRITTEN, Deployed
from connectors.salesforce.shipped import PERMISSION_SET
from connectors.salesforce.soql import in_lists, quoted, select
from connectors.salesforce.words import MQL, SOBJECT, Words, value
from schemas.playbook.platforms import StatusRow

_GRANT = (
    f"assign the permission set {PERMISSION_SET} (connectors/salesforce/metadata) to the integration user"
)
_MANY = 0.02  # share of the open leads from which a user without a role looks like a placeholder
_READ_ONLY = ("Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember")


class Examiner:
    """Each check stands alone: one that fails becomes a finding, and the others go on."""

    def __init__(self, api: Api, words: Words, deployed: Deployed, statuses: Sequence[StatusRow]) -> None:
        self._api = api
        self._words = words
        self._deployed = deployed
        self._statuses = statuses

    def findings(self) -> list[Finding]:
        """Host and version first, then the login: if one of these fails, nothing else is asked."""
        found: list[Finding] = []
        for name, check in (("API version", self._version), ("connection", self._connection)):
            found += self._guarded(name, check)
            if not found[-1].ok:
                return found
        checks: dict[str, Callable[[], Iterator[Finding]]] = {
            "integration user": self._user,
            "API calls": self._calls,
            "objects": self._objects,
            "fields": self._fields,
            "field permissions": self._writable,
            "status words": self._words_of_status,
            "field history": self._history,
            "queues": self._queues,
            "placeholder owners": self._placeholders,
            "lead assignment rule": self._rule,
        }
        for name, check in checks.items():
            found += self._guarded(name, check)
        return found

    def _guarded(self, name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
        try:
            return list(check())
        except PlatformError as error:
            return [Finding(name, False, str(error), "see the message")]

    def _connection(self) -> Iterator[Finding]:
        ((org,),) = self._api.rows([select(["Id", "Name", "OrganizationType"], "Organization")])
        what = f"{org['Name']} ({org['OrganizationType']}), organization {org['Id']}"
        yield Finding("connection", True, what)

    def _version(self) -> Iterator[Finding]:
        offered = self._api.versions()
        if self._api.version in offered:
            yield Finding("API version", True, f"{self._api.version}; the org offers up to {offered[-1]}")
        else:
            mend = f"set salesforce.api_version in playbook/platforms.yaml to one up to {offered[-1]}"
            yield Finding("API version", False, f"{self._api.version} is not offered", mend)

    def _user(self) -> Iterator[Finding]:
        known = identity(self._api.client.token)
        if known is None:
            yield Finding("integration user", True, "the token does not tell")
            return
        where = [f"Id = {quoted(known[1])}"]
        ((user,),) = self._api.rows([select(["Id", "Name", "UserType", "IsActive"], "User", where)])
        yield Finding("integration user", True, f"{user['Name']} ({user['Id']})")

    def _calls(self) -> Iterator[Finding]:
        limits = self._api.limits()
        with as_documented("the request for limits"):
            left, most = (int(limits["DailyApiRequests"][name]) for name in ("Remaining", "Max"))
        mend = "" if left > most * 0.1 else "run syncs less often, or ask Salesforce for more API calls"
        yield Finding("API calls", not mend, f"{most - left:,} of {most:,} used in 24 hours", mend)

    def _objects(self) -> Iterator[Finding]:
        needs = {SOBJECT[name]: ("createable", "updateable") for name in WRITTEN} | {
            "Contact": ("updateable",)
        }
        for sobject, rights in needs.items():
            described = self._deployed.objects[sobject]
            if described is None:
                continue  # told among the missing
            lacking = [right for right in rights if not described.get(right)]
            detail = f"the integration user has not: {', '.join(lacking)}" if lacking else "read and write"
            yield Finding(f"permission on {sobject}", not lacking, detail, _GRANT if lacking else "")
        for sobject, described in self._api.describes(_READ_ONLY).items():
            if described is None:
                yield Finding(f"permission on {sobject}", False, "can't be read", _GRANT)

    def _fields(self) -> Iterator[Finding]:
        missing = list(self._deployed.missing((*WRITTEN, "account", "opportunity", "user")))
        for lack in missing:
            detail = f"{lack.what}, which the playbook names as {lack.canonical}"
            yield Finding("missing", False, detail, lack.mend)
        if not missing:
            yield Finding("fields", True, "all that the playbook names are there")
        if "cycle_key" not in self._words.fields["task"]:
            mend = "add salesforce.task.cycle_key: MQL_Cycle_Key__c to playbook/platforms.yaml"
            yield Finding("tasks", False, "no field of Task holds the cycle key: no tasks are created", mend)

    def _writable(self) -> Iterator[Finding]:
        owned: dict[str, list[str]] = {name: list(keys) for name, keys in self._words.settings.writes.items()}
        owned["mql_record"] = [key for key in self._words.settings.mql_record if key != "external_key"]
        closed = [
            f"{SOBJECT[name]}.{path}"
            for name, canonical in owned.items()
            for path in (self._words.field(name, key) for key in canonical)
            if (field := self._deployed.fields(SOBJECT[name]).get(path.lower())) and not field["updateable"]
        ]
        detail = "all that mqlflow writes may be edited" if not closed else f"read only: {', '.join(closed)}"
        yield Finding("field permissions", not closed, detail, _GRANT if closed else "")

    def _words_of_status(self) -> Iterator[Finding]:
        (rows,) = self._api.rows([select(["ApiName", "MasterLabel"], "LeadStatus")])
        offered = {
            "lead": {str(row["ApiName"]) for row in rows} | {str(row["MasterLabel"]) for row in rows},
            "contact": self._picklist("contact"),
            "mql_record": self._picklist("mql_record"),
        }
        for name, words in offered.items():
            used = {word for row in self._statuses for word in getattr(row, name)}
            unknown = sorted(used - words) if words else []
            known = ", ".join(sorted(words))
            mend = f"add them to the picklist, or correct `statuses` in playbook/platforms.yaml; there are: {known}"
            yield Finding(
                f"status words of {SOBJECT[name]}",
                not unknown,
                f"{len(used)} words known" if not unknown else f"the org has no {', '.join(unknown)}",
                mend if unknown else "",
            )

    def _picklist(self, name: str) -> set[str]:
        """The values of the object's status field, or nothing where any text is taken."""
        path = self._words.fields[name].get("status", "")
        field = self._deployed.fields(SOBJECT[name]).get(path.lower(), {})
        if field.get("type") != "picklist" or not field.get("restrictedPicklist"):
            return set()
        return {str(entry["value"]) for entry in field.get("picklistValues", ()) if entry.get("active", True)}

    def _history(self) -> Iterator[Finding]:
        there = self._deployed.objects["LeadHistory"] is not None
        detail = "tracked: status and owner changes have their true instants" if there else (
            "not readable: a change of status is dated by the record's last change. Set History Tracking for "
            "Lead Status and Lead Owner to have true instants"
        )  # fmt: skip
        yield Finding("field history", True, detail)

    def _queues(self) -> Iterator[Finding]:
        """A queue owns only the objects that it lists."""
        fields = ["QueueId", "Queue.Name", "SobjectType"]
        (rows,) = self._api.rows(
            [select(fields, "QueueSobject", [f"SobjectType IN ('Lead', {quoted(MQL)})"])]
        )
        takes: dict[str, set[str]] = {}
        for row in rows:
            takes.setdefault(str(value(row, "Queue.Name")), set()).add(str(row["SobjectType"]))
        halves = sorted(name for name, objects in takes.items() if len(objects) == 1)
        detail = (
            f"{len(takes)} may own leads and {MQL}"
            if not halves
            else f"own only one of Lead and {MQL}: {', '.join(halves)}"
        )
        mend = "add the other in Setup → Queues → Supported Objects, if assignment uses the queue"
        yield Finding("queues", not halves, detail, mend if halves else "")

    def _placeholders(self) -> Iterator[Finding]:
        """Proposed: owners of many open leads who are no reps. Queues and inactive users are replaced anyhow."""
        alive = "IsConverted = false AND IsDeleted = false"
        soql = f"SELECT OwnerId, COUNT(Id) leads FROM Lead WHERE {alive} GROUP BY OwnerId"  # noqa: S608 (constants)
        (counted,) = self._api.rows([soql])
        leads = {str(row["OwnerId"]): int(row["leads"]) for row in counted}
        most = max(1, round(sum(leads.values()) * _MANY))
        users = [owner for owner, count in leads.items() if count >= most and owner.startswith("005")]
        fields = ["Id", "Name", "IsActive", "UserRoleId"]
        rows = self._api.rows([select(fields, "User", [listed]) for listed, _ in in_lists("Id", users)])
        proposed = [
            (leads[user["Id"]], str(user["Name"]))
            for user in (user for page in rows for user in page)
            if user["IsActive"] and not user["UserRoleId"]
        ]
        in_queues = sum(count for owner, count in leads.items() if owner.startswith("00G"))
        named = ", ".join(f"{name} ({count:,} open leads)" for count, name in sorted(proposed, reverse=True))
        detail = f"proposed for assignment.placeholder_owners: {named}" if named else "none proposed"
        yield Finding("placeholder owners", True, f"{detail}; {in_queues:,} open leads belong to queues")

    def _rule(self) -> Iterator[Finding]:
        where = ["SobjectType = 'Lead'", "Active = true"]
        (rules,) = self._api.rows([select(["Id", "Name"], "AssignmentRule", where)])
        if not rules:
            yield Finding("lead assignment rule", True, "none is active")
            return
        advice = (
            "the CRM assigns leads itself, so `mode: decide_only` in playbook/assignment.yaml is advised, or "
            "`crm_rules` to hand over to it; mqlflow's other writes never start it"
        )
        yield Finding("lead assignment rule", True, f"{rules[0]['Name']} is active: {advice}")
