"""Errors of the platforms, named for what to do next.

PlatformError
├── Unavailable        no answer, or a temporary refusal that outlasted the retries   → the next run tries again
│   └── AnswerLost     … to a request that must not be sent twice: perhaps it was done → look before sending it again
├── QuotaExhausted     a daily allowance is used up; `until` says when it returns      → wait
├── AccessDenied       wrong credentials or a missing permission                       → a person must mend it
├── Misconfigured      a field, object or campaign that we name does not exist         → a person must mend it
├── RequestRefused     the platform calls our request wrong: a fault in mqlflow        → report it
└── Damaged            a file or page arrived broken more often than we retry          → the next run tries again

Messages name what, where and what to do; they never hold bodies, tokens or e-mail addresses. A refused *record* is
not an error but an outcome.
"""

from datetime import datetime


class PlatformError(Exception):
    """Something a platform did that ends the reading of a stream or a batch. `platform` and `code` as it names them."""

    is_passing = False
    """Whether the next run may find it gone without anybody's doing."""
    is_to_mend = False
    """Whether it stays until a person changes something: settings, playbook, credentials, what the org has."""

    def __init__(self, platform: str, message: str, code: str = "") -> None:
        super().__init__(f"{platform}: {message}" + (f" ({code})" if code else ""))
        self.platform = platform
        self.code = code


class Unavailable(PlatformError):
    """No answer, or a temporary refusal that outlasted the retries."""

    is_passing = True


class AnswerLost(Unavailable):
    """A request that must not be sent twice got no answer. It may have been applied: look first."""


class QuotaExhausted(PlatformError):
    """A daily allowance is used up."""

    is_passing = True

    def __init__(self, platform: str, message: str, code: str = "", until: datetime | None = None) -> None:
        super().__init__(platform, message, code)
        self.until = until


class AccessDenied(PlatformError):
    """Wrong credentials or a missing permission."""

    is_to_mend = True


class Misconfigured(PlatformError):
    """A field, object or campaign that the playbook names does not exist there."""

    is_to_mend = True


class RequestRefused(PlatformError):
    """The platform calls our request wrong."""


class Damaged(PlatformError):
    """A file or page arrived broken more often than we retry."""

    is_passing = True
