"""Marketo as a source: the streams put together, the platform's clock, and what a ledger is bound to."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import AccessDenied, Damaged, Misconfigured, PlatformError
from connectors.marketo.activities import ActivityStream
from connectors.marketo.api import Api
from connectors.marketo.bulk import Body, Exports, Patience
from connectors.marketo.describe import Describe
from connectors.marketo.envelope import results
from connectors.marketo.errors import MARKETO
from connectors.marketo.examine import Examiner
from connectors.marketo.feed import Feeds
from connectors.marketo.kinds import Kinds
from connectors.marketo.mapping import PersonMapping
from connectors.marketo.missing_fields import require_all
from connectors.marketo.people import PeopleStream
from connectors.marketo.programs import Programs
from connectors.marketo.removals import RemovalStream
from connectors.ports import Finding, Page, StreamFailure, StreamRequest
from connectors.quota import Usage
from schemas.playbook.platforms import Marketo
from schemas.vocabulary import Platform, Stream

_MUNCHKIN = re.compile(r"^([0-9a-z]{3}-[0-9a-z]{3}-[0-9a-z]{3})\.mktorest\.com$")

# Programs first: kinds of activities depend on their channels. Removals before people: a merge before its winner.
_ORDER = (Stream.CAMPAIGNS, Stream.REMOVALS, Stream.PEOPLE, Stream.ACTIVITIES)


class MarketoSource:
    """Port `Source`. One object serves one run or many; `describe` and programs' channels are kept between pulls."""

    platform = Platform.MARKETO

    def __init__(
        self,
        api: Api,
        settings: Marketo,
        mapping: PersonMapping,
        describe: Describe,
        examiner: Examiner,
        patience: Patience,
    ) -> None:
        self._api = api
        self._settings = settings
        self._mapping = mapping
        self._describe = describe
        self._examiner = examiner
        self._patience = patience
        self._kinds = Kinds(settings.activities)
        self._programs = Programs(api)
        self._usage: Usage | None = None

    def server_time(self) -> datetime:
        """The `Date` of the answer to the usage call, which besides tells how many calls are left today."""
        try:
            self._note_usage(results(self._api.usage()))
        except AccessDenied as denied:
            if denied.code != "603":  # the role may not read usage; the answer has a date all the same
                raise
        date = self._api.client.last_date
        if date is None:
            raise Damaged(MARKETO, "answers come without a Date header; is there a proxy that removes it?")
        return date

    def usage(self) -> Usage | None:
        """As of the last `server_time`; None if the platform did not tell."""
        return self._usage

    def binding(self) -> str:
        """The Munchkin id that the host names; on any other host, the API user's, which is of one subscription.

        The user's address stands in no ledger and no message: its domain, and a digest of all of it.
        """
        host = urlsplit(self._api.client.base_url).hostname or ""
        if match := _MUNCHKIN.match(host.lower()):
            return match[1].upper()
        user = self._api.client.token.details.get("user")
        if not user:
            raise Misconfigured(
                MARKETO,
                "neither host nor token tell the subscription; use https://<munchkin id>.mktorest.com",
            )
        return f"{user.partition('@')[2]}/{hashlib.sha256(user.encode()).hexdigest()[:12]}"

    def pull(self, requests: Sequence[StreamRequest], through: datetime) -> Iterator[Page | StreamFailure]:
        """Streams in an order of our own; one that fails leaves the others alone."""
        self._programs.forget_looking()
        streams = self._streams()
        for request in sorted(requests, key=lambda request: _ORDER.index(_known(request.stream))):
            try:
                yield from streams[request.stream].read(request, through)
            except PlatformError as error:
                yield StreamFailure(request.stream, self._told(error))

    def _told(self, error: PlatformError) -> PlatformError:
        """A refusal for an unknown field names one of them at most, and no cure: describe knows all."""
        if isinstance(error, Misconfigured):
            try:
                require_all(self._describe, self._mapping, error.code)
            except PlatformError as found:
                return found
        return error

    def examine(self) -> Sequence[Finding]:
        return self._examiner.examine(self._kinds.natives)

    def _streams(self) -> Mapping[Stream, Any]:
        feeds = Feeds(self._api)
        days = self._settings.activities_days
        since = datetime.combine(self._settings.people_since, time(), UTC)
        return {
            Stream.CAMPAIGNS: self._programs,
            Stream.REMOVALS: RemovalStream(self._api, self._exports, feeds, days),
            Stream.PEOPLE: PeopleStream(self._api, self._mapping, self._exports, feeds, since),
            Stream.ACTIVITIES: ActivityStream(
                self._api, self._kinds, self._describe, self._programs, self._exports, feeds, days
            ),
        }

    def _exports(self, kind: str, body: Body) -> Exports:
        return Exports(self._api, kind, body, self._api.client.timing.sleep, self._patience)

    def _note_usage(self, found: list[dict[str, Any]]) -> None:
        if found and str(found[0].get("total", "")).isdigit():
            self._usage = Usage(int(found[0]["total"]), self._settings.daily_calls)


def _known(stream: Stream) -> Stream:
    if stream not in _ORDER:
        raise Misconfigured(MARKETO, f"there is no stream {stream} in Marketo")
    return stream
