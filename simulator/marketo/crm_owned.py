"""What native CRM synchronisation takes away: companies, opportunities, roles and sales persons answer
1018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.call import Call
from simulator.marketo.errors import MarketoError
from simulator.marketo.server import Server

PATHS = ("companies", "opportunities", "opportunities/roles", "salespersons")


def refused(server: Server, call: Call) -> Mapping[str, Any]:
    raise MarketoError("1018", "CRM Enabled")
