"""What the deployments that learn and check leave behind, without a server."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.learning.check import check
from engine.learning.learn import Learned, learn
from flows.check_scorecard import concluded
from flows.presentation import learning_artifacts as artifacts
from tasks.learning.handovers import Handovers
from tests.engine.learning_world import company


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn(company(), "won", "number", rules="visits")


def handovers() -> Handovers:
    aside = Counter({"expired": 7, "trial": 2})
    return Handovers(company(), "won", aside, Counter(live=1500), 0, datetime(2026, 3, 2, tzinfo=UTC))


def test_a_manager_reads_how_good_the_card_is_beside_the_present_rules_and_what_it_prefers(
    learned: Learned,
) -> None:
    told = artifacts.learned(learned, handovers(), Path("playbook/scorecards/won.yaml"), "base: 50\n")
    assert f"AUC of {learned.measures['scorecard'].auc:.2f}, the present score" in told
    assert "| source: Referral | +" in told
    assert "| source: Chat | -" in told
    assert "left aside: 7 expired, 2 trial" in told
    assert "- outcome code: " in told  # a leak, with its evidence
    assert "`won.yaml` in `scorecards`" in told
    assert told.endswith(
        "```yaml\nbase: 50\n```\n"
    )  # what the file says, where nobody sees the worker's folder


def test_a_card_that_is_no_better_than_chance_says_so_first() -> None:
    noise = company().select("number", "won", "colour", "visits").sample(fraction=1, seed=1, shuffle=True)
    shuffled = noise.with_columns(company()["number"])
    found = learn(shuffled, "won", "number")
    told = artifacts.learned(found, handovers(), Path("playbook/scorecards/won.yaml"), "")
    assert found.is_no_better_than_chance
    assert told.startswith("**On the later rows the scorecard is not told apart from chance")


def test_a_check_fails_when_any_card_has_drifted_and_names_it_first(learned: Learned) -> None:
    stays, changed = check(company(seed=2), learned.card), check(company(seed=3, level=-1.5), learned.card)
    told = {"a.yaml": stays, "b.yaml": changed, "c.yaml": "no handover has an outcome yet."}
    state = concluded(told)
    assert state.type == "FAILED"
    assert state.message is not None
    assert state.message.startswith("b.yaml: ALARM")
    assert "| drift |" in artifacts.checked(changed)


def test_cards_that_foresee_and_cards_without_news_are_no_alarm(learned: Learned) -> None:
    told = {"a.yaml": check(company(seed=2), learned.card), "c.yaml": "no handover has an outcome yet."}
    assert concluded(told).type == "COMPLETED"
