"""Whatever a client sends, it gets an answer of the platform's kind and never a crash."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import Clock
from simulator.salesforce.org import Org
from simulator.salesforce.rest import Rest
from simulator.salesforce.wire import Call
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
