"""What is known about people at an instant, and from when on."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.attributes import AttributeRules
from engine.data.countries import country_code
from engine.data.titles import from_titles
from schemas.conditions_columns import PEOPLE_COLUMNS
from schemas.frames import facts
from schemas.frames.base import dtypes
from schemas.playbook.data import Data
from schemas.playbook.platforms import ExtraField
from tests.data.pages import DATA, moment, people_at

RULES = AttributeRules(DATA, {"segment": ExtraField(lead="S__c"), "seats": ExtraField(type="number")})


def version(title: str | None = None, *, at: float = -100, **values: Any) -> dict[str, Any]:
    row = {
        "person_key": "p",
        "platform": "salesforce",
        "object": "lead",
        "native_id": "L1",
        "valid_from": moment(at),
        "learned_at": moment(at),
        "assumed": False,
        "origin": "live",
        "is_deleted": False,
        "title": title,
    }
    return {**row, **values}


def account(account_id: str = "A", *, at: float = -200, **values: Any) -> dict[str, Any]:
    row = {"account_id": account_id, "valid_from": moment(at), "learned_at": moment(at), "is_deleted": False}
    return {**row, **values}


def opportunity(at: float, *, link: str = "role", key: str = "O", **values: Any) -> dict[str, Any]:
    row = {
        "person_key": "p",
        "link": link,
        "linked_at": moment(-90),
        "opportunity_id": key,
        "created_at": moment(-90),
        "valid_from": moment(at),
        "learned_at": moment(at),
        "is_deleted": False,
        "is_closed": False,
        "is_won": False,
    }
    return {**row, **values}


def frame(model: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dtypes(model))


def at(
    instants: list[float],
    versions: list[dict[str, Any]],
    accounts: list[dict[str, Any]] | None = None,
    opportunities: list[dict[str, Any]] | None = None,
    rules: AttributeRules = RULES,
) -> list[dict[str, Any]]:
    """The attributes of the person "p" at these hours."""
    moments: list[datetime] = [moment(hours) for hours in instants]
    people = frame(
        facts.People,
        [
            {
                "person_key": "p",
                "created_at": moment(-100),
                "first_learned_at": moment(-100),
                "group_key": "p",
                "is_erased": False,
            }
        ],
    )
    found = people_at(
        pl.DataFrame(
            {"person_key": ["p"] * len(moments), "at": moments},
            schema_overrides={"at": pl.Datetime("us", "UTC")},
        ),
        people,
        frame(facts.RecordVersions, versions),
        frame(facts.AccountVersions, accounts or []),
        frame(facts.OpportunityVersions, opportunities or []),
        rules,
    )
    return found.rows(named=True)


def test_every_attribute_that_conditions_may_use_is_there_with_its_type() -> None:
    empty = frame(facts.RecordVersions, [])
    instants = pl.DataFrame({"person_key": ["x"], "at": [moment(0)]})
    nobody = frame(facts.People, [])
    found = people_at(
        instants, nobody, empty, frame(facts.AccountVersions, []), frame(facts.OpportunityVersions, []), RULES
    )
    wanted = {**PEOPLE_COLUMNS, "segment": pl.String(), "seats": pl.Float64()}
    assert dict(found.drop("person_key", "at").schema) == wanted
    assert found["is_student"].to_list() == [False]
    assert found["is_personal_email"].to_list() == [None]


def test_an_instant_sees_what_was_true_then() -> None:
    rows = at([-101, -100, -51, -50, 0], [version("CEO"), version("Intern", at=-50)])
    assert [row["seniority"] for row in rows] == [None, "c_level", "c_level", "other", "other"]
    assert [row["is_student"] for row in rows] == [False, False, False, True, True]


def test_instants_keep_their_order_and_their_other_columns() -> None:
    versions = frame(facts.RecordVersions, [version("CEO"), version("CFO", at=-50)])
    instants = pl.DataFrame(
        {
            "person_key": ["p", "q", "p"],
            "at": [moment(0), moment(0), moment(-60)],
            "mark": [1, 2, 3],
            "title": ["old"] * 3,
        }
    )
    found = people_at(
        instants,
        frame(facts.People, []),
        versions,
        frame(facts.AccountVersions, []),
        frame(facts.OpportunityVersions, []),
        RULES,
        ["title"],
    )
    assert found.select("mark", "title").rows() == [(1, "CFO"), (2, None), (3, "CEO")]


def test_a_contacts_value_counts_before_a_leads_and_that_before_marketos() -> None:
    versions = [
        version("CEO", company="Acme", phone="+49 30 1234567"),
        version("CFO", object="contact", native_id="C1", at=-80),
        version("Sales Manager", platform="marketo", object="person", native_id="7", industry="Energy"),
    ]
    before, after = at([-90, 0], versions)
    assert (before["title"], after["title"]) == ("CEO", "CFO")
    assert (after["company"], after["industry"], after["has_phone"]) == ("Acme", "Energy", True)


def test_the_playbook_may_order_records_otherwise() -> None:
    rules = AttributeRules(DATA.model_copy(update={"precedence": ["person", "lead", "contact"]}))
    versions = [version("CEO"), version("CFO", platform="marketo", object="person", native_id="7")]
    assert at([0], versions, rules=rules)[0]["title"] == "CFO"


def test_a_deleted_record_says_nothing_any_more() -> None:
    versions = [
        version("CEO"),
        version("CEO", at=-10, is_deleted=True),
        version("CFO", platform="marketo", object="person", native_id="7"),
    ]
    assert [row["title"] for row in at([-20, 0], versions)] == ["CEO", "CFO"]


@pytest.mark.parametrize("word", ["Select", "", "  ", "N/A", "unknown", "-", "please select", "NULL"])
def test_a_word_for_nothing_is_missing(word: str) -> None:
    [row] = at([0], [version(word, industry=word, company=word, country=word)])
    assert (row["title"], row["seniority"], row["industry"], row["company"], row["country"]) == (None,) * 5
    assert not any(row[f"has_{name}"] for name in ("title", "industry", "company", "country"))


def test_an_unsubscribe_on_any_record_counts() -> None:
    versions = [
        version(unsubscribed=False),
        version(platform="marketo", object="person", native_id="7", unsubscribed=True),
    ]
    assert at([0], versions)[0]["unsubscribed"] is True


@pytest.mark.parametrize(
    ("email", "true"),
    [
        ("a@gmail.com", {"is_personal_email"}),
        ("Info+x@acme.example", {"is_role_address"}),
        ("a@northbeam.example", {"is_own_staff"}),
        ("a@eu.northbeam.example", {"is_own_staff"}),
        ("a@cobaltworks.example", {"is_competitor"}),
        ("a@notcobaltworks.example", set()),
        ("test@acme.example", {"is_test_address"}),
        ("a@mailinator.com", {"is_test_address"}),
        ("contest@acme.example", set()),
    ],
)
def test_an_address_tells_whose_it_is(email: str, true: set[str]) -> None:
    [row] = at([0], [version(email=email)])
    flags = {"is_personal_email", "is_role_address", "is_own_staff", "is_competitor", "is_test_address"}
    # Free-mail providers that throw addresses away are both.
    assert {name for name in flags if row[name]} - ({"is_personal_email"} - true) == true


@pytest.mark.parametrize(
    ("title", "seniority", "department"),
    [
        ("Chief Marketing Officer", "c_level", "marketing"),
        ("Vice President, Sales", "vp", "sales"),
        ("SVP Operations", "vp", "operations"),
        ("President", "c_level", "executive"),
        ("Head of Internal Audit", "director", "finance"),
        ("Director, International Sales", "director", "sales"),
        ("IT Manager", "manager", "it"),
        ("Geschäftsführerin", "c_level", "executive"),
        ("Executive Assistant to the CEO", "other", "executive"),
        ("Product Owner", "other", "product"),
        ("Florist", "other", "other"),
    ],
)
def test_a_title_tells_seniority_and_department(title: str, seniority: str, department: str) -> None:
    [row] = at([0], [version(title)])
    assert (row["seniority"], row["department"]) == (seniority, department)


@pytest.mark.parametrize(
    "title",
    [
        "Student",
        "MBA Student",
        "Marketing Intern",
        "PhD student",
        "Summer Internship",
        "Werkstudentin",
        "Studentin BWL",
        "étudiante",
    ],
)
def test_students_and_interns_are_known_by_whole_words(title: str) -> None:
    assert at([0], [version(title)])[0]["is_student"]


@pytest.mark.parametrize(
    "title",
    [
        "Director, International Sales",
        "Head of Internal Audit",
        "Internal IT Manager",
        "Manager, Internet Services",
        "Student Services Director",
        "VP International Operations",
        "Dean of Students",
    ],
)
def test_who_only_sounds_like_a_student_is_none(title: str) -> None:
    assert not at([0], [version(title)])[0]["is_student"]


@pytest.mark.parametrize(
    ("spelled", "code"),
    [
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("united states", "US"),
        ("England", "GB"),
        ("UK", "GB"),
        ("Deutschland", "DE"),
        ("The Netherlands", "NL"),
        ("Korea, Republic of", "KR"),
        ("Republic of Korea", "KR"),
        ("Côte d'Ivoire", "CI"),
        ("deu", "DE"),
        ("Atlantis", None),
    ],
)
def test_countries_are_known_however_they_are_spelled(spelled: str, code: str | None) -> None:
    assert country_code(spelled) == code


def test_a_country_has_its_region() -> None:
    assert at([0], [version(country="Österreich")])[0]["region"] == "emea"


def test_the_account_fills_what_the_person_does_not_say() -> None:
    versions = [version(account_id="A", object="contact", native_id="C1")]
    accounts = [
        account(
            name="Acme", type="Prospect", industry="Energy", employees=70, country="Germany", is_target=True
        ),
        account(at=-10, name="Acme", type="Customer", owner_id="005A", industry="Energy"),
    ]
    before, after = at([-20, 0], versions, accounts)
    assert (before["industry"], before["employees"], before["country"], before["company"]) == (
        "Energy",
        70,
        "DE",
        "Acme",
    )
    assert (before["is_target_account"], before["is_customer"]) == (True, False)
    assert (after["is_target_account"], after["is_customer"], after["account_owner_id"]) == (
        False,
        True,
        "005A",
    )


def test_a_business_domain_finds_the_one_account_that_has_it() -> None:
    one = [account("A", domain="https://www.acme.example/", name="Acme", is_target=True)]
    [row] = at([0], [version(email="a@acme.example")], one)
    assert (row["account_id"], row["account_name"], row["is_target_account"]) == ("A", "Acme", True)
    two = [*one, account("B", domain="acme.example", name="Acme Two")]
    assert at([0], [version(email="a@acme.example")], two)[0]["account_id"] is None
    free = [account("G", domain="gmail.com", name="Search Co")]
    assert at([0], [version(email="a@gmail.com")], free)[0]["account_id"] is None
    off = AttributeRules(DATA.model_copy(update={"match_accounts_by_domain": False}))
    assert at([0], [version(email="a@acme.example")], one, rules=off)[0]["account_id"] is None


def test_an_opportunity_is_open_from_its_link_until_it_closes() -> None:
    opportunities = [
        opportunity(-90, linked_at=moment(-40), owner_id="005A"),
        opportunity(-20, linked_at=moment(-40), is_closed=True, is_won=True),
    ]
    rows = at([-50, -40, -21, -20, 0], [version()], opportunities=opportunities)
    assert [row["open_opportunity"] for row in rows] == [False, True, True, False, False]
    assert [row["opportunity_owner_id"] for row in rows] == [None, "005A", "005A", None, None]
    assert [row["is_customer"] for row in rows] == [False, False, False, True, True]
    assert rows[-1]["last_opportunity_closed_at"] == moment(-20)


def test_only_counted_opportunities_block_but_any_won_one_makes_a_customer() -> None:
    rules = AttributeRules(DATA, {}, "type IS NULL OR NOT (type ~* 'renewal')")
    renewal = [
        opportunity(-90, type="Existing Customer - Renewal"),
        opportunity(-20, type="Existing Customer - Renewal", is_closed=True, is_won=True),
    ]
    before, after = at([-30, 0], [version()], opportunities=renewal, rules=rules)
    assert before["open_opportunity"] is False
    assert (after["is_customer"], after["last_opportunity_closed_at"]) == (True, None)


def test_of_two_open_opportunities_the_youngest_owners_counts() -> None:
    opportunities = [
        opportunity(-90, key="O1", owner_id="005A"),
        opportunity(-30, key="O2", owner_id="005B", created_at=moment(-30)),
        opportunity(-10, key="O2", owner_id="005B", created_at=moment(-30), is_closed=True),
    ]
    rows = at([-40, -20, 0], [version()], opportunities=opportunities)
    assert [row["opportunity_owner_id"] for row in rows] == ["005A", "005B", "005A"]
    assert all(row["open_opportunity"] for row in rows)


def test_own_fields_come_typed_from_whichever_record_has_them() -> None:
    versions = [
        version(extra='{"segment": "Mid", "seats": "n/a"}'),
        version(
            platform="marketo", object="person", native_id="7", extra='{"segment": "Small", "seats": 12}'
        ),
    ]
    [row] = at([0], versions)
    assert (row["segment"], row["seats"]) == ("Mid", 12.0)


@pytest.mark.parametrize(
    "number", ["+1 212 555 1234", "030 1234567", "(020) 7946 0958", "+44 20 7123 4567 ext 12"]
)
def test_a_number_that_can_be_called_is_a_phone(number: str) -> None:
    assert at([0], [version(phone=number)])[0]["has_phone"]


@pytest.mark.parametrize("number", ["555", "0000000000", "call me", "+999 123456789", "1" * 25])
def test_a_number_that_cannot_be_called_is_none(number: str) -> None:
    assert not at([0], [version(phone=number)])[0]["has_phone"]


TITLES = st.sampled_from(["CEO", "Intern", "VP Sales", "select", None])
CHANGES = st.lists(
    st.tuples(st.sampled_from(["contact", "lead", "person"]), st.integers(-60, 0), TITLES, st.booleans()),
    max_size=8,
    unique_by=lambda change: change[:2],
)


@given(CHANGES, st.lists(st.integers(-70, 5), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_an_instant_is_answered_as_if_it_were_asked_alone_and_nothing_later_were_known(
    changes: list[tuple[str, int, str | None, bool]], instants: list[int]
) -> None:
    versions = [
        version(title, object=kind, native_id=kind, at=hours, is_deleted=deleted)
        for kind, hours, title, deleted in changes
    ]
    together = at([float(hours) for hours in instants], versions)
    for hours, row in zip(instants, together, strict=True):
        past = [one for one in versions if one["valid_from"] <= moment(hours)]
        assert at([float(hours)], past) == [row]


def test_titles_are_read_by_the_playbooks_words_alone() -> None:
    bare = Data()
    found = from_titles(pl.Series(["Chief Intern"]), bare.titles)
    assert found.rows() == [("Chief Intern", "other", "other", False, False)]
