from collections.abc import Iterator

import pytest

from tests.simulator.marketo_site import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def test_a_lead_by_id_has_the_six_default_fields(site: Site) -> None:
    lead = site.instance.create_lead(
        {"email": "a@example.com", "firstName": "Ada"}, source="Web form fillout"
    )
    answer = site.get(f"/rest/v1/lead/{lead}.json")
    assert answer["result"] == [
        {
            "id": lead,
            "email": "a@example.com",
            "updatedAt": "2026-03-02T09:00:00Z",
            "createdAt": "2026-03-02T09:00:00Z",
            "firstName": "Ada",
            "lastName": None,
        }
    ]
    assert "errors" not in answer
    assert "warnings" not in answer


def test_an_unknown_deleted_or_merged_lead_is_1004(site: Site) -> None:
    kept, merged, deleted = (
        site.instance.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(3)
    )
    site.instance.merge_leads(kept, [merged])
    site.instance.delete_lead(deleted)
    for lead in (merged, deleted, 999_999):
        assert site.code(site.get(f"/rest/v1/lead/{lead}.json")) == "1004"


def test_fields_may_be_listed_with_commas_or_repeated(site: Site) -> None:
    site.instance.create_lead({"email": "a@example.com", "unsubscribed": True}, source="User")
    question = {"filterType": "email", "filterValues": "A@EXAMPLE.com"}
    by_comma = site.get("/rest/v1/leads.json", **question, fields="email,unsubscribed,leadScore")
    repeated = site.get("/rest/v1/leads.json", **question, fields=["email", "unsubscribed", "leadScore"])
    assert by_comma["result"] == repeated["result"]
    (lead,) = by_comma["result"]
    assert (lead["email"], lead["unsubscribed"], lead["leadScore"]) == ("a@example.com", True, None)


def test_values_of_a_filter_may_be_listed_with_commas_or_repeated(site: Site) -> None:
    ids = [site.instance.create_lead({"email": f"p{n}@example.com"}, source="User") for n in range(3)]

    def found(*values: str) -> list[int]:
        parameters = [("filterType", "id"), *(("filterValues", value) for value in values)]
        answer = site.send("GET", "/rest/v1/leads.json", params=parameters).json()
        return [lead["id"] for lead in answer["result"]]

    assert found(",".join(map(str, ids))) == found(*map(str, ids)) == ids
    assert site.code(site.get("/rest/v1/leads.json", filterType="id", filterValues=",")) == "1002"


def test_an_unknown_field_refuses_the_read(site: Site) -> None:
    question = {"filterType": "email", "filterValues": "a@example.com", "fields": "email,Email"}
    assert site.code(site.get("/rest/v1/leads.json", **question)) == "1006"


def test_no_match_is_an_empty_result_and_a_success(site: Site) -> None:
    answer = site.get("/rest/v1/leads.json", filterType="id", filterValues="1,2,x")
    assert (answer["success"], answer["result"]) == (True, [])
    assert "moreResult" not in answer


def test_a_filter_pages_through_all_its_matches(site: Site) -> None:
    ids = site.instance.load_leads({"email": f"{n}@example.com", "businessLine": "edge"} for n in range(700))
    seen: list[int] = []
    question = {"filterType": "businessLine", "filterValues": "edge"}
    page = site.get("/rest/v1/leads.json", **question)
    sizes = [len(page["result"])]
    seen += [lead["id"] for lead in page["result"]]
    while page.get("moreResult"):
        page = site.get("/rest/v1/leads.json", **question, nextPageToken=page["nextPageToken"])
        sizes.append(len(page["result"]))
        seen += [lead["id"] for lead in page["result"]]
    assert sizes == [300, 300, 100]
    assert seen == ids


def test_a_token_of_another_question_or_an_altered_one_is_refused(site: Site) -> None:
    site.instance.load_leads({"email": f"{n}@example.com", "businessLine": "edge"} for n in range(10))
    page = site.get("/rest/v1/leads.json", filterType="businessLine", filterValues="edge", batchSize=3)
    token = page["nextPageToken"]
    other = site.get(
        "/rest/v1/leads.json", filterType="businessLine", filterValues="core", nextPageToken=token
    )
    altered = token[:-12] + ("A" if token[-12] != "A" else "B") + token[-11:]
    same = site.get(
        "/rest/v1/leads.json", filterType="businessLine", filterValues="edge", nextPageToken=altered
    )
    assert site.code(other) == site.code(same) == "1003"


def test_more_than_a_thousand_matches_are_1003(site: Site) -> None:
    site.instance.load_leads({"email": f"{n}@example.com", "businessLine": "edge"} for n in range(1001))
    answer = site.get("/rest/v1/leads.json", filterType="businessLine", filterValues="edge")
    assert answer["errors"] == [{"code": "1003", "message": "Too many results match the filter"}]


