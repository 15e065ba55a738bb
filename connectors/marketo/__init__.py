"""Marketo: people, activities, programs and removals in; our own fields and requests of the sync campaign out."""

from connectors.marketo.auth import Credentials
from connectors.marketo.bulk import Patience
from connectors.marketo.connection import MarketoConnection, connect

__all__ = ["Credentials", "MarketoConnection", "Patience", "connect"]
