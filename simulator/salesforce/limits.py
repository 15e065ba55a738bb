"""The daily allowance of API requests, which rolls over 24 hours of wall time."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from simulator.salesforce.org import Org

_BASE = 100_000
_PER_LICENCE = 1_000
_DAY = 86_400


class Limits:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._used: deque[float] = deque()

    @property
    def allowed(self) -> int:
        users = self._org.find("User", IsActive=True, UserType="Standard")
        return _BASE + _PER_LICENCE * len(users)

    @property
    def used(self) -> int:
        while self._used and self._used[0] < time.time() - _DAY:
            self._used.popleft()
        return len(self._used)

    def count(self) -> None:
        self._used.append(time.time())

    @property
    def exceeded(self) -> bool:
        return self.used > self.allowed

    def header(self) -> str:
        return f"api-usage={self.used}/{self.allowed}"

    def as_json(self) -> dict[str, Any]:
        def limit(most: int, left: int | None = None) -> dict[str, int]:
            return {"Max": most, "Remaining": most if left is None else left}

        return {
            "ConcurrentAsyncGetReportInstances": limit(200),
            "DailyApiRequests": limit(self.allowed, max(0, self.allowed - self.used)),
            "DailyAsyncApexExecutions": limit(250_000),
            "DailyBulkApiBatches": limit(15_000),
            "DailyBulkV2QueryFileStorageMB": limit(976_562),
            "DailyBulkV2QueryJobs": limit(10_000),
            "DailyStreamingApiEvents": limit(10_000),
            "DataStorageMB": limit(10_240),
            "FileStorageMB": limit(10_240),
            "HourlyAsyncReportRuns": limit(1_200),
            "MassEmail": limit(5_000),
            "SingleEmail": limit(5_000),
        }
