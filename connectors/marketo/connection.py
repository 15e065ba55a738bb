"""Everything of Marketo put together from what it is given: no environment, no clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.answers import Retries, Timing
from connectors.http import HttpClient
from connectors.limiter import Limiter
from connectors.marketo.api import Api
from connectors.marketo.auth import Credentials, authorise, base_url
from connectors.marketo.bulk import Patience
from connectors.marketo.describe import Describe
from connectors.marketo.envelope import judge
from connectors.marketo.errors import MARKETO
from connectors.marketo.examine import Examiner
from connectors.marketo.mapping import PersonMapping
from connectors.marketo.sink import MarketoSink
from connectors.marketo.source import MarketoSource
from schemas.playbook.platforms import ExtraField, Handover, Marketo

RATE_SECONDS = 21.0  # they count twenty, by another clock and from the other end of the wire
AT_ONCE = 5  # ten are allowed to all integrations together
TIMING = Timing()
PATIENCE = Patience()
RETRIES = Retries(budget=90.0, first=2.0, cap=60.0, attempts=6)


@dataclass(frozen=True)
class MarketoConnection:
    """Both sides of one subscription over one client: one token, one limiter, one count of calls."""

    source: MarketoSource
    sink: MarketoSink
    client: HttpClient

    def close(self) -> None:
        self.client.close()


def connect(
    url: str,
    credentials: Credentials,
    settings: Marketo,
    extra: Mapping[str, ExtraField] | None = None,
    handover: Handover | None = None,
    *,
    timing: Timing = TIMING,
    retries: Retries = RETRIES,
    patience: Patience = PATIENCE,
    timeout: tuple[float, float] = (10.0, 120.0),
) -> MarketoConnection:
    """`url` with or without `/rest`. No request is made before the first is needed.

    Raises Misconfigured for a URL that can't be used.
    """
    limiter = Limiter(
        calls=settings.calls_per_20_seconds,
        per=RATE_SECONDS,
        concurrent=AT_ONCE,
        clock=timing.clock,
        sleep=timing.sleep,
    )
    client = HttpClient(
        MARKETO,
        base_url(url),
        judge,
        authorise=authorise(credentials),
        headers={"Accept": "application/json"},
        limiter=limiter,
        timing=timing,
        retries=retries,
        timeout=timeout,
    )
    handover = handover or Handover()
    api = Api(client)
    describe = Describe(api)
    mapping = PersonMapping.of(settings.fields, extra or {})
    campaign = handover.campaign if handover.create == "marketo" else None
    examiner = Examiner(api, mapping, describe, settings.writes, campaign, settings.daily_calls)
    source = MarketoSource(api, settings, mapping, describe, examiner, patience)
    sink = MarketoSink(api, mapping, describe, settings.writes, handover.campaign)
    return MarketoConnection(source, sink, client)
