"""Whatever a client sends, it gets an answer of the platform's kind and never a crash."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import Clock
from simulator.salesforce.org import Org
from simulator.salesforce.rest import Rest
from simulator.salesforce.wire import Call, Reply
from tests.simulator.salesforce_site import START

ORG = Org(Clock(START))
REST = Rest(ORG, seed=1)
BY = ORG.user_named("Marketo Sync")
LEAD = ORG.insert("Lead", {"LastName": "Ada", "Company": "x"}, by=BY)

FIELDS = sorted({*ORG.sobject("Lead").fields, *ORG.sobject("MQL__c").fields, "attributes", "Lead__r", "Nope"})
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=30),
    st.sampled_from(
        [LEAD, LEAD[:15], BY, "2026-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)
typed = st.builds(
    lambda record, kind, own: {**record, "attributes": {"type": kind}, **({"id": LEAD} if own else {})},
    records,
    st.sampled_from(["Lead", "MQL__c", "LeadStatus", "Nope"]),
    st.booleans(),
)
calls = st.one_of(
    st.tuples(st.sampled_from([("POST", "/sobjects/Lead"), ("POST", "/sobjects/MQL__c")]), records),
    st.tuples(st.just(("PATCH", f"/sobjects/Lead/{LEAD}")), records),
    st.tuples(st.just(("PATCH", "/sobjects/MQL__c/External_Key__c/k")), records),
    st.tuples(
        st.sampled_from(
            [
                ("POST", "/composite/sobjects"),
                ("PATCH", "/composite/sobjects"),
                ("PATCH", "/composite/sobjects/MQL__c/External_Key__c"),
            ]
        ),
        st.fixed_dictionaries({"records": st.lists(typed, max_size=3), "allOrNone": st.booleans()}),
    ),
    st.tuples(
        st.sampled_from(
            [
                ("POST", "/composite"),
                ("POST", "/composite/batch"),
                ("POST", "/composite/sobjects/Lead"),
                ("POST", "/jobs/ingest"),
                ("POST", "/jobs/query"),
                ("POST", "/composite/sobjects"),
            ]
        ),
        values,
    ),
)


def call(method: str, path: str, body: Any) -> Call:
    return Call(method, "66.0", path, {}, {}, json.dumps(body).encode(), BY)


@settings(max_examples=300, deadline=None)
@given(calls)
def test_every_body_is_answered(sent: Any) -> None:
    (method, path), body = sent
    reply = REST.answer(call(method, path, body))
    assert reply.status in (200, 201, 204, 300, 400, 404, 405)
    if reply.status >= 400:
        assert all(set(error) >= {"message", "errorCode"} for error in reply.body)
    json.dumps(reply.body)


SOUP = r"""
SELECT FROM WHERE AND OR NOT IN LIKE LIMIT OFFSET DESC null true COUNT() COUNT(Id) MAX( ( ) , = != < >=
Id Name Status OwnerId Owner.Name CreatedDate NumberOfEmployees IsConverted Lead User
'a' '' '\uD83D' '\uD83D\uDE00' '\u0000%\_' 1 -1.5 1e400 2026-02-31 2026-01-01T00:00:00+0530
9999-12-31T23:59:59-12:00 TODAY LAST_N_DAYS:3 LAST_N_DAYS:99999999 N_YEARS_AGO:9999999999
"""
PHRASES = ("GROUP BY", "ORDER BY", "NULLS LAST", "(SELECT Id FROM User)", f"'{BY}'", "9" * 30, "9" * 5000)
WORDS = [*SOUP.split(), *PHRASES]
LARGE = [
    "SELECT Id FROM Lead WHERE " + " OR ".join(["Name = 'x'"] * 1500),
    "SELECT Id FROM Lead WHERE " + " AND ".join(["Name != 'x'"] * 3000),
    "SELECT Id FROM Lead WHERE " + "NOT (" * 59 + "Name = 'x'" + ")" * 59,
    "SELECT Id FROM Lead ORDER BY " + ", ".join(["Name"] * 3000),
    "SELECT " + ", ".join(f"COUNT(Id) a{n}" for n in range(2500)) + " FROM Lead",
    "SELECT COUNT() FROM Lead WHERE " + " OR ".join(["Name = 'x'"] * 1500),
    f"SELECT Id FROM Lead WHERE OwnerId IN (SELECT Id FROM User WHERE {' OR '.join(['Name = null'] * 2000)})",
]


def asked(soql: str) -> Reply:
    return REST.answer(Call("GET", "66.0", "/query", {"q": soql}, {}, b"", BY))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=10))
def test_every_query_is_answered(words: list[str]) -> None:
    for soql in (" ".join(words), "SELECT Id FROM Lead WHERE " + " ".join(words)):
        reply = asked(soql)
        assert reply.status in (200, 400), soql
        json.dumps(reply.body)


@pytest.mark.parametrize("soql", LARGE, ids=lambda soql: soql[:50])
def test_a_query_that_is_too_large_is_refused(soql: str) -> None:
    reply = asked(soql)
    assert reply.status == 400
    assert reply.body[0]["errorCode"] == "QUERY_TOO_COMPLICATED"


def test_too_many_parents_are_refused() -> None:
    users = ["CreatedBy", "LastModifiedBy", "Manager"]
    paths = [".".join(p) for n in (1, 2, 3, 4) for p in product(users, repeat=n) if p[0] != "Manager"]
    reply = asked(f"SELECT {', '.join(f'{path}.Name' for path in paths)} FROM Lead")
    assert reply.status == 400
    assert reply.body[0]["errorCode"] == "QUERY_TOO_COMPLICATED"


ODD = [
    "",
    "x",
    "-1",
    "²",
    "٣",
    "9" * 5000,
    "2026-03-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["updated", "deleted"]),
    st.sampled_from([*ODD, "2026-03-01T00:00:00Z"]),
    st.sampled_from([*ODD, "2026-03-02T00:00:00Z"]),
)
def test_every_window_of_changed_records_is_answered(which: str, start: str, end: str) -> None:
    reply = REST.answer(
        Call("GET", "66.0", f"/sobjects/Lead/{which}", {"start": start, "end": end}, {}, b"", BY)
    )
    assert reply.status in (200, 400)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_number_of_a_page_is_refused_or_left_aside(odd: str) -> None:
    org = Org(Clock(START))
    org.load("Lead", [{"LastName": str(n), "Company": "x"} for n in range(300)])
    rest = Rest(org, seed=1)
    hint = {"sforce-query-options": f"batchSize={odd}"}
    query = {"q": "SELECT Id FROM Lead"}
    assert rest.answer(Call("GET", "66.0", "/query", query, hint, b"", BY)).status == 200
    page = rest.answer(
        Call("GET", "66.0", "/query", query, {"sforce-query-options": "batchSize=200"}, b"", BY)
    )
    locator = page.body["nextRecordsUrl"].rpartition("/")[2].rpartition("-")[0]
    more = rest.answer(Call("GET", "66.0", f"/query/{locator}-{odd}", {}, {}, b"", BY))
    assert (more.status, more.body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    made = rest.answer(call("POST", "/jobs/query", {"operation": "query", "query": query["q"]}))
    path = f"/jobs/query/{made.body['id']}"
    for _ in range(2):
        rest.answer(call("GET", path, None))
    result = rest.answer(Call("GET", "66.0", f"{path}/results", {"maxRecords": odd}, {}, b"", BY))
    assert (result.status, result.body[0]["errorCode"]) == (400, "INVALIDJOB")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["LF", "CRLF"]))
def test_every_upload_ends_in_a_job_that_is_complete_or_failed(content: str, line_ending: str) -> None:
    made = REST.answer(
        call("POST", "/jobs/ingest", {"object": "Lead", "operation": "insert", "lineEnding": line_ending})
    )
    path = f"/jobs/ingest/{made.body['id']}"
    csv = {"content-type": "text/csv"}
    body = content.encode("utf-8", "replace")
    assert REST.answer(Call("PUT", "66.0", f"{path}/batches", {}, csv, body, BY)).status == 201
    REST.answer(call("PATCH", path, {"state": "UploadComplete"}))
    states = [REST.answer(call("GET", path, None)).body["state"] for _ in range(2)]
    assert states[0] == "InProgress"
    assert states[1] in ("JobComplete", "Failed")
