"""Fit to be written to? What the playbook names must be there on every platform before anything is written to any."""

from collections.abc import Mapping

from connectors.errors import PlatformError
from connectors.ports import Sink
from ledger import outbox
from ledger.open import Ledger
from schemas.vocabulary import Platform
from tasks.run import Run


def unfit(ledger: Ledger, sinks: Mapping[Platform, Sink], run: Run) -> list[str]:
    """What somebody must mend first, a line for each platform; asked only if this run has something to write."""
    if not run.is_live:
        return []
    with ledger.read() as connection:
        if not outbox.any_ready(connection, run.as_of):
            return []
    found = []
    for sink in sinks.values():
        try:
            sink.ready()
        except PlatformError as error:
            if error.is_to_mend:
                found.append(str(error))
            # Whatever passes by itself shows again at the write, which keeps its entries.
    return found
