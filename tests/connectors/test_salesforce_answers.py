"""Answers that are JSON and not what is documented: an error that says so, whichever call they answer."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.answers import Retries, Timing
from connectors.errors import Damaged, PlatformError
from connectors.http import HttpClient
from connectors.salesforce.api import Api
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.errors import SALESFORCE, judge
from tests.connectors.http_script import Reply, Script, serving

CALLS: dict[str, Callable[[Api], Any]] = {
    "versions": lambda api: api.versions(),
    "queries": lambda api: api.queries(["SELECT Id FROM Lead"]),
    "query": lambda api: api.query("SELECT Id FROM Lead"),
    "describes": lambda api: api.describes(["Lead"]),
    "retrieve": lambda api: api.retrieve("Lead", ["00Q000000000001AAA"], ["Id"]),
    "update": lambda api: api.update([{"Id": "00Q000000000001AAA"}]),
    "insert": lambda api: api.insert([{"Subject": "Call"}]),
    "start of a bulk query": lambda api: Bulk(api).start_query("SELECT Id FROM Lead"),
    "state of a bulk query": lambda api: list(Bulk(api).query_rows("750000000000001AAA")),
    "bulk write": lambda api: Bulk(api).ingest("Lead", "update", "Id", [{"Id": "00Q000000000001AAA"}]),
}
ODD = [
    b"null",
    b"1",
    b'"text"',
    b"[1]",
    b'{"compositeResponse": null}',
    b'{"records": null}',
    b'{"state": {}}',
]
INSIDE = [
    b"1",
    b"null",
    b"[1]",
    b'{"records": [1]}',
    b'{"records": [], "done": false}',
    b'{"records": [], "totalSize": "many"}',
]


def api_at(script: Script) -> Api:
    still = Timing(sleep=lambda _: None)
    return Api(HttpClient(SALESFORCE, script.url, judge, timing=still, retries=Retries(attempts=1)), "66.0")


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_of_another_form_is_a_platform_error(call: str, body: bytes) -> None:
    with serving(Script(Reply(body=body))) as script, pytest.raises(PlatformError):
        CALLS[call](api_at(script))


@pytest.mark.parametrize("body", INSIDE)
def test_so_is_a_part_of_a_composite(body: bytes) -> None:
    part = b'{"compositeResponse": [{"referenceId": "r0", "httpStatusCode": 200, "body": ' + body + b"}]}"
    with serving(Script(Reply(body=part))) as script, pytest.raises(Damaged):
        api_at(script).queries(["SELECT Id FROM Lead"])


@pytest.mark.parametrize("body", [b"null", b"1", b"[1]"])
def test_limits_that_are_none_are_an_error(body: bytes) -> None:
    with serving(Script(Reply(body=body))) as script, pytest.raises(Damaged):
        api_at(script).limits()


def test_fewer_parts_than_were_asked_for_are_an_error() -> None:
    none = Reply(body=b'{"compositeResponse": []}')
    with serving(Script(none)) as script, pytest.raises(Damaged, match="a composite was answered in another"):
        api_at(script).queries(["SELECT Id FROM Lead"])


def test_a_bulk_cell_longer_than_the_csv_modules_own_limit_is_read() -> None:
    long = b"Id,Description\n00Q000000000001AAA," + b"x" * 200_000 + b"\n"
    with serving(Script(Reply(body=b'{"state": "JobComplete"}'), Reply(body=long))) as script:
        ((rows, _),) = Bulk(api_at(script)).query_rows("750000000000001AAA")
        assert len(rows[0]["Description"] or "") == 200_000
