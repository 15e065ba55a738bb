"""How a stage tells what it is doing, without knowing who listens: a terminal, a Prefect run, nobody."""

from typing import Protocol


class Progress(Protocol):
    """Called often; must be cheap and never raise."""

    def advance(self, stage: str, rows: int, total: int | None = None) -> None:
        """`rows` more were done in `stage`; `total` where it is known."""

    def say(self, message: str) -> None:
        """One line worth reading. Never holds personal data."""


class Silent:
    """Nobody listens."""

    def advance(self, stage: str, rows: int, total: int | None = None) -> None: ...

    def say(self, message: str) -> None: ...
