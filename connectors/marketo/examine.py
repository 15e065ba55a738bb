"""What `doctor` asks of Marketo: nothing is changed, and each answer says how to mend what it finds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from connectors.errors import AccessDenied, Misconfigured, PlatformError, RequestRefused
from connectors.marketo.api import LEADS_A_CALL, Api
from connectors.marketo.dates import Window
from connectors.marketo.describe import Describe
from connectors.marketo.envelope import results
from connectors.marketo.errors import FilterUnsupported
from connectors.marketo.mapping import PersonMapping
from connectors.marketo.missing_fields import how_to_create
from connectors.ports import Finding

Answer = Iterable[Finding]


class Examiner:
    """The questions, in the order in which an administrator would mend what they find."""

    def __init__(
        self,
        api: Api,
        mapping: PersonMapping,
        describe: Describe,
        writes: Sequence[str],
        campaign: str | None,
        daily_calls: int,
    ) -> None:
        """`campaign`: the smart campaign that hands people over; None if another way is configured."""
        self._api = api
        self._mapping = mapping
        self._describe = describe
        self._writes = writes
        self._campaign = campaign
        self._daily_calls = daily_calls

    def examine(self, activity_types: Sequence[str]) -> list[Finding]:
        """All findings; only the first if not even a token is to be had."""
        try:
            user = self._api.client.token.details.get("user", "")
        except PlatformError as error:
            mend = "check MQLFLOW_MARKETO_URL, _CLIENT_ID, _CLIENT_SECRET (Admin → LaunchPoint, Web Services)"
            return [Finding("connection", False, str(error), mend)]
        domain = user.partition("@")[2]
        found = [Finding("connection", True, f"connected as an API user of {domain or 'unknown domain'}")]
        questions: list[tuple[str, str, Callable[[], Answer]]] = [
            ("usage", "", self._usage),
            ("lead fields", "Read-Only Lead", self._fields),
            ("read people", "Read-Only Lead", self._reads_people),
            ("write people", "Read-Write Lead", self._writes_people),
            ("activity types", "Read-Only Activity", lambda: self._activity_types(activity_types)),
            ("programs", "Read-Only Assets", self._programs),
            ("hand-over campaign", "Execute Campaign", self._hand_over),
            ("bulk extract", "Read-Only Lead", self._bulk),
        ]
        for check, permission, ask in questions:
            found += _answered(check, permission, ask)
        return found

    def _usage(self) -> Iterator[Finding]:
        today = results(self._api.usage())
        used = today[0].get("total") if today else None
        yield Finding(
            "usage", True, f"{used} of {self._daily_calls} calls were used today, by all users together"
        )

    def _fields(self) -> Iterator[Finding]:
        named = {**self._mapping.fields, **self._mapping.extra}
        missing = set(self._describe.missing(named.values()))
        for canonical, rest in named.items():
            if rest in missing:
                detail = f"lead field {rest} ({canonical}) does not exist"
                yield Finding(f"lead field {rest}", False, detail, how_to_create(canonical, rest))
        if not missing:
            yield Finding("lead fields", True, f"all {len(named)} mapped fields exist")
        if owned := self._describe.crm_managed(named.values()):
            yield Finding("native sync", True, f"owns {', '.join(owned)}: written in the CRM only")
        ours = [name for name in map(self._mapping.rest_name, self._writes) if name]
        for rest in self._describe.crm_managed(ours):
            mend = "take it out of marketo.writes (it is written in the CRM), or map a field of Marketo's own"
            yield Finding(
                f"lead field {rest}", False, f"native sync owns {rest}, and marketo.writes names it", mend
            )
        for rest in self._describe.read_only(ours):
            mend = "unblock API updates for it (Admin → Field Management), or map another field"
            yield Finding(
                f"lead field {rest}", False, f"{rest} can't be updated, and marketo.writes names it", mend
            )

    def _reads_people(self) -> Iterator[Finding]:
        self._api.leads(["1"], ["id"])
        yield Finding("read people", True, "people can be read")

    def _writes_people(self) -> Iterator[Finding]:
        """An empty batch is refused as a wrong request by whom it would let write, and as forbidden otherwise."""
        with suppress(RequestRefused, Misconfigured):
            self._api.update_leads([])
        yield Finding("write people", True, f"people can be updated, {LEADS_A_CALL} a call")

    def _activity_types(self, wanted: Sequence[str]) -> Iterator[Finding]:
        listed = {str(kind.get("name")) for kind in self._api.activity_types()}
        absent = [name for name in wanted if name not in listed]
        detail = f"{len(wanted) - len(absent)} of {len(wanted)} mapped types exist"
        if absent:
            detail += f"; rules for {', '.join(absent)} match nothing here"
        some = len(absent) < len(wanted)
        yield Finding("activity types", some, detail, "" if some else "correct marketo.activities")

    def _programs(self) -> Iterator[Finding]:
        self._api.programs(0)
        yield Finding("programs", True, "programs and their channels can be read")

    def _hand_over(self) -> Iterator[Finding]:
        if self._campaign is None:
            return
        found = [row for row in self._api.campaigns(self._campaign) if row.get("name") == self._campaign]
        ok = any(row.get("active", True) for row in found)
        what = (
            "is ready to be requested"
            if ok
            else ("is not active" if found else "does not exist or can't be requested")
        )
        mend = (
            ""
            if ok
            else "a smart campaign with the trigger 'Campaign is Requested, source Web Service API', activated"
        )
        yield Finding("hand-over campaign", ok, f"smart campaign {self._campaign!r} {what}", mend)

    def _bulk(self) -> Iterator[Finding]:
        """Makes a job and cancels it, unqueued: the only way to learn which filters a subscription offers."""
        now = self._api.client.last_date
        if now is None:
            return
        window = Window((now - timedelta(hours=1)).replace(microsecond=0), now.replace(microsecond=0))
        body = {"fields": ["id"], "format": "CSV", "filter": {"updatedAt": window.filter()}}
        try:
            job = str(self._api.create_export("leads", body)["exportId"])
        except FilterUnsupported:
            detail = (
                "bulk files can't be filtered by change here: long backlogs of people are read page by page"
            )
        else:
            detail = "bulk files can be filtered by change: long backlogs of people come from one file"
            with suppress(RequestRefused):  # a job that was never queued may not need it
                self._api.cancel_export("leads", job)
        yield Finding("bulk extract", True, detail)


def _answered(check: str, permission: str, ask: Callable[[], Answer]) -> list[Finding]:
    try:
        return list(ask())
    except AccessDenied as error:
        mend = (
            f"give the API user's role the permission {permission!r} (Admin → Users & Roles)"
            if permission
            else ""
        )
        return [Finding(check, False, str(error), mend or "give the API user's role the permission")]
    except PlatformError as error:
        return [Finding(check, False, str(error), "see the message; run doctor again afterwards")]
