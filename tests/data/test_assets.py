"""What forms, pages and programs are about, by the default playbook."""

import polars as pl
import pytest
from pydantic import ValidationError

from engine.data.assets import with_tags
from schemas.playbook.assets import Assets
from tests.data.pages import read_playbook

ASSETS = Assets.model_validate(read_playbook("assets"))
COLUMNS = ["kind", "asset_name", "url", "campaign_name", "campaign_type"]


def tags(
    kind: str, name: str | None = None, url: str | None = None, campaign: str | None = None
) -> tuple[set[str], str | None]:
    acts = pl.DataFrame(
        [(kind, name, url, campaign, None)], schema=dict.fromkeys(COLUMNS, pl.String), orient="row"
    )
    row = with_tags(acts, ASSETS).row(0, named=True)
    return set(row["tags"]), row["business_line"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Contact Us", {"hand_raise", "contact"}),
        ("Demo Request - Platform", {"hand_raise", "demo"}),
        ("Free Trial", {"trial"}),
        ("Contact Support", {"support"}),
        ("Job Application", {"careers"}),
        ("Newsletter", {"newsletter"}),
        ("ROI Calculator", {"tool"}),
        ("Survey - Customer Feedback", {"survey"}),
        ("Whitepaper - Late Deliveries", {"whitepaper", "content", "pain"}),
        ("eBook - Glossary of Planning", {"ebook", "content"}),
    ],
)
def test_forms_are_told_apart_by_name(name: str, expected: set[str]) -> None:
    assert tags("form_fill", name, "www.x.example/pricing")[0] == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("www.x.example/pricing", {"pricing"}),
        ("https://x.example/pricing/enterprise?utm_source=email", {"pricing"}),
        ("www.x.example/integrations/sap", {"integration"}),
        ("www.x.example/compare/us-vs-them", {"comparison"}),
        ("www.x.example/case-studies/acme", {"case_study"}),
        ("www.x.example/careers/engineer", {"careers"}),
        ("www.x.example/blog/pricing-psychology", {"blog"}),
    ],
)
def test_pages_are_told_apart_by_address(url: str, expected: set[str]) -> None:
    assert tags("page_visit", url, url)[0] == expected


def test_the_line_is_the_first_that_a_rule_gives() -> None:
    assert tags("form_fill", "Demo Request - Field Service")[1] == "Field Service"
    assert tags("page_visit", None, "www.x.example/products/analytics")[1] == "Analytics"
    assert tags("form_fill", "Contact Us")[1] is None


def test_a_webinar_is_tied_to_a_pain_by_its_programs_name() -> None:
    assert (
        "pain"
        in tags(
            "webinar_attended", None, None, "WBN 2026-03-05 Platform: Late Deliveries and What Causes Them"
        )[0]
    )
    assert "pain" not in tags("webinar_attended", None, None, "WBN 2026-03-05 Ask us anything")[0]


def test_acts_keep_their_order_and_an_act_without_asset_has_no_tags() -> None:
    acts = pl.DataFrame(
        [("page_visit", None, f"/{path}", None, None) for path in ("pricing", "about", "pricing")],
        schema=dict.fromkeys(COLUMNS, pl.String),
        orient="row",
    ).with_columns(n=pl.int_range(pl.len()))
    found = with_tags(acts, ASSETS)
    assert found["n"].to_list() == [0, 1, 2]
    assert found["tags"].to_list() == [["pricing"], [], ["pricing"]]


def test_a_rule_that_matches_nothing_or_says_nothing_is_a_fault() -> None:
    with pytest.raises(ValidationError, match="to match"):
        Assets.model_validate({"rules": [{"id": "a", "tags": ["x"]}]})
    with pytest.raises(ValidationError, match="give tags or a line"):
        Assets.model_validate({"rules": [{"id": "a", "name": "x"}]})
    with pytest.raises(ValidationError, match="not a regular expression"):
        Assets.model_validate({"rules": [{"id": "a", "name": "(?=x)", "tags": ["x"]}]})
