"""Scoring as people live with it: several models, a scorecard, account scores, answers, adjustments, intent data."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ledger.decisions import read_scores
from ledger.facts import schedule
from ledger.open import Ledger
from schemas.context import Window
from schemas.playbook.load import load_playbook
from tasks.facts import load
from tasks.scoring import score as score_everybody
from tests.flows.acts import act, fill, newcomer, visit
from tests.flows.operator import Operator, at_work

pytestmark = pytest.mark.xdist_group("scoring")
CARD = """\
label: accepted
positive: ["yes"]
time: opened_at
rows: 400
outcomes: 200
since: "2025-01-01"
until: "2026-01-01"
base: 50
points_that_double_the_odds: 10
calibration: {intercept: -3.5, slope: 0.07}
attributes:
  - column: seniority
    kind: word
    bins: [{words: [director, vp], points: 12}]
    other: {points: -4}
    missing: {points: -9}
  - column: signal:pricing_page
    kind: number
    bins: [{below: 5, points: -2}, {from: 5, points: 11}]
    missing: {points: -2}
"""
MODELS = """\
models:
  - {id: freight, only: "business_line = 'freight'", weights: {engagement: 100, fit: 0}, fit: []}
  - {id: learned, scorecard: scorecards/accepted.yaml}
"""
FREIGHT = '{id: freight_pages, url: "/freight", tags: [], line: freight}'
ANSWERS = """\
answers:
  budget: {form_field: Budget}
  result: {attribute: Result, type: number}
