"""A generated year (or month) of people and what they did, as frames; no platform, no ledger, no clock.

Everything follows from row numbers by Polars' own hash, so that millions of rows take a second or two, and the same
numbers give the same history on the same version of Polars. People act in bursts of a few acts, a few people act very
much, and what they do is spread as on a B2B company's site: mostly visits and opened mails, now and then a form.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from schemas.frames.base import UTC

BURST = 6
"""Acts of one sitting, two minutes apart."""
MOST_ACTS = 1_000
"""More than anybody has: acts of pieces are numbered apart."""

# weight, kind, native kind, asset, url
_ACTS: tuple[tuple[int, str, str, str | None, str | None], ...] = (
    (60, "page_visit", "Visit Webpage", None, "www.example.com/"),
    (90, "page_visit", "Visit Webpage", None, "www.example.com/products/platform"),
    (70, "page_visit", "Visit Webpage", None, "www.example.com/products/analytics"),
    (90, "page_visit", "Visit Webpage", None, "www.example.com/blog/the-cost-of-an-empty-truck"),
    (60, "page_visit", "Visit Webpage", None, "www.example.com/blog/three-forecasts-that-failed"),
    (30, "page_visit", "Visit Webpage", None, "www.example.com/case-studies/northern-freight"),
    (30, "page_visit", "Visit Webpage", None, "www.example.com/integrations/salesforce"),
    (20, "page_visit", "Visit Webpage", None, "www.example.com/compare/us-vs-spreadsheets"),
    (40, "page_visit", "Visit Webpage", None, "www.example.com/pricing"),
    (15, "page_visit", "Visit Webpage", None, "www.example.com/careers"),
    (120, "email_open", "Open Email", "Newsletter March", None),
    (80, "email_open", "Open Email", "Invitation Operations Days", None),
    (60, "email_click", "Click Email", "Newsletter March", None),
    (40, "email_click", "Click Email", "Invitation Operations Days", None),
    (60, "link_click", "Click Link", None, "www.example.com/products/platform"),
    (30, "program_status", "Change Status in Progression", "Nurture Operations", None),
    (20, "list_add", "Add to List", "All customers of the fair", None),
    (18, "webinar_registered", "Change Status in Progression", "Webinar: Forecasts that hold", None),
    (9, "webinar_attended", "Change Status in Progression", "Webinar: Forecasts that hold", None),
    (6, "event_attended", "Change Status in Progression", "Operations Days", None),
    (12, "form_fill", "Fill Out Form", "Whitepaper Late Deliveries", "www.example.com/resources/late"),
    (10, "form_fill", "Fill Out Form", "Whitepaper Forecast Errors", "www.example.com/resources/errors"),
    (8, "form_fill", "Fill Out Form", "Planning Self-Assessment", "www.example.com/tools/assessment"),
    (10, "form_fill", "Fill Out Form", "Newsletter", "www.example.com/newsletter"),
    (2, "form_fill", "Fill Out Form", "Contact Us", "www.example.com/contact-us"),
    (2, "form_fill", "Fill Out Form", "Request a Demo", "www.example.com/demo"),
    (1, "trial_signup", "Fill Out Form", "Free Trial", "www.example.com/free-trial"),
)
_TITLES = (
    "Chief Operating Officer", "VP Operations", "Director of Marketing", "Head of Sales Operations",
    "Marketing Manager", "Operations Manager", "IT Manager", "Analyst", "Student", "Dispatcher", None,
)  # fmt: skip
_COUNTRIES = ("Germany", "US", "United Kingdom", "FR", "Netherlands", "Austria", "Brazil", "AU", None)
_INDUSTRIES = ("Software", "Manufacturing", "Transportation", "Retail", "Insurance", "Education", None)


@dataclass(frozen=True)
class History:
    """`people`: number, native_id, created_at and values as a record shows them. `acts`: number (of the person),
    act (a running number), occurred_at, kind, native_kind, asset_name, url; in order of time."""

    people: pl.DataFrame
    acts: pl.DataFrame
    start: datetime
    end: datetime


def generate(
    people: int,
    acts_each: float,
    start: datetime,
    end: datetime,
    *,
    surely: bool = False,
    first: int = 0,
    idle: float = 0.0,
) -> History:
    """`people` with about `acts_each` acts between `start` and `end`. `surely`: each downloads something besides.

    `first`: the number of the first person, so that a large history can be made piece by piece. `idle`: the share of
    people who never do anything.
    """
    known = _people(people, start, first)
    many = (-acts_each * (share_of("number", 11) + 1e-6).log()).ceil().cast(pl.Int64)
    wanted = known.select("number", n=pl.when(share_of("number", 16) >= idle).then(many).otherwise(0))
    acts = (
        wanted.with_columns(turn=pl.int_ranges(0, "n"))
        .explode("turn")
        .drop_nulls("turn")
        .select("number", "turn")
        .with_row_index("act", offset=first * MOST_ACTS)
        .with_columns(sitting=pl.struct("number", pl.col("turn") // BURST))
    )
    seconds = int((end - start).total_seconds())
    moment = (share_of("sitting", 12) * (seconds - BURST * 120)).cast(pl.Int64)
    inside = (pl.col("turn") % BURST) * 120 + (share_of("act", 13) * 60).cast(pl.Int64)
    since = pl.lit(start, UTC)
    dated = acts.select("number", "act", occurred_at=since + pl.duration(seconds=moment + inside))
    described = dated.with_columns(_chosen("act", 14)).join(_assets(), on="asset", how="left").drop("asset")
    if surely:
        described = pl.concat([described, _download(known, described.height, start, seconds)])
    return History(known, described.sort("occurred_at", "act"), start, end)


def _people(people: int, start: datetime, first: int) -> pl.DataFrame:
    number = pl.int_range(first, first + people, eager=True).alias("number").to_frame()
    text = pl.col("number").cast(pl.String)
    return number.with_columns(
        native_id=(pl.col("number") + 1_000_000).cast(pl.String),
        created_at=pl.lit(start - timedelta(days=400), UTC)
        + pl.duration(minutes=(share_of("number", 1) * 400 * 24 * 60).cast(pl.Int64)),
        email=pl.format("person{}@company{}.example", "number", pl.col("number") % 7_001),
        first_name=pl.lit("First") + text,
        last_name=pl.lit("Last") + text,
        company=pl.when(share_of("number", 2) > 0.05).then(pl.format("Company {}", pl.col("number") % 7_001)),
        title=_of(_TITLES, "number", 3),
        phone=pl.when(share_of("number", 4) > 0.5).then(pl.format("+49 30 {}", pl.col("number") + 1_000_000)),
        country=_of(_COUNTRIES, "number", 5),
        industry=_of(_INDUSTRIES, "number", 6),
        employees=(2 ** (share_of("number", 7) * 14 + 3)).cast(pl.Int64),
    )  # fmt: skip


def _download(people: pl.DataFrame, first: int, start: datetime, seconds: int) -> pl.DataFrame:
    """One act of each that still counts for weeks."""
    moment = (share_of("number", 15) * 0.5 + 0.5) * seconds
    return people.select(
        "number",
        act=(pl.col("number") + first).cast(pl.UInt32),
        occurred_at=pl.lit(start, UTC) + pl.duration(seconds=moment.cast(pl.Int64)),
        kind=pl.lit("form_fill"),
        native_kind=pl.lit("Fill Out Form"),
        asset_name=pl.lit("Whitepaper Late Deliveries"),
        url=pl.lit("www.example.com/resources/late"),
    )


def share_of(column: str, seed: int) -> pl.Expr:
    """A number in [0, 1) that follows from the column's value; another `seed`, another number."""
    return (pl.col(column).hash(seed) % 1_000_003).cast(pl.Float64) / 1_000_003


def _of(values: tuple[str | None, ...], column: str, seed: int) -> pl.Expr:
    place = (share_of(column, seed) * len(values)).cast(pl.Int64)
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(place)


def _chosen(column: str, seed: int) -> pl.Expr:
    """The number of an asset, each as often as its weight says."""
    bounds, so_far = [], 0
    for weight, *_ in _ACTS:
        so_far += weight
        bounds.append(so_far)
    drawn = share_of(column, seed) * so_far
    return pl.sum_horizontal((drawn >= bound).cast(pl.Int64) for bound in bounds[:-1]).alias("asset")


def _assets() -> pl.DataFrame:
    rows = [(number, *asset) for number, (_, *asset) in enumerate(_ACTS)]
    schema = {"asset": pl.Int64, **dict.fromkeys(("kind", "native_kind", "asset_name", "url"), pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")
