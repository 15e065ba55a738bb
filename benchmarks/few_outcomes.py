"""How good is a scorecard after so many outcomes? Learned from short stretches of a table, judged on its later rows.

    .venv/bin/python -m benchmarks.few_outcomes --csv leads.csv --label Converted --time "Lead Number"

Each stretch begins at another place of the earlier rows and ends when it has the outcomes; all are judged on the
same later rows. The columns that the leak guard flags on all earlier rows are left out of every one, so that what is
compared is learning and not guarding.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.learning.fit import fit
from engine.learning.leaks import suspicions
from engine.learning.learn import LATER
from engine.learning.metrics import auc
from engine.learning.table import Table, read_table
from tasks.learning.tables import read_csv

STARTS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    table = read_table(read_csv(options.csv), options.label, options.time)
    cut = table.split(LATER)
    early, late = table.rows(0, cut), table.rows(cut, len(table.outcome))
    out = {suspicion.column for suspicion in suspicions(early)}
    print(f"{len(out)} columns left out by the guard; judged on {len(late.outcome)} later rows")
    for wanted in (*options.outcomes, None):
        parts = [early] if wanted is None else list(_stretches(early, wanted))
        card, bayes = [], []
        for part in parts:
            fitted = fit(part, out)
            card.append(auc(late.outcome, fitted.scores(late)))
            bayes.append(auc(late.outcome, fitted.naive_bayes(late)))
        if parts:
            print(_line("all" if wanted is None else str(wanted), parts, card, bayes))
    return 0


def _stretches(early: Table, wanted: int) -> Iterator[Table]:
    """Stretches of the earlier rows with so many outcomes, from each start that leaves room for one."""
    seen = np.concatenate([[0.0], np.cumsum(early.outcome)])
    for share in STARTS:
        start = int(share * len(early.outcome))
        end = int(np.searchsorted(seen, seen[start] + wanted))
        if end < len(seen):
            yield early.rows(start, end)


def _line(name: str, parts: list[Table], card: list[float], bayes: list[float]) -> str:
    told = {
        "outcomes": name,
        "stretches": len(parts),
        "rows": round(float(np.mean([len(part.outcome) for part in parts]))),
        "scorecard": round(float(np.mean(card)), 3),
        "scorecard_worst": round(min(card), 3),
        "scorecard_best": round(max(card), 3),
        "naive_bayes": round(float(np.mean(bayes)), 3),
    }
    return json.dumps(told)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.few_outcomes", description=__doc__)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--time", required=True)
    parser.add_argument("--outcomes", type=int, nargs="*", default=[30, 50, 100, 200, 400])
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