def test_at_most_300_values_and_only_searchable_fields(site: Site) -> None:
    many = ",".join(str(n) for n in range(301))
    assert site.code(site.get("/rest/v1/leads.json", filterType="id", filterValues=many)) == "1003"
    assert site.code(site.get("/rest/v1/leads.json", filterType="firstName", filterValues="Ada")) == "1011"
    assert site.code(site.get("/rest/v1/leads.json", filterType="nothing", filterValues="Ada")) == "1006"
    assert site.code(site.get("/rest/v1/leads.json", filterValues="Ada")) == "1002"


def test_a_long_filter_goes_through_post_with_method_get_in_query_or_body(site: Site) -> None:
    ids = site.instance.load_leads({"email": f"somebody.number.{n}@example.com"} for n in range(300))
    values = ",".join(f"somebody.number.{n}@example.com" for n in range(300))
    form = {"filterType": "email", "filterValues": values}
    too_long = site.send("GET", "/rest/v1/leads.json", params=form)
    by_query = site.send("POST", "/rest/v1/leads.json", params={"_method": "GET"}, data=form).json()
    by_body = site.send("POST", "/rest/v1/leads.json", data={**form, "_method": "GET"}).json()
    assert too_long.status_code == 414
    assert [lead["id"] for lead in by_query["result"]] == [lead["id"] for lead in by_body["result"]] == ids


def test_describe2_tells_what_the_crm_keeps_and_what_can_be_searched(site: Site) -> None:
    (lead,) = site.get("/rest/v1/leads/describe2.json")["result"]
    fields = {field["name"]: field for field in lead["fields"]}
    assert lead["name"] == "API Lead"
    assert ["email"] in lead["searchableFields"]
    assert ["firstName"] not in lead["searchableFields"]
    assert {name for name, field in fields.items() if field["crmManaged"]} >= {
        "leadStatus",
        "company",
        "industry",
        "numberOfEmployees",
        "country",
        "title",
        "phone",
        "sfdcLeadId",
        "sfdcLeadOwnerId",
    }
    assert not any(field["crmManaged"] for name, field in fields.items() if name.startswith("mql"))
    assert not fields["id"]["updateable"]


def test_the_old_describe_has_ids_and_a_field_without_rest(site: Site) -> None:
    fields = site.get("/rest/v1/leads/describe.json")["result"]
    score = next(field for field in fields if field.get("rest", {}).get("name") == "leadScore")
    assert (score["id"], score["dataType"]) == (146, "score")
    assert any("rest" not in field for field in fields)


def test_the_schema_pages_and_grows_by_a_field(site: Site) -> None:
    first = site.get("/rest/v1/leads/schema/fields.json", batchSize=40)
    second = site.get("/rest/v1/leads/schema/fields.json", batchSize=40, nextPageToken=first["nextPageToken"])
    names = [field["name"] for page in (first, second) for field in page["result"]]
    assert first["moreResult"] is True
    assert second["moreResult"] is False
    assert set(names) == set(site.instance.fields)
    wishes = [
        {"name": "favouriteTea", "displayName": "Favourite Tea", "dataType": "string"},
        {"name": "leadscore", "displayName": "Again", "dataType": "integer"},
        {"name": "odd", "displayName": "Odd", "dataType": "colour"},
    ]
    outcomes = site.post("/rest/v1/leads/schema/fields.json", {"input": wishes})["result"]
    assert [outcome["status"] for outcome in outcomes] == ["created", "skipped", "skipped"]
    lead = site.instance.create_lead({"email": "a@example.com", "favouriteTea": "Assam"}, source="User")
    assert (
        site.get(f"/rest/v1/lead/{lead}.json", fields="favouriteTea")["result"][0]["favouriteTea"] == "Assam"
    )


def test_large_answers_are_compressed_only_for_those_who_ask(site: Site) -> None:
    plain = site.send("GET", "/rest/v1/leads/describe.json", headers={"Accept-Encoding": "identity"})
    packed = site.send("GET", "/rest/v1/leads/describe.json", headers={"Accept-Encoding": "gzip"})
    small = site.send("GET", "/rest/v1/lists.json", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in small.headers
    assert plain.json()["result"] == packed.json()["result"]
    assert plain.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert plain.headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"


def test_unknown_paths_and_methods_are_610_and_605_with_http_200(site: Site) -> None:
    unknown = site.send("GET", "/rest/v1/nothing.json")
    wrong = site.send("PATCH", "/rest/v1/leads.json")
    assert unknown.status_code == wrong.status_code == 200
    assert site.code(unknown.json()) == "610"
    assert wrong.json()["errors"] == [{"code": "605", "message": "Request method 'PATCH' not supported"}]


def test_what_native_sync_owns_is_1018(site: Site) -> None:
    for thing in ("companies", "opportunities", "opportunities/roles", "salespersons"):
        assert site.code(site.get(f"/rest/v1/{thing}.json")) == "1018"
