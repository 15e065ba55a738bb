"""What queries answer, over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.simulator.salesforce_site import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def names(site: Site, where: str) -> list[str]:
    return site.found(f"SELECT LastName FROM Lead WHERE {where} ORDER BY LastName")


def people(site: Site) -> None:
    for name, title, employees in [
        ("Ada", "VP Sales", 10),
        ("Björn", "CEO", 200),
        ("Cleo", None, None),
        ("dora", "ceo", 5000),
    ]:
        site.lead(LastName=name, Title=title, NumberOfEmployees=employees)


def test_text_compares_without_regard_to_case_in_every_script(site: Site) -> None:
    people(site)
    assert names(site, "Title = 'Ceo'") == ["Björn", "dora"]
    assert names(site, "LastName = 'BJÖRN'") == ["Björn"]
    assert names(site, "LastName LIKE '%JÖ%'") == ["Björn"]
    assert names(site, "LastName IN ('ADA', 'bJÖRN')") == ["Ada", "Björn"]


def test_not_equal_and_not_in_keep_records_without_a_value(site: Site) -> None:
    people(site)
    assert names(site, "Title != 'CEO'") == ["Ada", "Cleo"]
    assert names(site, "Title NOT IN ('CEO')") == ["Ada", "Cleo"]
    assert names(site, "NOT Title = 'CEO'") == ["Ada", "Cleo"]
    assert names(site, "NOT (Title LIKE '%sales%' OR Title = 'ceo')") == ["Cleo"]


def test_null_matches_with_equals_and_an_empty_text_is_null(site: Site) -> None:
    people(site)
    assert names(site, "Title = null") == ["Cleo"]
    assert names(site, "Title = ''") == ["Cleo"]
    assert names(site, "Title != null AND NumberOfEmployees >= 200") == ["Björn", "dora"]
    assert names(site, "Title IN (null, 'ceo')") == ["Björn", "Cleo", "dora"]
    assert names(site, "Title NOT IN (null, 'ceo')") == ["Ada"]


def test_like_knows_both_wildcards_and_their_escapes(site: Site) -> None:
    for name in ("100% Ltd", "100x Ltd", "a_b", "aXb"):
        site.lead(LastName=name)
    assert names(site, r"LastName LIKE '100\% %'") == ["100% Ltd"]
    assert names(site, "LastName LIKE '100_ %'") == ["100% Ltd", "100x Ltd"]
    assert names(site, r"LastName LIKE 'a\_b'") == ["a_b"]


def test_quotes_and_backslashes_survive(site: Site) -> None:
    site.lead(LastName="O'Neil \\ Sons")
    assert names(site, r"LastName = 'O\'Neil \\ Sons'") == ["O'Neil \\ Sons"]


def test_nulls_come_first_unless_told_otherwise(site: Site) -> None:
    people(site)
    ascending = site.found("SELECT LastName FROM Lead ORDER BY NumberOfEmployees")
    assert ascending == ["Cleo", "Ada", "Björn", "dora"]
    descending = site.found("SELECT LastName FROM Lead ORDER BY NumberOfEmployees DESC")
    assert descending == ["Cleo", "dora", "Björn", "Ada"]
    last = site.found("SELECT LastName FROM Lead ORDER BY NumberOfEmployees DESC NULLS LAST")
    assert last == ["dora", "Björn", "Ada", "Cleo"]


def test_picklists_sort_as_the_administrator_arranged_them(site: Site) -> None:
    for status in ("Working", "Open", "Rejected"):
        site.lead(LastName=status, Status=status)
    assert site.found("SELECT LastName FROM Lead ORDER BY Status") == ["Open", "Working", "Rejected"]


def test_limit_and_offset_cut_a_window(site: Site) -> None:
    people(site)
    assert site.found("SELECT LastName FROM Lead ORDER BY LastName LIMIT 2 OFFSET 1") == ["Björn", "Cleo"]
    assert site.query("SELECT COUNT() FROM Lead LIMIT 3") == {"totalSize": 3, "done": True, "records": []}
    assert site.refusal("SELECT Id FROM Lead OFFSET 2001")[0] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_a_polymorphic_owner_is_nested_and_says_what_it_is(site: Site) -> None:
    queue = site.queue("EMEA Queue", "Lead")
    site.lead(LastName="Ada")
    site.lead(LastName="Bob", OwnerId=queue)
    answer = site.query("SELECT Name, Owner.Name, Owner.Type FROM Lead ORDER BY LastName")
    user = site.org.user_named("Marketo Sync")
    assert [r["Owner"] for r in answer["records"]] == [
        {
            "attributes": {"type": "Name", "url": f"/services/data/v66.0/sobjects/User/{user}"},
            "Name": "Marketo Sync",
            "Type": "User",
        },
        {
            "attributes": {"type": "Name", "url": f"/services/data/v66.0/sobjects/Group/{queue}"},
            "Name": "EMEA Queue",
            "Type": "Queue",
        },
    ]
    assert site.found("SELECT LastName FROM Lead WHERE Owner.Name = 'emea queue'") == ["Bob"]


def test_a_missing_parent_is_null_and_parents_have_parents(site: Site) -> None:
    by = site.org.user_named("Marketo Sync")
    account = site.org.insert("Account", {"Name": "Engines"}, by=by)
    site.org.insert("Contact", {"LastName": "Ada", "AccountId": account}, by=by)
    site.org.insert("Contact", {"LastName": "Bob"}, by=by)
    records = site.query("SELECT LastName, Account.Name, Account.Owner.Name FROM Contact ORDER BY LastName")[
        "records"
    ]
    assert records[0]["Account"]["Name"] == "Engines"
    assert records[0]["Account"]["Owner"]["Name"] == "Marketo Sync"
    assert records[0]["Account"]["Owner"]["attributes"]["type"] == "User"
    assert records[1]["Account"] is None


def test_semi_joins_and_anti_joins(site: Site) -> None:
    by = site.org.user_named("Marketo Sync")
    ada, _bob = site.lead(LastName="Ada"), site.lead(LastName="Bob")
    campaign = site.org.insert("Campaign", {"Name": "Webinar"}, by=by)
    site.org.insert("CampaignMember", {"CampaignId": campaign, "LeadId": ada, "Status": "Attended"}, by=by)
    members = "(SELECT LeadId FROM CampaignMember WHERE Campaign.Name = 'webinar' AND HasResponded = TRUE)"
    assert names(site, f"Id IN {members}") == ["Ada"]
    assert names(site, f"Id NOT IN {members}") == ["Bob"]
    assert names(site, f"Id NOT IN {members} AND LastName LIKE 'A%'") == []
    code, message = site.refusal(f"SELECT Id FROM Lead WHERE Id IN {members} OR LastName = 'x'")
    assert code == "MALFORMED_QUERY"
    assert "not allowed with the 'OR' operator" in message


def test_groups_count_their_members(site: Site) -> None:
    for status in ("Open", "Open", "Working"):
        site.lead(Status=status)
    answer = site.query(
        "SELECT Status, COUNT(Id), COUNT(Email) mails FROM Lead GROUP BY Status ORDER BY COUNT(Id) DESC"
    )
    assert answer == {
        "totalSize": 2,
        "done": True,
        "records": [
            {"attributes": {"type": "AggregateResult"}, "Status": "Open", "expr0": 2, "mails": 0},
            {"attributes": {"type": "AggregateResult"}, "Status": "Working", "expr0": 1, "mails": 0},
        ],
    }
    assert site.query("SELECT COUNT(Id) FROM Lead")["records"][0]["expr0"] == 3
    assert (
        site.refusal("SELECT Status, LastName, COUNT(Id) FROM Lead GROUP BY Status")[0] == "MALFORMED_QUERY"
    )


def test_relative_dates_mean_days_of_the_users_time_zone(site: Site) -> None:
    # 2026-03-02 is a Monday; Berlin is one hour ahead of UTC, so its day begins at 23:00 UTC.
    for name, moment in [
        ("sunday late", datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC)),
        ("today first", datetime(2026, 3, 1, 23, 0, 0, tzinfo=UTC)),
        ("now", datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)),
        ("a month ago", datetime(2026, 2, 2, 9, 0, 0, tzinfo=UTC)),
    ]:
        site.org.load("Lead", [{"LastName": name, "Company": "x", "First_MQL_Date__c": moment}])
    date = "First_MQL_Date__c"
    assert names(site, f"{date} = TODAY") == ["now", "today first"]
    assert names(site, f"{date} = YESTERDAY") == ["sunday late"]
    assert names(site, f"{date} < TODAY") == ["a month ago", "sunday late"]
    assert names(site, f"{date} > YESTERDAY") == ["now", "today first"]
    assert names(site, f"{date} = LAST_N_DAYS:1") == ["now", "sunday late", "today first"]
    assert names(site, f"{date} = N_DAYS_AGO:1") == ["sunday late"]
    assert names(site, f"{date} = THIS_WEEK") == ["now", "sunday late", "today first"]
    assert names(site, f"{date} = LAST_MONTH") == ["a month ago"]
    assert names(site, f"{date} = LAST_N_MONTHS:1") == ["a month ago"]
    assert names(site, f"{date} >= 2026-03-02T10:00:00+01:00") == ["now"]
    assert site.refusal(f"SELECT Id FROM Lead WHERE {date} = LAST_N_DAYS:99999999999")[0] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("query", "code", "part"),
    [
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "No such column 'Nope' on entity 'Lead'"),
        ("SELECT Id FROM Lead WHERE Nope = 1", "INVALID_FIELD", "ERROR at Row:1:Column:27"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Owner.Nope FROM Lead", "INVALID_FIELD", "entity 'Name'"),
        ("SELECT Id FROM Leed", "INVALID_TYPE", "sObject type 'Leed' is not supported"),
        ("SELECT Id, Id FROM Lead", "MALFORMED_QUERY", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE ConvertedDate > 2026-01-01T00:00:00Z", "INVALID_FIELD", "of type date"),
        ("SELECT Id FROM Lead WHERE LastName = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        (
            "SELECT Id FROM Lead WHERE NumberOfEmployees = '5'",
            "INVALID_FIELD",
            "should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Lead WHERE IsConverted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Lead WHERE IsConverted > false", "INVALID_QUERY_FILTER_OPERATOR", "boolean"),
        ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        (
            "SELECT Id FROM Lead WHERE Id LIKE '00Q%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id",
        ),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM LeadHistory WHERE NewValue = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Lead ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"),
        ("SELECT CreatedDate FROM Lead GROUP BY CreatedDate", "MALFORMED_QUERY", "can not be grouped"),
        ("SELECT Id FROM Lead WHERE CreatedDate = 2026-13-01T00:00:00Z", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT COUNT(Id) FROM Lead LIMIT 3", "MALFORMED_QUERY", "cannot also use LIMIT"),
        ("SELECT MAX(CreatedDate) FROM Lead OFFSET 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
    ],
)
def test_a_wrong_query_names_the_fault(site: Site, query: str, code: str, part: str) -> None:
    found, message = site.refusal(query)
    assert found == code
    assert part in message


def test_ids_are_found_in_both_lengths(site: Site) -> None:
    lead = site.lead(LastName="Ada")
    assert names(site, f"Id = '{lead[:15]}'") == ["Ada"]
    assert names(site, f"Id IN ('{lead}')") == ["Ada"]
    assert names(site, "Id > '000000000000000AAA'") == ["Ada"]


def test_a_large_result_comes_in_pages_that_together_are_the_whole(site: Site) -> None:
    site.org.load("Lead", ({"LastName": f"L{n:05d}", "Company": "x"} for n in range(4500)))
    page = site.query("SELECT LastName FROM Lead ORDER BY LastName")
    assert page["totalSize"] == 4500
    seen = [r["LastName"] for r in page["records"]]
    assert len(seen) == 2000
    while not page["done"]:
        page = site.send("GET", page["nextRecordsUrl"]).json()
        seen += [r["LastName"] for r in page["records"]]
    assert seen == [f"L{n:05d}" for n in range(4500)]
    assert "nextRecordsUrl" not in page


def test_the_batch_size_is_kept_between_200_and_2000(site: Site) -> None:
    site.org.load("Lead", ({"LastName": "x", "Company": "x"} for _ in range(600)))
    for asked, got in (("250", 250), ("10", 200), ("9999", 600)):
        headers = {"Sforce-Query-Options": f"batchSize={asked}"}
        answer = site.send("GET", "/query", params={"q": "SELECT Id FROM Lead"}, headers=headers).json()
        assert len(answer["records"]) == got


def test_only_query_all_shows_the_deleted_also_on_later_pages(site: Site) -> None:
    ids = site.org.load("Lead", ({"LastName": "x", "Company": "x"} for _ in range(2100)))
    by = site.org.user_named("Marketo Sync")
    site.org.delete("Lead", ids[-1], by=by, merged_into=ids[0])
    assert site.query("SELECT COUNT() FROM Lead")["totalSize"] == 2099
    page = site.send(
        "GET", "/queryAll", params={"q": "SELECT Id, IsDeleted, MasterRecordId FROM Lead"}
    ).json()
    assert page["totalSize"] == 2100
    assert "/query/" in page["nextRecordsUrl"]
    last = site.send("GET", page["nextRecordsUrl"]).json()["records"][-1]
    assert (last["Id"], last["IsDeleted"], last["MasterRecordId"]) == (ids[-1], True, ids[0])


def test_an_unknown_locator_is_refused(site: Site) -> None:
    answer = site.send("GET", "/query/01gRO0000016PIAYA2-500")
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_an_address_beyond_16384_bytes_is_414(site: Site) -> None:
    ids = ", ".join(f"'{site.lead()}'" for _ in range(20))
    short = site.send("GET", "/query", params={"q": f"SELECT Id FROM Lead WHERE Id IN ({ids})"})
    assert short.json()["totalSize"] == 20
    long = site.send(
        "GET", "/query", params={"q": f"SELECT Id FROM Lead WHERE Id IN ({', '.join([ids] * 40)})"}
    )
    assert long.status_code == 414
