"""Salesforce: facts by SOQL and Bulk 2.0, decisions by collections, `MQL__c` and tasks."""

from connectors.salesforce.auth import ClientCredentials, Credentials, JwtBearer
from connectors.salesforce.connection import Connection, connect

__all__ = ["ClientCredentials", "Connection", "Credentials", "JwtBearer", "connect"]
