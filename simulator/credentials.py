"""The keys that the simulated platforms accept. They open nothing but a loopback port."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Credentials:
    client_id: str
    client_secret: str


SALESFORCE = Credentials("3MVG9simulatorConsumerKey", "simulator-salesforce-secret")
MARKETO = Credentials("simulator-marketo-client", "simulator-marketo-secret")
