"""The composition root: the one place where settings, playbook, connectors and ledger meet."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from connectors import marketo, salesforce
from connectors.answers import Retries
from connectors.http import HttpClient
from connectors.ports import Sink, Source
from flows.settings import Settings, SettingsFault
from ledger.open import Ledger
from schemas.playbook.load import Playbook, load_playbook
from schemas.vocabulary import Platform
from tasks.data.retention import Retention


@dataclass(frozen=True)
class Wiring:
    """Everything a flow needs, put together once per process."""

    ledger: Ledger
    playbook: Playbook
    sources: Mapping[Platform, Source]
    sinks: Mapping[Platform, Sink]
    clients: Mapping[Platform, HttpClient]
    live_since: datetime | None
    retention: Retention


@contextmanager
def wired(settings: Settings, *, needs_platforms: bool = True) -> Iterator[Wiring]:
    """Opens what the settings name and closes it again. Raises SettingsFault, PlaybookFaults, LedgerError.

    Commands that only look into the ledger don't need a platform.
    """
    playbook = load_playbook(settings.playbook)
    with ExitStack() as stack:
        # First, so that settings which name no platform leave no ledger behind.
        connections = dict(_connections(settings, playbook)) if needs_platforms else {}
        if needs_platforms and not connections:
            raise SettingsFault(
                "no platform is connected; set MQLFLOW_SALESFORCE_URL and MQLFLOW_MARKETO_URL"
            )
        for connection in connections.values():
            stack.callback(connection.close)
        ledger = stack.enter_context(Ledger.open(settings.database_url.get_secret_value()))
        if ledger.revision() is None:
            ledger.upgrade()  # an empty database becomes a ledger; an older ledger waits for `mqlflow upgrade`
        yield Wiring(
            ledger,
            playbook,
            {platform: connection.source for platform, connection in connections.items()},
            {platform: connection.sink for platform, connection in connections.items()},
            {platform: connection.client for platform, connection in connections.items()},
            settings.live_since or playbook.organisation.live_since,
            Retention(settings.quarantine_days, settings.retention_months),
        )


def _connections(
    settings: Settings, playbook: Playbook
) -> Iterator[tuple[Platform, marketo.MarketoConnection | salesforce.Connection]]:
    platforms, retries = playbook.platforms, Retries(budget=settings.patience)
    if settings.marketo_url:
        yield (
            Platform.MARKETO,
            marketo.connect(
                settings.marketo_url,
                _marketo_credentials(settings),
                platforms.marketo,
                platforms.extra,
                platforms.handover,
                retries=retries,
            ),
        )
    if settings.salesforce_url:
        yield (
            Platform.SALESFORCE,
            salesforce.connect(
                settings.salesforce_url,
                _salesforce_credentials(settings),
                platforms.salesforce,
                platforms.extra,
                platforms.statuses,
                platforms.handover,
                retries=retries,
            ),
        )


def _marketo_credentials(settings: Settings) -> marketo.Credentials:
    if not (settings.marketo_client_id and settings.marketo_client_secret):
        raise SettingsFault("Marketo needs MQLFLOW_MARKETO_CLIENT_ID and MQLFLOW_MARKETO_CLIENT_SECRET")
    return marketo.Credentials(settings.marketo_client_id, settings.marketo_client_secret)


def _salesforce_credentials(settings: Settings) -> salesforce.Credentials:
    if not settings.salesforce_client_id:
        raise SettingsFault("Salesforce needs MQLFLOW_SALESFORCE_CLIENT_ID")
    if settings.salesforce_client_secret:
        return salesforce.ClientCredentials(settings.salesforce_client_id, settings.salesforce_client_secret)
    if settings.salesforce_username and settings.salesforce_private_key_file:
        key = _private_key(settings.salesforce_private_key_file)
        return salesforce.JwtBearer(settings.salesforce_client_id, settings.salesforce_username, key)
    raise SettingsFault(
        "Salesforce needs MQLFLOW_SALESFORCE_CLIENT_SECRET (client credentials), or MQLFLOW_SALESFORCE_USERNAME "
        "and MQLFLOW_SALESFORCE_PRIVATE_KEY_FILE (JWT bearer)"
    )


def _private_key(path: Path) -> SecretStr:
    try:
        return SecretStr(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is no PEM file"
        raise SettingsFault(f"MQLFLOW_SALESFORCE_PRIVATE_KEY_FILE can't be read: {path}: {why}") from None
