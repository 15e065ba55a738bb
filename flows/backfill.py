"""The `backfill` deployment: the past brought into the ledger by hand, days and platforms chosen in a form."""

from datetime import date

from prefect import flow

from flows import backfilling
from flows.in_prefect import Run, as_task, concluded, logged_progress
from flows.presentation import artifacts
from flows.settings import read_settings
from flows.wiring import wired
from schemas.vocabulary import Platform
from tasks.summary import Summary

ALL = list(Platform)


@flow(name="backfill", flow_run_name="backfill {since} to {until}", persist_result=False)
def backfill(since: date, until: date, platforms: list[Platform] = ALL) -> Run:
    """Bring the past into the ledger and decide it. Nobody is alerted or assigned, and nothing is pushed.

    A sync must have run on this ledger before: it says who there is. Syncs go on meanwhile.

    Args:
        since: First day, UTC.
        until: Last day, UTC, included; yesterday at the latest.
        platforms: Where to look. One that is not connected is left out.
    """

    def work() -> Summary:
        with wired(read_settings()) as wiring, logged_progress() as progress:
            summary = backfilling.backfill(wiring, since, until, platforms, progress, stage=as_task)
            artifacts.publish(summary, wiring)
        return summary

    return concluded(work)
