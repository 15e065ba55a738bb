"""The `sync` deployment: one run of the chain, each stage a Prefect task, what it did as artifacts."""

from prefect import flow
from prefect.runtime import flow_run

from flows import chain
from flows.in_prefect import Run, as_task, concluded, logged_progress
from flows.presentation import artifacts
from flows.settings import read_settings
from flows.wiring import wired
from schemas.vocabulary import Stream
from tasks.summary import Summary

NONE: list[Stream] = []


def _name() -> str:
    """What ran, in the list of runs: an everyday sync, or one by hand that takes batches as they are."""
    accepted = flow_run.parameters.get("accept_batches") or []
    return f"sync accepting {', '.join(map(str, accepted))}" if accepted else "sync"


@flow(name="sync", flow_run_name=_name, persist_result=False)
def sync(accept_batches: list[Stream] = NONE) -> Run:
    """Pull what changed from both platforms, score, move, assign, and push back.

    Args:
        accept_batches: Streams whose next batch is stored although too many of its rows are bad. Leave it empty
            unless a run failed for that reason and you looked at the rows.
    """

    def work() -> Summary:
        with wired(read_settings()) as wiring, logged_progress() as progress:
            summary = chain.sync(wiring, progress, accept_batches=accept_batches, stage=as_task)
            artifacts.publish(summary, wiring)
        return summary

    return concluded(work)
