"""One access token, shared by all threads, renewed by one of them at a time."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Token:
    """`expires` is an instant of the keeper's clock (seconds); None: good until the platform refuses it.

    `details` keeps what else the platform told, e.g. the identity URL with the org's id.
    """

    value: str = field(repr=False)
    expires: float | None = None
    details: Mapping[str, str] = field(default_factory=dict, repr=False)


class TokenKeeper:
    """Fetches at most one token at a time. Who comes late with a refused token gets the one just fetched."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float], margin: float = 60.0) -> None:
        self._fetch = fetch
        self._clock = clock
        self._margin = margin
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """A token with at least `margin` seconds of life."""
        with self._lock:
            if self._token is None or self._ends(self._token):
                self._token = self._fetch()
            return self._token

    def renewed(self, refused: Token) -> Token:
        """Another token than `refused`; asks the platform only if nobody did since."""
        with self._lock:
            if self._token is None or self._token.value == refused.value:
                self._token = self._fetch()
            return self._token

    def _ends(self, token: Token) -> bool:
        return token.expires is not None and token.expires - self._margin <= self._clock()
