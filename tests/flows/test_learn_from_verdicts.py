"""Learning from what the reps of a simulated company said, end to end: servers, syncs, verdicts, a scorecard."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from engine.learning.apply import scores
from engine.scoring.card import card_base, card_columns
from schemas.playbook.load import load_playbook
from schemas.playbook.scorecard import Attribute, NumberAttribute
from tasks.learning.handovers import NOT_LEARNED_FROM, SIGNAL, learned_columns, past_handovers
from tasks.learning.tables import load_scorecard
from tests.flows.operator import Operator, at_work

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("verdicts")]
STEPS, DAYS = 11, 7


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Eleven weeks of a company that hands over freely, so that its reps have much to say; and a card from them."""
    with at_work(tmp_path_factory.mktemp("verdicts"), people=1500, seed=11) as operator:
        operator.edit("lifecycle.yaml", "score >= 65 AND fit >= 40", "engagement >= 3")
        operator.sync()
        for _ in range(STEPS):
            operator.simulator.advance(DAYS * 86_400)
            operator.sync()
        yield operator


@pytest.fixture(scope="module")
def card(company: Operator) -> Path:
    path = company.folder / "playbook" / "scorecards" / "accepted.yaml"
    ran = company.run("learn", "--ledger", "--out", str(path), "--json")
    assert ran.status == 0, ran.said
    told = ran.data
    assert told["measures"].keys() == {"scorecard", "naive Bayes", "present rules"}
    assert told["handovers"]["origins"].keys() == {"live"}
    assert told["handovers"]["aside"]["reason is not about the person"] > 0
    assert told["rows"]["earlier"] > told["rows"]["later"] > 0
    return path


def test_a_card_reads_only_what_a_sync_can_give_it(company: Operator, card: Path) -> None:
    playbook = load_playbook(company.folder / "playbook")
    read = {attribute.column for attribute in load_scorecard(card).attributes}
    assert read <= set(learned_columns(playbook))
    assert not read & NOT_LEARNED_FROM
    assert any(column.startswith(SIGNAL) for column in learned_columns(playbook))


def test_each_handover_is_seen_with_the_engagement_that_was_decided_then(company: Operator) -> None:
    with company.ledger() as ledger:
        found = past_handovers(ledger, load_playbook(company.folder / "playbook"), "accepted").frame
    signals = [name for name in found.columns if name.startswith(SIGNAL)]
    sums = found.select(pl.sum_horizontal(signals).clip(0, 100).mul(100).round().cast(pl.Int64)).to_series()
    decided = company.query(
        "SELECT engagement FROM cycles WHERE origin = 'live' AND kind = 'mql' AND NOT is_trial"
    )["engagement"]
    assert len(sums) > 100
    assert Counter(sums) <= Counter(decided)


def test_the_engine_gives_the_points_that_learning_gave(company: Operator, card: Path) -> None:
    read = load_scorecard(card)
    with company.ledger() as ledger:
        found = past_handovers(ledger, load_playbook(company.folder / "playbook"), "accepted").frame
    total = found.select(pl.sum_horizontal(card_columns(read, found.schema)) + card_base(read)).to_series()
    assert (total / 100).to_list() == scores(found, read).tolist()
    assert total.is_between(0, 10_000).mean() > 0.99


def test_learning_again_writes_the_same_bytes(company: Operator, card: Path) -> None:
    again = company.folder / "again.yaml"
    assert company.run("learn", "--ledger", "--out", str(again)).status == 0
    assert again.read_bytes() == card.read_bytes()


def test_a_card_that_promises_too_much_alarms_and_recalibration_mends_only_its_calibration(
    company: Operator, card: Path
) -> None:
    read = load_scorecard(card)
    boastful = company.folder / "boastful.yaml"
    right = f"intercept: {read.calibration.intercept}"
    boastful.write_text(card.read_text().replace(right, f"intercept: {read.calibration.intercept + 3}"))
    ever = ("--ledger", "--since", "2026-01-01")
    alarm = company.run("learn", *ever, "--check", str(boastful))
    assert (alarm.status, "ALARM" in alarm.out) == (1, True)
    assert company.run("learn", *ever, "--recalibrate", str(boastful)).status == 0
    assert company.run("learn", *ever, "--check", str(boastful)).status == 0
    before, after = card.read_text().splitlines(), boastful.read_text().splitlines()
    start = before.index("calibration:")
    changed = [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert all(start < n <= start + 6 for n in changed)


def test_without_newer_handovers_a_check_says_so_and_alarms_nobody(company: Operator, card: Path) -> None:
    ran = company.run("learn", "--ledger", "--check", str(card))
    assert (ran.status, "no handover that began after" in ran.errors) == (1, True)


def test_a_card_about_a_table_is_not_checked_on_the_ledger(company: Operator, card: Path) -> None:
    other = company.folder / "other.yaml"
    other.write_text(card.read_text().replace("label: accepted", "label: Converted"))
    ran = company.run("learn", "--ledger", "--check", str(other))
    assert (ran.status, "--csv" in ran.errors) == (2, True)


def test_the_profile_of_the_companys_customers_is_told_to_people_and_machines(company: Operator) -> None:
    out = company.folder / "profile.md"
    told = company.run("profile", "--json", "--out", str(out)).data
    assert told["companies"] >= 30
    assert told["values"]
    assert "| attribute | value | won |" in out.read_text()
    assert company.run("profile").status == 0


def test_a_learned_card_is_a_model_of_the_next_sync(company: Operator, card: Path, tmp_path: Path) -> None:
    """In a copy of ledger and playbook: the other tests want theirs as they are."""
    copy = Operator(Path(copytree(company.folder, tmp_path / "copy")), company.simulator, dict(company.env))
    copy.env["MQLFLOW_PLAYBOOK"] = str(copy.folder / "playbook")
    copy.env["MQLFLOW_DATABASE_URL"] = f"sqlite:///{copy.folder / 'ledger.db'}"
    copy.edit("scoring.yaml", "models: []", "models: [{id: acceptance, scorecard: scorecards/accepted.yaml}]")
    copy.simulator.advance(86_400)
    ran = copy.sync()
    assert ran.status in (0, 3), ran.said
    scored = copy.query("SELECT score FROM scores WHERE model = 'acceptance'")["score"]
    assert len(scored) > 20
    assert scored.is_between(0, 10_000).all()
    assert scored.n_unique() > 5
    assert (scored % 100 == 0).all()
    read = load_scorecard(card)
    least = read.base + sum(min(_given(attribute)) for attribute in read.attributes)
    most = read.base + sum(max(_given(attribute)) for attribute in read.attributes)
    assert scored.is_between(100 * least, 100 * most).all()
    assert copy.leaks() == []


def _given(attribute: Attribute) -> list[int]:
    other = [] if isinstance(attribute, NumberAttribute) else [attribute.other.points]
    return [attribute.missing.points, *other, *(bin.points for bin in attribute.bins)]
