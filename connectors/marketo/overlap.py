"""The second reading of activities: once a day those of the last days once more, from a bulk file.

A mail is committed after the mail server took it, under its earlier date; a token that was made from a date, and
perhaps others, miss it. So every activity is read again when it is at least `LAG` old, and on each day until it is
`LAG` and `BACK` old: what is committed up to two and a half days late is found. It takes four calls and the platform
some minutes; nobody waits for it: each pull makes one of the calls and its cursor remembers the job.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import PlatformError, QuotaExhausted
from connectors.marketo.api import Api
from connectors.marketo.bulk import ENDED_BADLY, activities_of
from connectors.marketo.bulk_file import Record, records, verified_file
from connectors.marketo.cursors import State, after
from connectors.marketo.dates import read, windows
from connectors.marketo.errors import QueueFull
from connectors.ports import Unreadable
from connectors.rows import instant_text

log = logging.getLogger(__name__)

KIND = "activities"
LAG = timedelta(hours=12)
BACK = timedelta(hours=48)
"""How much of what was read again already a reading holds besides."""
EVERY = timedelta(hours=24)
PAUSE = timedelta(hours=1)


class Overlap:
    """Steps of the second reading. `state` is its part of the cursor; it is changed as the records are taken."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def is_due(self, state: State, through: datetime) -> bool:
        if through < read(state.get("not_before", state["to"])):
            return False
        return through - LAG - read(state["to"]) >= EVERY

    def step(self, state: State, types: Sequence[int], through: datetime) -> Iterator[Record | Unreadable]:
        """One call. Its failure is no failure of the stream: the job is dropped, and begun anew later."""
        try:
            yield from self._step(state, types, through)
        except QueueFull:
            return
        except PlatformError as error:
            log.warning("the second reading of activities waits: %s", error)
            state.pop("job", None)
            until = error.until if isinstance(error, QuotaExhausted) else None
            state["not_before"] = instant_text(until or through + PAUSE)

    def _step(self, state: State, types: Sequence[int], through: datetime) -> Iterator[Record | Unreadable]:
        job = state.get("job")
        if job is None:
            window = next(windows(read(state["to"]) - BACK, through - LAG))
            created = self._api.create_export(KIND, activities_of(types)(window))
            state["job"] = {
                "id": str(created["exportId"]),
                "end": after(window),
                "stage": "created",
            }
        elif job["stage"] == "created":
            self._api.enqueue_export(KIND, job["id"])
            job["stage"] = "queued"
        elif job["stage"] == "queued":
            self._look(state, job, self._api.export_status(KIND, job["id"]))
        else:
            with verified_file(self._api, KIND, job["id"], job["status"]) as file:
                yield from records(file)
            _finish(state, job)

    @staticmethod
    def _look(state: State, job: State, status: Mapping[str, Any]) -> None:
        if status["status"] in ENDED_BADLY:
            del state["job"]
        elif status["status"] == "Completed":
            if status.get("numberOfRecords") == 0:
                _finish(state, job)
            else:
                job["stage"] = "ready"
                job["status"] = {key: status.get(key) for key in ("fileSize", "fileChecksum")}


def _finish(state: State, job: State) -> None:
    state["to"] = job["end"]
    state.pop("job", None)
    state.pop("not_before", None)
