"""Calls and errors of today and of the last seven days, by the simulated date in US Central time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from simulator.marketo.call import Call
from simulator.marketo.envelope import answer
from simulator.marketo.limits import central_day
from simulator.marketo.server import Server


def usage(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_calls(server, _today(server))])


def usage_of_week(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_calls(server, day) for day in _week(server)])


def errors(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_errors(server, _today(server))])


def errors_of_week(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_errors(server, day) for day in _week(server)])


def _today(server: Server) -> date:
    return central_day(server.world.clock.now())


def _week(server: Server) -> list[date]:
    """Seven days that end with yesterday, youngest first."""
    return [_today(server) - timedelta(days=back) for back in range(1, 8)]


def _calls(server: Server, day: date) -> dict[str, Any]:
    counts = server.usage.calls.get(day, Counter())
    users = [{"userId": user, "count": count} for user, count in sorted(counts.items())]
    return {"date": day.isoformat(), "total": counts.total(), "users": users}


def _errors(server: Server, day: date) -> dict[str, Any]:
    counts = server.usage.errors.get(day, Counter())
    found = [{"errorCode": code, "count": count} for code, count in sorted(counts.items())]
    return {"date": day.isoformat(), "total": counts.total(), "errors": found}
