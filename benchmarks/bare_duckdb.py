"""The same totals without an engine, in DuckDB: what somebody would write who wants each person's score and no more.

One query, made from the playbook's numbers, for one instant: no lines, no reasons. It shares no code with the engine
beside the table of numbers, so that it checks the engine as well. Local days are those of UTC, as in the default
playbook, and one verdict per person is looked at; a combination of signals is refused.
"""

from datetime import datetime, timedelta
from pathlib import Path

import sqlglot

from engine.scoring.engagement import signal_table
from engine.scoring.evidence import FOREIGN_TO_SCORES
from schemas.playbook.scoring import Model
from schemas.playbook.signals import Signal

PAGE_VIEW = "kind = 'page_visit'"
GAP = "INTERVAL 30 MINUTE"
KEYS = {"day": "day", "asset": "coalesce(asset_name, url, native_kind)", None: "activity_key"}


def query(folder: Path, model: Model, at: datetime) -> str:
    """person_key, score (hundredths) of everybody in the folder."""
    now = f"TIMESTAMPTZ '{at.isoformat()}'"
    numbers = list(zip(model.engagement.signals, signal_table(model).iter_rows(named=True), strict=True))
    wanted = " OR ".join(
        f"({_sql(signal.when or PAGE_VIEW)} AND occurred_at >= "
        f"TIMESTAMPTZ '{_looked_back(signal, number['window_days'], at).isoformat()}')"
        for signal, number in numbers
    )
    points = "\nUNION ALL ".join(_points(signal, number, model, at) for signal, number in numbers)
    fit = " + ".join(
        f"CASE WHEN {_sql(rule.when)} THEN {model.hundredths(rule.points)} ELSE 0 END" for rule in model.fit
    )
    weights = model.weights
    in_order = "PARTITION BY person_key ORDER BY occurred_at, activity_key"
    in_visit = "PARTITION BY person_key, visit ORDER BY occurred_at, activity_key"
    so_far = f"list(tags) OVER ({in_visit} ROWS UNBOUNDED PRECEDING)"
    return f"""
WITH people AS (
  SELECT * FROM read_parquet('{folder}/people-*.parquet')
), acts AS MATERIALIZED (
  SELECT person_key, activity_key, kind, tags, occurred_at, CAST(occurred_at AS DATE) AS day, asset_name, url,
    native_kind
  FROM read_parquet('{folder}/activities-*.parquet')
  WHERE NOT is_bot AND kind NOT IN ({", ".join(f"'{kind}'" for kind in FOREIGN_TO_SCORES)})
    AND occurred_at <= {now} AND learned_at <= {now} AND ({wanted})
), returned AS (
  SELECT person_key, occurred_at AS returned_at FROM read_parquet('{folder}/verdicts-*.parquet')
  WHERE kind = 'recycled' AND occurred_at <= {now}
), views AS (
  SELECT person_key, activity_key, occurred_at, tags, url,
    sum(CASE WHEN apart THEN 1 ELSE 0 END) OVER ({in_order} ROWS UNBOUNDED PRECEDING) AS visit
  FROM (SELECT *, coalesce(occurred_at - lag(occurred_at) OVER ({in_order}) > {GAP}, true) AS apart
        FROM acts WHERE kind = 'page_visit')
), states AS (
  SELECT person_key, visit, occurred_at, row_number() OVER ({in_visit}) AS pages, flatten({so_far}) AS every_tag,
    lead(occurred_at) OVER ({in_visit}) AS next_page_at
  FROM views
), seen AS MATERIALIZED (
  SELECT person_key, visit, occurred_at, CAST(occurred_at AS DATE) AS day, pages, next_page_at,
    list_distinct(every_tag) AS tags,
    list_filter(list_distinct(every_tag), lambda t: len(list_filter(every_tag, lambda x: x = t)) = pages)
      AS tags_of_all
  FROM states
), engaged AS (
  SELECT person_key, sum(points) AS engagement FROM (
{points}) GROUP BY person_key
), known AS (
  SELECT person_key, least(greatest({fit}, 0), 10000) AS fit FROM people
)
SELECT person_key, CAST(
  (least(greatest(coalesce(engagement, 0), 0), 10000) * {weights.engagement} + fit * {weights.fit} + 50) // 100
  AS BIGINT) AS score
FROM known LEFT JOIN engaged USING (person_key)"""


def _looked_back(signal: Signal, window_days: int, at: datetime) -> datetime:
    """From when on acts are wanted; a day more for visits, so that they are whole."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=window_days - 1)
    return (
        midnight
        - (signal.count.within if signal.count else timedelta())
        - timedelta(days=1 if signal.visit else 0)
    )


def _points(signal: Signal, number: dict[str, int], model: Model, at: datetime) -> str:
    """person_key, points of one signal: its acts, decayed, summed and capped."""
    age = f"(DATE '{at.date()}' - CAST(occurred_at AS DATE))"
    decay = "1"
    if number["is_linear"]:
        decay = f"(1 - {age} / {number['window_days']})"
    elif number["half_life"]:
        decay = f"pow(0.5, {age} / {number['half_life']})"
    kept = f"coalesce(pow({model.resets[0].keep}, CAST(returned_at >= occurred_at AS INTEGER)), 1)"
    # Whole hundredths: `//` of doubles is not the same.
    decayed = f"CAST(floor({number['raw']} * {decay} * {kept} + 0.5) AS BIGINT)"
    cap = number["cap"]
    return f"""SELECT person_key, greatest(least(sum({decayed}), {cap}), -{cap}) AS points
FROM ({_rows(signal)}) LEFT JOIN returned USING (person_key)
WHERE CAST(occurred_at AS DATE) > DATE '{at.date()}' - {number["window_days"]} GROUP BY person_key"""


def _rows(signal: Signal) -> str:
    """person_key, occurred_at of each piece of evidence."""
    if signal.together:
        raise NotImplementedError(f"signal {signal.id}: combinations are not written out here")
    whose = (
        f" AND person_key IN (SELECT person_key FROM people WHERE {_sql(signal.person)})"
        if signal.person
        else ""
    )
    if signal.visit and signal.count:
        key = "visit"
        rows = f"""SELECT person_key, visit, min(occurred_at) AS occurred_at FROM seen
WHERE {_sql(signal.visit)}{whose} GROUP BY person_key, visit"""
    elif signal.visit:
        return f"SELECT person_key, occurred_at FROM seen WHERE {_sql(signal.visit)}{whose} AND next_page_at IS NULL"
    else:
        key = KEYS[signal.once]
        rows = f"SELECT *, {key} AS key FROM acts WHERE {_sql(signal.when or '')}{whose}"
        key = "key"
    if signal.count:
        span = int(signal.count.within.total_seconds() * 1e6) - 1
        rows = f"""SELECT * FROM (SELECT *, count(DISTINCT {key}) OVER (PARTITION BY person_key ORDER BY occurred_at
RANGE BETWEEN INTERVAL {span} MICROSECONDS PRECEDING AND CURRENT ROW) AS within FROM ({rows}))
WHERE within >= {signal.count.at_least}"""
    if signal.once:
        rows = f"SELECT person_key, max(occurred_at) AS occurred_at FROM ({rows}) GROUP BY person_key, {key}"
    return f"SELECT person_key, occurred_at FROM ({rows})"


def _sql(condition: str) -> str:
    return f"({sqlglot.transpile(condition, read='postgres', write='duckdb')[0]})"
