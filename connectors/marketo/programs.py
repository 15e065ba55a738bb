"""Programs: the campaigns stream, and the channels by which the kinds of status changes are told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.errors import Damaged
from connectors.marketo.api import PROGRAMS_A_CALL, Api
from connectors.marketo.errors import MARKETO
from connectors.ports import Page, StreamRequest
from connectors.rows import instant_text, to_frame
from schemas.vocabulary import Stream

_MOST_PAGES = 1_000


class Programs:
    """All programs, read through each time: there are few, and a reading is one call for two hundred."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._channels: dict[str, str] = {}
        self._looked = False

    def forget_looking(self) -> None:
        """A new pull may look once more for programs that were unknown."""
        self._looked = False

    def read(self, request: StreamRequest, through: datetime) -> Iterator[Page]:
        """The campaigns stream: one page."""
        frame, unreadable = to_frame(Stream.CAMPAIGNS, [_row(program) for program in self._all()])
        yield Page(Stream.CAMPAIGNS, frame, {"read_at": instant_text(through)}, True, unreadable)

    def channels(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Channels by program id. Unknown programs are looked for once a pull."""
        if not self._looked and set(ids) - self._channels.keys():
            for _ in self._all():
                pass
        return {program: self._channels[program] for program in ids if program in self._channels}

    def _all(self) -> Iterator[dict[str, Any]]:
        """A short or empty page is the end; an empty one has no result at all, but a warning."""
        for number in range(_MOST_PAGES):
            found = self._api.programs(number * PROGRAMS_A_CALL)
            for program in found:
                if program.get("id") is not None and program.get("channel"):
                    self._channels[str(program["id"])] = str(program["channel"])
                yield program
            if len(found) < PROGRAMS_A_CALL:
                self._looked = True  # and not before: half a list would misname what it doesn't hold
                return
        raise Damaged(MARKETO, "the list of programs does not end")


def _row(program: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "native_id": program.get("id"),
        "created_at": program.get("createdAt"),
        "changed_at": program.get("updatedAt"),
        "name": program.get("name"),
        "type": program.get("channel"),
        "status": program.get("status") or None,
    }