"""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with at_work(tmp_path_factory.mktemp("scoring"), people=120, seed=23, activity_days=10) as operator:
        folder = operator.folder / "playbook"
        (folder / "scorecards").mkdir()
        (folder / "scorecards" / "accepted.yaml").write_text(CARD, encoding="utf-8")
        operator.edit("scoring.yaml", "models: []\n", MODELS)
        operator.edit(
            "scoring.yaml",
            "    - id: page_view\n",
            "    - id: freight_page\n      when: \"url LIKE '%/freight%'\"\n      points: 80\n"
            "      cap: {points: 80, in: 30 days}\n"
            "    - id: has_budget\n      when: \"budget = '10k' AND kind = 'form_fill'\"\n      points: 30\n"
            "      cap: {points: 30, in: 30 days}\n"
            "    - id: page_view\n",
        )
        operator.edit(
            "lifecycle.yaml",
            "  - id: score\n",
            '  - id: freight\n    person: "freight_score >= 65"\n  - id: score\n',
        )
        with (folder / "platforms.yaml").open("a", encoding="utf-8") as file:
            file.write(ANSWERS)
        operator.edit("assets.yaml", "rules:\n", f"rules:\n  - {FREIGHT}\n")
        assert operator.sync().status in (0, 3), operator.heard[-1]
        operator.simulator.advance(60)
        yield operator


def told(operator: Operator, who: int) -> dict[str, Any]:
    """What `mqlflow why` says of a person of Marketo."""
    ran = operator.run("why", operator.person("marketo", who), "--json")
    assert ran.status == 0, ran.said
    return ran.data


def score(operator: Operator, who: int, model: str = "default") -> dict[str, Any]:
    key = operator.person("marketo", who)
    query = "SELECT * FROM scores WHERE person_key = :key AND model = :model"
    return operator.query(query, key=key, model=model).row(0, named=True)


def lines(operator: Operator, who: int) -> dict[str, float]:
    return {line["rule_id"]: line["points"] for line in told(operator, who)["lines"]}


def later(operator: Operator, seconds: int = 300) -> Any:
    operator.simulator.advance(seconds)
    return operator.sync()


def test_a_model_of_one_line_and_a_learned_scorecard_stand_beside_the_default_one(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Several")
    visit(simulator, who, "/pricing")
    later(operator)
    default, freight, learned = (score(operator, who, model) for model in ("default", "freight", "learned"))
    assert default["engagement"] == 1600  # the page and what it is about
    assert (freight["engagement"], freight["score"], freight["grade"]) == (0, 0, "D4")
    assert learned["score"] == 7300  # 50 for everybody, 12 for a director, 11 for the pricing page
    assert learned["engagement"] is None
    assert 0.80 < learned["probability"] < 0.86
    of_models = {model["model"]: model for model in told(operator, who)["models"]}
    for each in of_models.values():
        assert sum(line["contribution"] for line in each["lines"]) == each["score"]
    said = {line["rule_id"]: line["contribution"] for line in of_models["learned"]["lines"]}
    assert said == {"base": 50, "seniority": 12, "signal:pricing_page": 11}


def test_a_trigger_goes_by_the_model_that_it_names_and_keeps_that_models_lines(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Freight", title="Assistant", numberOfEmployees=3, industry="Retail")
    visit(simulator, who, "/freight/rates")
    later(operator)
    key = operator.person("marketo", who)
    [cycle] = operator.query("SELECT * FROM cycles WHERE person_key = :key", key=key).rows(named=True)
    assert cycle["trigger_rule"] == "freight"
    why = {line["rule"]: line["points"] for line in json.loads(cycle["lines"])}
    assert why["freight_page"] == 80
    kept = operator.query(
        "SELECT model, sum(contribution) AS total FROM score_lines WHERE person_key = :key GROUP BY model",
        key=key,
    )
    assert dict(kept.rows()) == {
        "freight": score(operator, who, "freight")["score"],
        "default": score(operator, who)["score"],
    }


def test_what_was_entered_into_a_form_scores(operator: Operator) -> None:
    simulator = operator.simulator
    rich, poor = newcomer(simulator, "Rich"), newcomer(simulator, "Poor")
    for who, budget in ((rich, "10k"), (poor, "none")):
        entered = f'a:1:{{s:6:"Budget";s:{len(budget)}:"{budget}";}}'
        fill(simulator, who, "Newsletter", attributes={"Form Fields": entered})
    later(operator)
    assert lines(operator, rich)["has_budget"] == 30
    assert "has_budget" not in lines(operator, poor)


def test_an_adjustment_counts_from_the_next_sync_through_its_last_day(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Adjusted")
    visit(simulator, who, "/about")
    later(operator)
    before = score(operator, who)["engagement"]
    key = operator.person("marketo", who)
    day = simulator.now()[:10]
    ran = operator.run(
        "adjust", key, "--points", "20", "--reason", "met at the fair", "--author", "ops", "--expires", day
    )
    assert ran.status == 0, ran.said
    assert score(operator, who)["engagement"] == before
    later(operator)
    assert score(operator, who)["engagement"] == before + 2000
    [line] = [line for line in told(operator, who)["lines"] if line["part"] == "adjustment"]
    assert (line["points"], line["contribution"], line["reason"]) == (20, 20, "met at the fair")
    shown = operator.run("why", key).out
    assert "ops: met at the fair" in shown
    assert "model learned: score" in shown
    later(operator)
    assert score(operator, who)["engagement"] == before + 2000
    later(operator, 86_400)
    assert score(operator, who)["engagement"] <= before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--points", "5", "--model", "learned"), "no model 'learned' whose score can be adjusted"),
        (("--points", "0"), "0 points adjust nothing"),
        (("--points", "99999999999999999999"), "99999999999999999999 points are more than a score has"),
        (("--points", "5", "--expires", "2001-01-01"), "2001-01-01 is over"),
        (("--points", "5", "--expires", "9999-12-31"), "9999-12-31 is too far ahead"),
        (("--points", "5", "--author", " "), "an adjustment has a reason and an author"),
    ],
)
def test_an_adjustment_that_means_nothing_is_refused_in_one_line(
    operator: Operator, arguments: tuple[str, ...], said: str
) -> None:
    person = operator.query("SELECT person_key FROM people LIMIT 1").item()
    ran = operator.run("adjust", person, "--reason", "x", "--author", "ops", *arguments)
    assert ran.status == 2
    assert ran.said.startswith(said)
    assert operator.run("adjust", "nobody", "--points", "5", "--reason", "x", "--author", "ops").status == 2


def test_intent_about_a_company_scores_for_its_people_and_opens_nothing(
    operator: Operator, tmp_path: Path
) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Intent", email="nora@fjordlift.example")
    visit(simulator, who, "/about")
    later(operator)
    file = tmp_path / "intent.csv"
    day = simulator.now()[:10]
    file.write_text(
        "domain,topic,vendor,observed_at,strength\n"
        f"www.FjordLift.example,freight audit,A Vendor,{day},3\n"
        f"not a domain,freight audit,A Vendor,{day},3\n"
        "fjordlift.example,freight audit,A Vendor,yesterday,3\n",
        encoding="utf-8",
    )
    ran = operator.run("import-intent", str(file))
    assert ran.status == 3
    assert "1 stored, 0 known before, 2 rejected" in ran.out
    assert "line 3: domain: has not the form it must have" in ran.out
    assert "line 4: occurred_at" in ran.out
    later(operator)
    assert lines(operator, who)["researched_elsewhere"] > 9
    key = operator.person("marketo", who)
    assert operator.query("SELECT count(*) FROM cycles WHERE person_key = :key", key=key).item() == 0
    assert "0 stored, 1 known before" in operator.run("import-intent", str(file)).out


def test_a_changed_playbook_is_shown_as_what_it_would_move_and_nothing_is_written(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Planned")
    visit(simulator, who, "/pricing")
    later(operator)
    changed = operator.folder / "changed"
    shutil.copytree(operator.folder / "playbook", changed)
    scoring = changed / "scoring.yaml"
    text = scoring.read_text(encoding="utf-8")
    scoring.write_text(text.replace("points_high: 15", "points_high: 31"), encoding="utf-8")
    before = operator.query("SELECT * FROM scores ORDER BY person_key, model")
    ran = operator.run("plan", str(changed), "--json")
    assert ran.status == 0, ran.said
    assert operator.query("SELECT * FROM scores ORDER BY person_key, model").equals(before)
    [default] = [model for model in ran.data["models"] if model["model"] == "default"]
    [freight] = [model for model in ran.data["models"] if model["model"] == "freight"]
    assert default["moved"] >= 1
    assert freight["moved"] == 0
    touched = {key for key, *_ in default["biggest"]}
    assert operator.person("marketo", who) in touched
    same = operator.run("plan", str(operator.folder / "playbook"), "--json").data
    assert [model["moved"] for model in same["models"]] == [0, 0, 0]
    assert "biggest moves" in operator.run("plan", str(changed)).out
    wrong = operator.run("plan", str(operator.folder))
    assert wrong.status == 2
    assert "scoring.yaml" in wrong.said


def test_why_tells_what_would_reach_a_trigger_and_the_score_of_a_past_instant(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Nearly")
    visit(simulator, who, "/pricing")
    later(operator)
    moment = simulator.now()
    checks = {check["rule"]: check for check in told(operator, who)["checks"]}
    assert (
        checks["trial"]["act"] == "kind = 'trial_signup'"
    )  # what is still missing where the condition holds
    near = checks["score"]
    assert near["act"] is None
    assert not near["holds"]
    assert near["reached_by"][0]["score"] >= 65
    assert near["carried_by"][0]["url"].endswith("/pricing")
    simulator.advance(3600)
    visit(simulator, who, "/integrations")
    later(operator)
    key = operator.person("marketo", who)
    now = operator.run("why", key, "--json").data["score"]["engagement"]
    then = operator.run("why", key, "--at", moment[:19], "--json").data["score"]["engagement"]
    assert (then, now) == (16, 27)
    assert "would be reached by" in operator.run("why", key).out


def account_of(operator: Operator) -> tuple[str, str]:
    """An account of the CRM that its domain alone tells, and the domain."""
    taken = " AND native_id NOT IN (SELECT account_id FROM {} WHERE account_id IS NOT NULL)"
    query = (
        "SELECT native_id, domain_key FROM accounts WHERE domain_key IS NOT NULL AND type <> 'Customer'"
        + taken.format("scores")
        + taken.format("opportunities")
        + " GROUP BY domain_key HAVING count(*) = 1"
    )
    account, domain = operator.query(query).row(0)
    return account, domain


def test_an_account_adds_up_to_its_engaged_people_and_decides_from_the_next_run_on(
    operator: Operator,
) -> None:
    simulator = operator.simulator
    account, domain = account_of(operator)
    operator.edit(
        "assignment.yaml",
        "rules:\n",
        'rules:\n  - {id: warm, when: "account_engaged >= 2", to: {queue: MQL Queue}}\n',
    )
    team = [
        newcomer(simulator, name, email=f"{name.lower()}@{domain}", title=title)
        for name, title in (("Ada", "Director of Operations"), ("Ben", "Head of Sales"), ("Cem", "Clerk"))
    ]
    for who in team[:2]:
        for page in ("/pricing", "/integrations", "/case-studies/one"):
            visit(simulator, who, page)
    later(operator)
    query = (
        "SELECT score, engaged, roles, people FROM account_scores WHERE account_id = :id ORDER BY valid_from"
    )
    engaged = [score(operator, who)["engagement"] for who in team[:2]]
    assert min(engaged) >= 2500
    [stored] = operator.query(query, id=account).rows()
    assert stored == (sum(min(points, 4000) for points in engaged) + 2 * 1000, 2, 2, 3)
    fill(simulator, team[2])
    later(operator)
    key = operator.person("marketo", team[2])
    rule = operator.query("SELECT rule_id FROM assignments WHERE person_key = :key", key=key)
    assert rule["rule_id"].to_list() == ["warm"]
    *_, (_, engaged_before, _, people_before) = operator.query(query, id=account).rows()
    gone = operator.run("forget", operator.person("marketo", team[0]), "--yes")
    assert gone.status == 0, gone.said
    *_, (_, engaged_now, _, people_now) = operator.query(query, id=account).rows()
    assert (engaged_now, people_now) == (engaged_before - 1, people_before - 1)


def test_what_syncs_scored_bit_by_bit_is_what_scoring_everything_anew_gives(operator: Operator) -> None:
    playbook = load_playbook(operator.folder / "playbook")
    organisation = playbook.organisation
    for name in ("Ina", "Jon", "Kim"):
        who = newcomer(operator.simulator, name)
        visit(operator.simulator, who, "/pricing")
        later(operator)
    with Ledger.open(operator.env["MQLFLOW_DATABASE_URL"]) as ledger:
        with ledger.read() as connection:
            keys = schedule.living(connection)
            stored = read_scores(connection, keys)
        assert stored["scored_at"].n_unique() >= 3
        for (at,), rows in stored.group_by("scored_at"):
            window = Window(at, at, at, None, organisation.zone, organisation.late_limit)  # type: ignore[arg-type]
            facts = load(ledger, rows["person_key"].unique().to_list(), playbook, window)
            now = replace(facts, instants=facts.instants.filter(pl.col("at") == at))
            anew = score_everybody(now, playbook, window).scores
            columns = [
                "person_key",
                "model",
                "engagement",
                "fit",
                "score",
                "grade",
                "confidence",
                "probability",
            ]
            theirs = rows.sort("person_key", "model").select(columns)
            assert anew.sort("person_key", "model").select(columns).equals(theirs)


def test_a_gateway_that_clicks_every_link_scores_nothing_and_is_counted(operator: Operator) -> None:
    simulator = operator.simulator
    who = newcomer(simulator, "Gateway")
    later(operator)
    for link in ("a", "b", "c", "d"):
        act(simulator, who, 11, "Spring offer", attributes={"Link": f"https://northbeam.example/{link}"})
    ran = later(operator)
    assert ran.data["bots"]["many_links"] >= 4
    assert "mail_click" not in lines(operator, who)
