"""Puts the parts of this folder together for one org."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.answers import PATIENT, REAL_TIME, Retries, Timing
from connectors.http import HttpClient
from connectors.limiter import Limiter
from connectors.salesforce.api import Api
from connectors.salesforce.auth import Credentials, authorise
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.deployed import Deployed
from connectors.salesforce.errors import SALESFORCE, judge
from connectors.salesforce.examine import Examiner
from connectors.salesforce.sink import AUTO_ASSIGN, SalesforceSink
from connectors.salesforce.source import SalesforceSource
from connectors.salesforce.words import Words
from schemas.playbook.platforms import ExtraField, Handover, Salesforce, StatusRow

LOOKBACK = timedelta(minutes=10)
BULK_ABOVE = 2_000
# Short requests are not limited; 25 that run over 20 s are, for all integrations of the org together.
_AT_ONCE = 5


@dataclass(frozen=True)
class Connection:
    """One org, to read from and to write to. `client.calls` counts what was sent."""

    source: SalesforceSource
    sink: SalesforceSink
    client: HttpClient

    def close(self) -> None:
        self.client.close()


def connect(
    url: str,
    credentials: Credentials,
    settings: Salesforce,
    extra: Mapping[str, ExtraField],
    statuses: Sequence[StatusRow],
    handover: Handover,
    *,
    timing: Timing = REAL_TIME,
    retries: Retries = PATIENT,
    lookback: timedelta = LOOKBACK,
    bulk_above: int = BULK_ABOVE,
) -> Connection:
    """Nothing is sent yet: the token is fetched with the first request.

    `url` is the org's My Domain URL; plain http is refused but for loopback. A pull of more than
    `bulk_above` rows of one object, or a write of more records, goes through Bulk 2.0.
    """
    words = Words(settings, extra)
    client = HttpClient(
        SALESFORCE,
        url,
        judge,
        authorise=lambda client: authorise(client, credentials),
        headers={AUTO_ASSIGN: "FALSE"},
        limiter=Limiter(calls=200, per=1.0, concurrent=_AT_ONCE, clock=timing.clock, sleep=timing.sleep),
        timing=timing,
        retries=retries,
    )
    api = Api(client, settings.api_version)
    bulk = Bulk(api)
    deployed = Deployed(api, words)
    examiner = Examiner(api, words, deployed, statuses)
    source = SalesforceSource(api, bulk, words, examiner, lookback=lookback, bulk_above=bulk_above)
    sink = SalesforceSink(api, bulk, words, deployed, handover, bulk_above=bulk_above)
    return Connection(source, sink, client)
