import pytest

from simulator.salesforce.errors import RequestError
from simulator.salesforce.soql.ast import Aggregate, Both, Comparison, Either, InQuery, Not, Path, Text
from simulator.salesforce.soql.lexer import tokens
from simulator.salesforce.soql.parser import parse


def test_a_query_becomes_a_tree_with_every_clause() -> None:
    query = parse(
        "SELECT Id, Owner.Name FROM Lead WHERE (Status = 'Open' OR Status = 'Working') AND Email != null "
        "ORDER BY CreatedDate DESC NULLS LAST, Id LIMIT 10 OFFSET 5"
    )
    assert [str(f) for f in query.fields] == ["Id", "Owner.Name"]
    assert isinstance(query.where, Both)
    assert isinstance(query.where.parts[0], Either)
    assert [(o.descending, o.nulls_last) for o in query.order_by] == [(True, True), (False, False)]
    assert (query.limit, query.offset) == (10, 5)


def test_keywords_and_line_breaks_are_free() -> None:
    assert parse("select Id\n from Lead\twhere Name like 'A%' order by Name asc nulls first").object == "Lead"


def test_count_stands_with_and_without_a_field() -> None:
    assert parse("SELECT COUNT() FROM Lead").bare_count
    query = parse("SELECT Status, COUNT(Id) total FROM Lead GROUP BY Status")
    assert isinstance(query.fields[1], Aggregate)
    assert query.fields[1].alias == "total"
    assert query.aggregates


def test_a_sub_select_is_a_semi_join() -> None:
    query = parse(
        "SELECT Id FROM Lead WHERE Id NOT IN (SELECT LeadId FROM CampaignMember WHERE Status = 'Sent')"
    )
    assert isinstance(query.where, InQuery)
    assert query.where.negated
    assert query.where.query.object == "CampaignMember"


def test_an_object_may_be_called_like_a_keyword() -> None:
    assert parse("SELECT Id FROM Group WHERE Type = 'Queue'").object == "Group"
    field = parse("SELECT Group.Name FROM GroupMember").fields[0]
    assert isinstance(field, Path)
    assert field.parts == ("Group", "Name")


def test_escapes_mean_themselves_in_like_and_in_equality() -> None:
    comparison = parse(r"SELECT Id FROM Lead WHERE Name LIKE 'a\_b\%c_\'\\\n'").where
    assert isinstance(comparison, Comparison)
    assert isinstance(comparison.value, Text)
    assert comparison.value.value == "a_b%c_'\\\n"
    assert comparison.value.pattern == "a\\_b\\%c_'\\\\\n"


def test_a_character_beyond_the_first_plane_is_written_as_a_pair() -> None:
    condition = parse(r"SELECT Id FROM Lead WHERE Name LIKE '\uD83D\uDE00%'").where
    assert condition is not None
    assert isinstance(condition, Comparison)
    assert isinstance(condition.value, Text)
    assert (condition.value.value, condition.value.pattern) == ("😀%", "😀%")


