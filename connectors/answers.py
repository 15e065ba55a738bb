"""The words between the HTTP client and a platform: an answer, why it isn't taken, and how long to insist."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from connectors.errors import PlatformError


@dataclass(frozen=True)
class Timing:
    """Time and chance, injected. `clock`: monotonic seconds; `now`: seconds since 1970."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class Retries:
    """Waits `first`·2ⁿ seconds, at most `cap`, half of it by chance; ends by `attempts` or after `budget` seconds."""

    budget: float = 60.0
    first: float = 1.0
    cap: float = 30.0
    attempts: int = 7


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The parsed body; ValueError if it is none."""
        if not self.is_json:
            raise ValueError("the body is not JSON")
        return self._parsed[1]

    def json_or_none(self) -> Any:
        return self._parsed[1]

    @property
    def is_json(self) -> bool:
        return self._parsed[0]

    @cached_property
    def _parsed(self) -> tuple[bool, Any]:
        # Judge, client and caller all look at the body; pages hold megabytes, so it is parsed once.
        try:
            return True, json.loads(self.body)
        except (ValueError, RecursionError):  # the second: brackets without end
            return False, None


@dataclass(frozen=True)
class Refusal:
    """Why an answer is not taken. `wait`: seconds at the least before anybody sends the next request."""

    then: Literal["retry", "refresh", "stop"]
    error: PlatformError
    wait: float = 0.0


Judge = Callable[[Answer], Refusal | None]


@dataclass
class Calls:
    """What was sent so far. `requests` counts every one that left, retries included, token calls apart."""

    requests: int = 0
    tokens: int = 0
    retries: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    by_endpoint: Counter[str] = field(default_factory=Counter)


REAL_TIME = Timing()
PATIENT = Retries()
