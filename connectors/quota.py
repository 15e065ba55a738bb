"""How much of a platform's daily allowance is used."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Calls of the platform's own day, by everybody in the organisation, not by us alone."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)
