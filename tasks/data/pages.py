"""The data silo: a pulled page becomes facts, and after all streams the facts are settled.

`store_page` writes one page in the transaction of its caller: good rows, bad rows to quarantine, the cursor. Each
pulled row is counted once: pulled = stored + quarantined + known duplicates.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.ports import Unreadable
from ledger import cursors, quarantine
from ledger.unit_of_work import UnitOfWork
from schemas.admission import Admission
from schemas.playbook.platforms import Platforms, Quarantine
from schemas.streams import natural_key
from schemas.vocabulary import Origin, Platform, Stream
from tasks.data.store import Storing, store
from tasks.run import Run

TOP_REASONS = 3


class BadBatch(Exception):
    """Too many rows of a page are bad for it to be a matter of single rows; nothing of it was stored."""


@dataclass(frozen=True)
class Counts:
    """What became of a page's rows. What a person asked to be forgotten counts as known."""

    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0

    @property
    def pulled(self) -> int:
        return self.stored + self.duplicates + self.quarantined


def store_page(
    tx: UnitOfWork,
    platform: Platform,
    stream: Stream,
    admitted: Admission,
    unreadable: Iterable[Unreadable],
    cursor: Mapping[str, Any],
    is_last: bool,
    run: Run,
    origin: Origin,
    settings: Platforms,
    *,
    accept_batch: bool = False,
    so_far: Counts = Counts(),
) -> Counts:
    """Stores one page. `so_far`: the stream's counts in this run before it; the share of bad rows is taken over both.

    Raises BadBatch above the playbook's share of bad rows, unless `accept_batch`. The cursor of a backfill's closed
    range is not kept: its rows are known again if it is repeated.
    """
    rejected = _with_unreadable(admitted.rejected, unreadable)
    if not accept_batch:
        _check_share(platform, stream, rejected, len(admitted.good), so_far, settings.quarantine)
    rows = admitted.good
    stored = store(tx, rows, Storing(platform, stream, is_last, run.as_of, origin, settings.native_sync))
    refused = quarantine.add(tx, platform, stream, rejected, run.id, run.as_of)
    quarantine.mark_mended(tx, platform, stream, rows[natural_key(stream)], run.as_of)
    if origin != Origin.BACKFILL:
        cursors.save(tx, platform, stream, cursor, run.as_of if is_last else None, run.as_of)
    # A bad row that stands in quarantine already is known, like a good one: windows overlap, so both come again.
    return Counts(stored, len(rows) - stored + len(rejected) - refused, refused)


def _with_unreadable(rejected: pl.DataFrame, unreadable: Iterable[Unreadable]) -> pl.DataFrame:
    rows = [(row.key, [row.reason], row.raw) for row in unreadable]
    return pl.concat([rejected, pl.DataFrame(rows, schema=rejected.schema, orient="row")])


def _check_share(
    platform: Platform, stream: Stream, rejected: pl.DataFrame, good: int, so_far: Counts, limits: Quarantine
) -> None:
    bad = len(rejected) + so_far.quarantined
    rows = len(rejected) + good + so_far.pulled
    if rows < limits.from_rows or bad <= limits.share * rows or rejected.is_empty():
        return
    reasons = Counter(reason for reasons in rejected["reasons"].to_list() for reason in reasons)
    top = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(TOP_REASONS))
    raise BadBatch(
        f"{platform} {stream}: {bad} of {rows} rows are bad, above {limits.share:.0%}. Nothing of this page was "
        f"stored, the cursor stays. Most frequent: {top}. Mend the source or the mapping in playbook/platforms.yaml, "
        f"or pass it by hand with --accept-batch {stream}."
    )
