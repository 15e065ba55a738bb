"""The calls that the connector makes, one method each: paths, parameters and batch sizes live here, meaning doesn't."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from connectors.answers import Answer
from connectors.errors import Damaged
from connectors.http import HttpClient
from connectors.marketo.envelope import (
    Envelope,
    judge,
    judge_batch,
    judge_command,
    judge_file,
    judge_list,
    results,
)
from connectors.marketo.errors import MARKETO, AlreadySo, NothingFound
from connectors.rows import instant_text

Row = dict[str, Any]

LEADS_A_CALL = 300
PROGRAMS_A_CALL = 200
CAMPAIGN_LEADS_A_CALL = 100
TYPES_A_CALL = 10
ADDRESSES_A_CALL = 300
LONGEST_QUERY = 6_000
_TOKEN_TIMEOUT = (10.0, 310.0)  # a paging token may take them five minutes


class Api:
    """Typed calls over one `HttpClient`."""

    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def usage(self) -> Envelope:
        return self._get("/rest/v1/stats/usage.json")

    def describe(self) -> Row:
        found = results(self._get("/rest/v1/leads/describe2.json"))
        if not found:
            raise Damaged(MARKETO, "describe2 of the lead object is empty")
        return found[0]

    def activity_types(self) -> list[Row]:
        return self._list("/rest/v1/activities/types.json")

    def programs(self, offset: int) -> list[Row]:
        params = {"maxReturn": PROGRAMS_A_CALL, "offset": offset}
        return self._list("/rest/asset/v1/programs.json", params)

    def campaigns(self, name: str) -> list[Row]:
        return results(self._get("/rest/v1/campaigns.json", {"name": name, "isTriggerable": "true"}))

    def leads(self, ids: Sequence[str], fields: Iterable[str]) -> list[Row]:
        """At most 300. An id that is not answered is deleted or merged."""
        params = {"filterType": "id", "filterValues": ",".join(ids), "fields": ",".join(fields)}
        if len(urlencode(params)) <= LONGEST_QUERY:
            return self._list("/rest/v1/leads.json", params)
        return results(self._long_list("/rest/v1/leads.json", params))

    def leads_by_email(self, emails: Sequence[str], fields: Iterable[str]) -> Iterable[Row]:
        """Addresses go in a form body: as a query they would be long, and stand in access logs."""
        form = {
            "filterType": "email",
            "filterValues": ",".join(emails),
            "fields": ",".join(fields),
        }
        while True:
            envelope = self._long_list("/rest/v1/leads.json", form)
            yield from results(envelope)
            following = envelope.get("nextPageToken")
            if not following or not envelope.get("moreResult"):
                return
            if following == form.get("nextPageToken"):
                raise Damaged(MARKETO, "leads by e-mail: the same page was offered twice")
            form["nextPageToken"] = str(following)

    def update_leads(self, records: Sequence[Mapping[str, Any]]) -> list[Row]:
        """One result per record, in order. By id, so sending it twice equals sending it once."""
        body = {"action": "updateOnly", "lookupField": "id", "input": list(records)}
        return results(self._call("POST", "/rest/v1/leads.json", json=body, judge=judge_batch))

    def request_campaign(self, campaign: int, ids: Sequence[str]) -> None:
        """Accepted is not executed: the campaign runs when it runs."""
        body = {"input": {"leads": [{"id": int(person)} for person in ids]}}
        self._call(
            "POST",
            f"/rest/v1/campaigns/{campaign}/trigger.json",
            json=body,
            judge=judge_batch,
            repeatable=False,
            endpoint="/rest/v1/campaigns/{id}/trigger.json",
        )

    def paging_token(self, since: datetime) -> str:
        params = {"sinceDatetime": instant_text(since)}
        envelope = self._get("/rest/v1/activities/pagingtoken.json", params, timeout=_TOKEN_TIMEOUT)
        token = envelope.get("nextPageToken")
        if not token:
            raise Damaged(MARKETO, "a paging token was asked for and not given")
        return str(token)

    def activities(self, token: str, types: Sequence[int]) -> Envelope:
        params = {"nextPageToken": token, "activityTypeIds": ",".join(map(str, types))}
        return self._get("/rest/v1/activities.json", params)

    def lead_changes(self, token: str, fields: Iterable[str]) -> Envelope:
        params = {"nextPageToken": token, "fields": ",".join(fields)}
        return self._get("/rest/v1/activities/leadchanges.json", params)

    def deleted_leads(self, token: str) -> Envelope:
        return self._get("/rest/v1/activities/deletedleads.json", {"nextPageToken": token})

    def create_export(self, kind: str, body: Mapping[str, Any]) -> Row:
        return self._job("POST", f"/bulk/v1/{kind}/export/create.json", kind, json=dict(body))

    def enqueue_export(self, kind: str, job: str) -> None:
        """Already queued is as good."""
        try:
            self._export("POST", kind, job, "enqueue")
        except AlreadySo:
            return

    def export_status(self, kind: str, job: str) -> Row:
        found = results(self._export("GET", kind, job, "status"))
        if not found or not found[0].get("status"):
            raise Damaged(MARKETO, f"bulk {kind}: the job's status is empty")
        return found[0]

    def exports(self, kind: str) -> Iterator[Row]:
        """All jobs of this API user that are younger than seven days, in whatever state."""
        params: dict[str, Any] = {}
        while True:
            envelope = self._get(f"/bulk/v1/{kind}/export.json", params)
            yield from results(envelope)
            following = envelope.get("nextPageToken")
            if not following:
                return
            if following == params.get("nextPageToken"):
                raise Damaged(MARKETO, f"bulk {kind}: the same page of jobs was offered twice")
            params = {"nextPageToken": str(following)}

    def cancel_export(self, kind: str, job: str) -> None:
        self._export("POST", kind, job, "cancel")

    def export_file(self, kind: str, job: str, start: int, end: int | None) -> Answer:
        """Bytes `start`…`end` (inclusive), or all of the file."""
        span = {} if start == 0 and end is None else {"Range": f"bytes={start}-{'' if end is None else end}"}
        return self.client.request(
            "GET",
            f"/bulk/v1/{kind}/export/{job}/file.json",
            headers={"Accept-Encoding": "identity", **span},
            expect="bytes",
            judge=judge_file,
            endpoint=f"/bulk/v1/{kind}/export/{{id}}/file.json",
        )

    def _job(self, method: str, path: str, kind: str, **options: Any) -> Row:
        found = results(self._call(method, path, **options))
        if not found or not found[0].get("exportId"):
            raise Damaged(MARKETO, f"bulk {kind}: a job was asked for and no id came")
        return found[0]

    def _export(self, method: str, kind: str, job: str, what: str) -> Envelope:
        path = f"/bulk/v1/{kind}/export/{job}/{what}.json"
        judge_it = judge if method == "GET" else judge_command
        endpoint = f"/bulk/v1/{kind}/export/{{id}}/{what}.json"
        return self._call(method, path, endpoint=endpoint, judge=judge_it)

    def _get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Envelope:
        return self._call("GET", path, params=params, **options)

    def _list(self, path: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        return results(self._get(path, params, judge=judge_list))

    def _long_list(self, path: str, form: Mapping[str, Any]) -> Envelope:
        """A GET whose query would be too long for an address (8 KB), as a form."""
        data = {**form, "_method": "GET"}
        return self._call("POST", path, params={"_method": "GET"}, data=data, judge=judge_list)

    def _call(self, method: str, path: str, **options: Any) -> Envelope:
        try:
            answer = self.client.json(method, path, **options)
        except NothingFound:
            return {"success": True, "result": []}
        return answer if isinstance(answer, dict) else {"success": True, "result": []}
