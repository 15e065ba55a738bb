"""What shall go wrong next, told through the control API and used up by the servers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BOTH = frozenset({"http_status", "drop_before", "drop_after", "delay"})
SALESFORCE = BOTH | {
    "session_expired",
    "request_limit",
    "concurrent_limit",
    "lock_row",
    "record_error",
    "short_pages",
    "locator_expired",
    "late_commit",
    "missing_field",
    "missing_object",
    "bulk_fail",
}
MARKETO = BOTH | {
    "code",
    "record_code",
    "empty_pages",
    "truncate_file",
    "corrupt_file",
    "file_as_json_error",
    "missing_member",
    "token_expired",
    "missing_field",
    "campaign_ignored",
}
KINDS: Mapping[str, frozenset[str]] = {"salesforce": frozenset(SALESFORCE), "marketo": frozenset(MARKETO)}
# Options that are numbers, with the least and the most that make sense.
NUMBERS = {
    "status": (200, 599),
    "seconds": (0, 1e9),
    "after": (0, 1e9),
    "bytes": (0, 1e12),
    "n": (0, 1e6),
    "size": (1, 1e6),
}
# These describe a state of the org, not an event: they hold until they are deleted.
LASTING = frozenset({"missing_field", "missing_object"})


class UnknownFault(ValueError):
    """The fault's platform or kind does not exist; the message lists those that do."""


@dataclass
class Fault:
    """One armed fault; `left` counts the times it will still fire."""

    id: int
    platform: str
    kind: str
    left: int
    match: Mapping[str, Any]
    options: Mapping[str, Any]
    fired: int = field(default=0)

    def option(self, name: str, default: Any = None) -> Any:
        return self.options.get(name, default)

    def matches(self, context: Mapping[str, str | None]) -> bool:
        """`path` matches as a substring, everything else as a whole word without regard to case."""
        for key, wanted in self.match.items():
            found = context.get(key)
            if found is None:
                return False
            if key == "path":
                if str(wanted) not in found:
                    return False
            elif str(wanted).lower() != found.lower():
                return False
        return True

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "platform": self.platform,
            "kind": self.kind,
            "times": self.left,
            "fired": self.fired,
            "match": dict(self.match),
            **self.options,
        }


class Faults:
    """The registry. `take` answers the first armed fault that matches and uses it up once; `peek` only looks."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, description: Mapping[str, Any]) -> Fault:
        values = dict(description)
        platform = values.pop("platform", None)
        kind = values.pop("kind", None)
        if platform not in KINDS:
            raise UnknownFault(f"platform must be one of {', '.join(sorted(KINDS))}, not {platform!r}")
        if kind not in KINDS[platform]:
            raise UnknownFault(
                f"{platform} has no fault {kind!r}; it has {', '.join(sorted(KINDS[platform]))}"
            )
        times = int(values.pop("times", 1))
        if times < 1:
            raise UnknownFault(f"a fault fires at least once, not {times} times")
        for name in NUMBERS.keys() & values.keys():
            _refuse_no_number(name, values[name])
        match = values.pop("match", {}) or {}
        if not isinstance(match, Mapping):
            raise UnknownFault('match must be an object such as {"path": "/query"}')
        with self._lock:
            fault = Fault(next(self._ids), platform, kind, times, dict(match), values)
            self._armed.append(fault)
        return fault

    def take(self, platform: str, *kinds: str, **context: str | None) -> Fault | None:
        """The first armed fault of these kinds that matches, used up once."""
        with self._lock:
            for fault in self._armed:
                if fault.platform == platform and fault.kind in kinds and fault.matches(context):
                    fault.fired += 1
                    if fault.kind not in LASTING:
                        fault.left -= 1
                        if fault.left <= 0:
                            self._armed.remove(fault)
                    return fault
        return None

    def peek(self, platform: str, *kinds: str) -> list[Fault]:
        with self._lock:
            return [f for f in self._armed if f.platform == platform and f.kind in kinds]

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._armed)

    def clear(self, fault_id: int | None = None) -> None:
        with self._lock:
            self._armed = [] if fault_id is None else [f for f in self._armed if f.id != fault_id]


def _refuse_no_number(name: str, value: Any) -> None:
    least, most = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UnknownFault(f"{name} must be a number from {least} to {most:g}, not {value!r}")
