"""Random conditions: the simulator's answer against a plain Python reading of the same tree."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import Clock
from simulator.salesforce.errors import RequestError
from simulator.salesforce.org import Org
from simulator.salesforce.soql.parser import parse
from simulator.salesforce.soql.sql import Records, compile_query

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIELDS = ("LastName", "Title", "NumberOfEmployees", "Last_MQL_Date__c", "HasOptedOutOfEmail")
TEXTS = ["", "a", "A", "ab", "b%", "a_", "É", "é", "it's", "\\"]
DATES = [NOW - timedelta(days=d) for d in (0, 1, 2, 40)]

rows = st.lists(
    st.fixed_dictionaries(
        {
            "LastName": st.sampled_from(TEXTS[1:]),
            "Title": st.sampled_from([*TEXTS[1:], None]),
            "NumberOfEmployees": st.sampled_from([None, 0, 5, 100]),
            "Last_MQL_Date__c": st.sampled_from([None, *DATES]),
            "HasOptedOutOfEmail": st.booleans(),
        }
    ),
    max_size=12,
)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def like_pattern(text: str) -> str:
    return quoted(text).replace("%", "\\%").replace("_", "\\_")


# A condition is (SOQL, predicate). SOQL has two truth values, as Python has.
def text_condition() -> st.SearchStrategy[Any]:
    def same(value: Any, wanted: str) -> bool:
        return (value or "").lower() == wanted.lower()

    def build(field: str, operator: str, text: str) -> Any:
        if operator == "=":
            return f"{field} = {quoted(text)}", lambda r: same(r[field], text)
        if operator == "!=":
            return f"{field} != {quoted(text)}", lambda r: not same(r[field], text)
        if operator == "null":
            return f"{field} = null", lambda r: r[field] is None
        regex = re.compile(".*" + re.escape(text.lower()) + ".", re.DOTALL)
        soql = f"{field} LIKE '%{like_pattern(text)[1:-1]}_'"
        return soql, lambda r: r[field] is not None and regex.fullmatch(r[field].lower()) is not None

    return st.builds(
        build,
        st.sampled_from(["LastName", "Title"]),
        st.sampled_from(["=", "!=", "null", "LIKE"]),
        st.sampled_from(TEXTS),
    )


def number_condition() -> st.SearchStrategy[Any]:
    def build(operator: str, number: int) -> Any:
        test = {
            "=": lambda v: v == number,
            "!=": lambda v: v != number,
            "<": lambda v: v is not None and v < number,
            ">=": lambda v: v is not None and v >= number,
        }[operator]
        return f"NumberOfEmployees {operator} {number}", lambda r: test(r["NumberOfEmployees"])

    return st.builds(build, st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from([0, 5, 50]))


def date_condition() -> st.SearchStrategy[Any]:
    def build(operator: str, moment: datetime) -> Any:
        literal = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        test = {
            "<=": lambda v: v is not None and v <= moment,
            ">": lambda v: v is not None and v > moment,
            "!=": lambda v: v != moment,
        }[operator]
        return f"Last_MQL_Date__c {operator} {literal}", lambda r: test(r["Last_MQL_Date__c"])

    return st.builds(build, st.sampled_from(["<=", ">", "!="]), st.sampled_from(DATES))


def flag_condition() -> st.SearchStrategy[Any]:
    return st.sampled_from([True, False]).map(
        lambda wanted: (
            f"HasOptedOutOfEmail = {str(wanted).upper()}",
            lambda r: r["HasOptedOutOfEmail"] is wanted,
        )
    )


def in_condition() -> st.SearchStrategy[Any]:
    def build(texts: list[str], negated: bool) -> Any:
        wanted = {t.lower() for t in texts}
        listed = ", ".join(quoted(t) for t in texts)
        word = "NOT IN" if negated else "IN"
        return f"Title {word} ({listed})", lambda r: ((r["Title"] or "").lower() in wanted) is not negated

    return st.builds(build, st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), st.booleans())


def conditions() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        text_condition(), number_condition(), date_condition(), flag_condition(), in_condition()
    )

    def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        def joined(parts: list[Any], word: str) -> Any:
            combine = all if word == " AND " else any
            return word.join(f"({p[0]})" for p in parts), lambda r: combine(p[1](r) for p in parts)

        return st.one_of(
            st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from([" AND ", " OR "])),
            inner.map(lambda p: (f"NOT ({p[0]})", lambda r: not p[1](r))),
        )

    return st.recursive(leaves, grow, max_leaves=6)


def ask(org: Org, query: str) -> list[str]:
    plan = compile_query(query, org.schema, now=NOW, zone=ZoneInfo("Europe/Berlin"), include_deleted=False)
    assert isinstance(plan, Records)
    return [row[0] for row in org.store.connection.execute(plan.ids_sql, plan.parameters)]


@settings(max_examples=150, deadline=None)
@given(rows, conditions())
def test_a_condition_finds_exactly_what_it_says(people: list[dict[str, Any]], condition: Any) -> None:
    org = Org(Clock(NOW))
    ids = org.load("Lead", [{**p, "Company": "x"} for p in people])
    expected = [i for i, p in zip(ids, people, strict=True) if condition[1](p)]
    assert ask(org, f"SELECT Id FROM Lead WHERE {condition[0]} ORDER BY Id") == expected


@settings(max_examples=40, deadline=None)
@given(rows, st.booleans(), st.booleans(), st.integers(0, 6), st.integers(0, 6))
def test_order_limit_and_offset_cut_the_same_window_as_a_sorted_list(
    people: list[dict[str, Any]], descending: bool, nulls_last: bool, limit: int, offset: int
) -> None:
    org = Org(Clock(NOW))
    ids = org.load("Lead", [{**p, "Company": "x"} for p in people])
    present = [(p["NumberOfEmployees"], i) for i, p in zip(ids, people, strict=True)]
    nulls = [i for value, i in present if value is None]
    sign = -1 if descending else 1
    values = [
        i for value, i in sorted((p for p in present if p[0] is not None), key=lambda p: (sign * p[0], p[1]))
    ]
    expected = (values + nulls) if nulls_last else (nulls + values)
    clause = f"{'DESC' if descending else 'ASC'} NULLS {'LAST' if nulls_last else 'FIRST'}"
    query = f"SELECT Id FROM Lead ORDER BY NumberOfEmployees {clause}, Id LIMIT {limit} OFFSET {offset}"
    assert ask(org, query) == expected[offset : offset + limit]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_at_all_is_parsed_or_refused_but_never_crashes(text: str) -> None:
    with contextlib.suppress(RequestError):
        parse(f"SELECT Id FROM Lead WHERE Name = {text}")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_text_that_is_stored_is_found_by_its_quoted_form(text: str) -> None:
    org = Org(Clock(NOW))
    (lead,) = org.load("Lead", [{"LastName": text, "Company": "x"}])
    assert ask(org, f"SELECT Id FROM Lead WHERE LastName = {quoted(text)}") == [lead]
    assert ask(org, f"SELECT Id FROM Lead WHERE LastName LIKE {like_pattern(text)}") == [lead]
