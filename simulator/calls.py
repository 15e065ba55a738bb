"""How many requests each platform got, by endpoint, since the last reset."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

PLATFORMS = ("salesforce", "marketo")


class Calls:
    """Counts as a platform's usage page would: a composite is one call.

    Token calls, and Marketo's empty activity pages with `moreResult: true`, are counted apart: `total` leaves
    them out, since a client can do nothing about their number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._endpoints: dict[str, Counter[str]] = {p: Counter() for p in PLATFORMS}
            self._total: Counter[str] = Counter()
            self._token: Counter[str] = Counter()
            self._empty_pages: Counter[str] = Counter()

    def record(self, platform: str, endpoint: str, *, token: bool = False) -> None:
        with self._lock:
            self._endpoints[platform][endpoint] += 1
            (self._token if token else self._total)[platform] += 1

    def empty_page(self, platform: str) -> None:
        """Moves the request that is being answered from `total` to `empty_pages`."""
        with self._lock:
            self._empty_pages[platform] += 1
            self._total[platform] -= 1

    def total(self, platform: str) -> int:
        return self._total[platform]

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {
                platform: {
                    "total": self._total[platform],
                    "token": self._token[platform],
                    "empty_pages": self._empty_pages[platform],
                    "by_endpoint": dict(sorted(self._endpoints[platform].items())),
                }
                for platform in PLATFORMS
            }
