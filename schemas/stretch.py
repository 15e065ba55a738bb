"""A stretch of the past that backfills speak of."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Stretch:
    """The instants in (`after`, `through`]."""

    after: datetime
    through: datetime

    def without(self, other: "Stretch") -> "list[Stretch]":
        """What is left of this stretch beside the other one: none, one or two."""
        if other.through <= self.after or other.after >= self.through:
            return [self]
        left = [Stretch(self.after, other.after)] if other.after > self.after else []
        right = [Stretch(other.through, self.through)] if other.through < self.through else []
        return left + right
