"""The `sync` deployment: one run of the chain, each stage a Prefect task, what it did as artifacts."""

import logging

from prefect import flow

from flows import artifacts, chain
from flows.in_prefect import LoggedProgress, as_task, finish
from flows.settings import read_settings
from flows.wiring import wired
from schemas.vocabulary import Stream

log = logging.getLogger(__name__)


@flow(name="sync", flow_run_name="sync", log_prints=False, persist_result=False)
def sync(accept_batches: list[Stream] | None = None) -> None:
    """Pull what changed from both platforms, score, move, assign, and push back.

    Args:
        accept_batches: Streams whose next batch is stored although too many of its rows are bad. Leave empty.
    """
    with wired(read_settings()) as wiring:
        summary = chain.sync(wiring, LoggedProgress(), accept_batches=accept_batches or [], stage=as_task)
    artifacts.publish(summary)
    finish(summary)