def test_not_takes_one_condition() -> None:
    assert isinstance(parse("SELECT Id FROM Lead WHERE NOT (Name = 'a' OR Name = 'b')").where, Not)
    assert isinstance(parse("SELECT Id FROM Lead WHERE (NOT Name = 'a') AND Name != 'b'").where, Both)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id FROM Lead WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
        "SELECT Id FROM Lead WHERE Name = 'a' OR Name = 'b' AND Name = 'c'",
        "SELECT Id FROM Lead WHERE NOT Name = 'a' AND Name = 'b'",
        "SELECT Id FROM Lead WHERE Name = 'a' AND NOT Name = 'b'",
        "SELECT FIELDS(ALL) FROM Lead LIMIT 200",
        "SELECT * FROM Lead",
        "SELECT Id, (SELECT Id FROM Tasks) FROM Lead",
        "SELECT TYPEOF Owner WHEN User THEN Id END FROM Lead",
        "SELECT toLabel(Status) FROM Lead",
        "SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate)",
        "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status HAVING COUNT(Id) > 1",
        "SELECT Status, COUNT(Id) FROM Lead GROUP BY ROLLUP(Status)",
        "SELECT Id FROM Lead USING SCOPE mine",
        "SELECT Id FROM Lead FOR VIEW",
        "SELECT Id FROM Lead WITH SECURITY_ENFORCED",
        "SELECT Id FROM Lead ALL ROWS",
        "SELECT l.Id FROM Lead l",
        "SELECT Id FROM Lead, Contact",
        "SELECT Id FROM Lead WHERE Industry INCLUDES ('a;b')",
        "SELECT Id FROM Lead WHERE Name IS NULL",
        "SELECT Id FROM Lead WHERE Name NOT LIKE 'a%'",
        "SELECT Id FROM Lead WHERE Name = :name",
        "SELECT Id FROM Lead WHERE CreatedDate > LAST_N_DAYS",
        "SELECT Id FROM Lead WHERE CreatedDate > LAST_FISCAL_YEAR",
        "SELECT Id FROM Lead WHERE Name IN ()",
        "SELECT Id FROM Lead WHERE Name = 'open",
        'SELECT Id FROM Lead WHERE Name = "double"',
        r"SELECT Id FROM Lead WHERE Name = 'bad \q escape'",
        r"SELECT Id FROM Lead WHERE Name = 'half a pair: \uD83D'",
        r"SELECT Id FROM Lead WHERE Name = 'half a pair: \uD83D\u0041'",
        r"SELECT Id FROM Lead WHERE Name LIKE '%\uDE00\uD83D%'",
        "SELECT Id FROM Lead WHERE",
        "SELECT Id FROM Lead LIMIT -1",
        "SELECT Id FROM Lead LIMIT 1.5",
        "SELECT Id FROM Lead LIMIT ٣",
        "SELECT Id FROM Lead LIMIT 9223372036854775808",
        "SELECT Id FROM Lead LIMIT " + "9" * 5000,
        "SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:" + "9" * 5000,
        "SELECT Id FROM Lead OFFSET 5 LIMIT 5",
        "SELECT Id FROM Lead ORDER Name",
        "SELECT FROM Lead",
        "SELECT Id, FROM Lead",
        "SELECT Id FROM Lead; DELETE FROM Lead",
        "SELECT Id FROM Lead -- comment",
        "DELETE FROM Lead",
        "",
    ],
)
def test_whatever_is_not_understood_is_refused_and_never_skipped(query: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse(query)
    assert refused.value.code == "MALFORMED_QUERY"
    assert refused.value.status == 400


def test_the_message_points_at_the_place() -> None:
    with pytest.raises(RequestError) as refused:
        parse("SELECT Id\nFROM Lead WHERE Name ~ 'a'")
    assert refused.value.message == "line 1:31 no viable alternative at character '~'"
    with pytest.raises(RequestError) as refused:
        parse("SELECT Id\nFROM Lead\nHAVING x")
    assert refused.value.message == "\nHAVING x\n^\nERROR at Row:3:Column:1\nunexpected token: 'HAVING'"


def test_endless_parentheses_are_refused_without_exhausting_the_stack() -> None:
    with pytest.raises(RequestError) as refused:
        parse("SELECT Id FROM Lead WHERE " + "(" * 5000 + "Id = null" + ")" * 5000)
    assert refused.value.code == "QUERY_TOO_COMPLICATED"


def test_datetimes_dates_and_numbers_are_told_apart() -> None:
    kinds = [
        t.kind.value for t in tokens("2026-01-01T00:00:00Z 2026-01-01 2026-01-01T00:00:00.5+01:00 -1.5 12")
    ]
    assert kinds == ["datetime", "date", "datetime", "number", "number", "end of query"]
