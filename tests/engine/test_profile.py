"""The ideal client profile on companies whose truth is known."""

from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.learning.profile import FEW, Cell, Profile, TooFewWon, profile
from engine.learning.proposal import fit_rules
from schemas.conditions import Columns, check, expression
from schemas.playbook.load import load_playbook
from tests.data.pages import PLAYBOOK

ATTRIBUTES = ["industry", "employees", "is_target_account"]
TYPES = {"industry": pl.String(), "employees": pl.Int64(), "is_target_account": pl.Boolean()}


def people(
    companies: int, *, software: float, seed: int = 1, prefix: str = "c", each: int = 1
) -> pl.DataFrame:
    """Companies with `each` people; a share of them makes software, everything else is chance."""
    draw = np.random.default_rng(seed)
    industry = np.where(
        draw.random(companies) < software, "Software", draw.choice(["Retail", "Energy", "Food"], companies)
    )
    rows = {
        "company": [f"{prefix}{n}" for n in range(companies)],
        "weight": [1.0] * companies,
        "industry": industry.tolist(),
        "employees": np.round(np.exp(draw.normal(6, 2, companies))).astype(int).tolist(),
        "is_target_account": (draw.random(companies) < 0.1).tolist(),
    }
    return pl.concat([pl.DataFrame(rows)] * each)


def found(won: pl.DataFrame, base: pl.DataFrame) -> Profile:
    return profile(won, base, ATTRIBUTES)


def cell(of: Profile, value: str) -> Cell:
    return next(c for c in of.cells if c.value == value)


def test_what_customers_have_more_of_is_proposed_and_nothing_else() -> None:
    result = found(people(200, software=0.6, prefix="w"), people(2000, software=0.2, seed=2))
    assert [c.value for c in result.proposed] == ["Software"]
    software = cell(result, "Software")
    low, high = software.interval
    assert low < software.lift < high
    assert 2 < software.lift < 4
    assert 10 <= software.points <= 20
    assert cell(result, "Retail").verdict == "fewer"


@pytest.mark.parametrize("seed", range(12))
def test_where_customers_are_like_all_others_nothing_is_proposed(seed: int) -> None:
    result = found(
        people(60, software=0.3, seed=seed, prefix="w"), people(1500, software=0.3, seed=99 - seed)
    )
    assert result.proposed == []


def test_a_large_buying_committee_has_one_vote() -> None:
    won = people(100, software=0.3, prefix="w")
    committee = pl.concat([won.filter(pl.col("company") == "w0")] * 400)
    base = people(1000, software=0.3, seed=2)
    alone, crowded = found(won, base), found(pl.concat([won, committee]), base)
    assert [(c.value, c.won.companies) for c in alone.cells] == [
        (c.value, c.won.companies) for c in crowded.cells
    ]
    assert [c.lift for c in crowded.cells] == pytest.approx([c.lift for c in alone.cells])


def test_the_best_customers_weigh_more_and_the_interval_knows_that_they_are_few() -> None:
    won = people(100, software=0.5, prefix="w")
    heavy = won.with_columns(pl.when(pl.col("industry") == "Energy").then(4.0).otherwise(1.0).alias("weight"))
    base = people(1000, software=0.5, seed=2)
    plain, weighted = cell(found(won, base), "Energy"), cell(found(heavy, base), "Energy")
    assert weighted.won.share > 2 * plain.won.share
    assert weighted.won.size < plain.won.size
    assert weighted.won.companies == plain.won.companies


def test_below_thirty_companies_it_refuses_however_many_people_there_are() -> None:
    with pytest.raises(TooFewWon, match="29 companies"):
        found(people(29, software=0.5, each=20), people(1000, software=0.5))


def test_shares_are_of_those_about_whom_it_is_known() -> None:
    won = people(100, software=0.5, prefix="w")
    half = won.with_columns(pl.when(pl.int_range(pl.len()) % 2 == 0).then("industry").alias("industry"))
    result = found(half, people(1000, software=0.5, seed=2))
    assert result.known["industry"] == (0.5, 1.0)
    known = half.filter(pl.col("industry").is_not_null())
    assert cell(result, "Software").won.share == pytest.approx((known["industry"] == "Software").mean())


def test_values_of_a_handful_are_not_looked_at() -> None:
    rare = people(3, software=0, prefix="r").with_columns(pl.lit("Whaling").alias("industry"))
    result = found(
        pl.concat([people(100, software=0.5, prefix="w"), rare]), people(1000, software=0.5, seed=2)
    )
    assert all(c.won.companies >= FEW or c.base.share * c.won.size >= FEW for c in result.cells)
    assert "Whaling" not in {c.value for c in result.cells}


def test_the_order_of_rows_does_not_matter() -> None:
    won, base = people(80, software=0.6, prefix="w", each=2), people(900, software=0.2, seed=2)
    mixed = [frame.sample(fraction=1, shuffle=True, seed=3) for frame in (won, base)]
    assert found(*mixed).cells == found(won, base).cells


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.text(min_size=1, max_size=6), min_size=2, max_size=4, unique_by=lambda s: s.strip().lower()
    ),
    numbers=st.lists(st.integers(-10, 10**6), min_size=8, max_size=40),
)
def test_every_condition_is_valid_and_holds_for_exactly_the_companies_that_were_counted(
    values: list[str], numbers: list[int]
) -> None:
    rows = len(numbers) * 6
    base = pl.DataFrame(
        {
            "company": [f"c{n}" for n in range(rows)],
            "weight": [1.0] * rows,
            "industry": [values[n % len(values)] for n in range(rows)],
            "employees": numbers * 6,
            "is_target_account": [n % 3 == 0 for n in range(rows)],
        },
        schema_overrides=TYPES,
    )
    for one in found(base, base).cells:
        check(one.condition, Columns.of("person", dict(TYPES)))
        assert base.filter(expression(one.condition)).height == one.base.companies, one.condition


def test_the_proposed_rules_can_be_pasted_into_the_playbook(tmp_path: Path) -> None:
    won = people(200, software=0.6, prefix="w").with_columns(
        pl.col("industry").replace("Software", 'O\'Neill "Soft": ware')
    )
    base = people(2000, software=0.2, seed=2).with_columns(
        pl.col("industry").replace("Software", 'O\'Neill "Soft": ware')
    )
    rules = fit_rules(found(won, base).proposed)
    folder = Path(copytree(PLAYBOOK, tmp_path / "playbook"))
    scoring = folder / "scoring.yaml"
    lines = rules.removeprefix("fit:\n")
    scoring.write_text(scoring.read_text().replace("fit:\n", f"fit:\n{lines}", 1))
    before, after = load_playbook(PLAYBOOK), load_playbook(folder)
    assert len(after.scoring.fit) == len(before.scoring.fit) + len(lines.splitlines())
    assert after.scoring.fit[0].id == "profile_industry_o_neill_soft_ware"
