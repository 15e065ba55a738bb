"""Marketo's codes, sorted by what to do next.

Marketo answers HTTP 200 for nearly every error, and the range of a code does not tell its level: 1003 stands in the
`errors` of a whole reply as well as in the `reasons` of one record. So callers look at `success` first and ask here
second: `meaning` for what to do, `problem` for the error that ends a stream or a batch, `record_state` for what a
refused record's outcome is.

1029 has three meanings and is told apart by its text: a full queue (wait), the daily 500 MB (stop until midnight), a
job that is queued already (fine).
"""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from connectors.errors import (
    AccessDenied,
    Misconfigured,
    PlatformError,
    QuotaExhausted,
    RequestRefused,
    Unavailable,
)
from connectors.redaction import redact

MARKETO = "marketo"
ALLOWANCE_ZONE = ZoneInfo("America/Chicago")


class Meaning(StrEnum):
    """What a code asks of whoever meets it."""

    AGAIN = "again"  # temporary: again soon, exponentially
    SLOW_DOWN = "slow_down"  # 100 calls in 20 s: again after 20 s at the earliest
    CROWDED = "crowded"  # 10 calls at once: again in 1–5 s
    TIMED_OUT = "timed_out"  # again; a batch is halved, and may have been applied
    TOKEN = "token"  # noqa: S105 – a word, no password: fetch another token, once
    QUEUE_FULL = "queue_full"  # of bulk jobs: again in a minute
    ALLOWANCE = "allowance"  # of the day: nothing more until midnight Central
    DENIED = "denied"  # permission, feature of the role, allowed addresses
    SET_UP = "set_up"  # the subscription lacks something that we name
    REFUSED = "refused"  # the request itself is wrong
    UNSUPPORTED = "unsupported"  # filter that this subscription does not offer: use another
    NOTHING = "nothing"  # no data: an empty answer
    RECORD = "record"  # this record is refused, others are not
    RECORD_LATER = "record_later"  # this record is busy: a later run tries again
    DONE = "done"  # what we wanted is so already


_MEANINGS: dict[str, Meaning] = {
    "413": Meaning.REFUSED,
    "414": Meaning.REFUSED,
    "500": Meaning.AGAIN,
    "502": Meaning.AGAIN,
    "503": Meaning.AGAIN,
    "504": Meaning.AGAIN,
    "600": Meaning.DENIED,
    "601": Meaning.TOKEN,
    "602": Meaning.TOKEN,
    "603": Meaning.DENIED,
    "604": Meaning.TIMED_OUT,
    "605": Meaning.REFUSED,
    "606": Meaning.SLOW_DOWN,
    "607": Meaning.ALLOWANCE,
    "608": Meaning.AGAIN,
    "609": Meaning.REFUSED,
    "610": Meaning.REFUSED,
    "611": Meaning.AGAIN,
    "612": Meaning.REFUSED,
    "613": Meaning.REFUSED,
    "614": Meaning.AGAIN,
    "615": Meaning.CROWDED,
    "616": Meaning.SET_UP,
    "701": Meaning.REFUSED,
    "702": Meaning.NOTHING,
    "703": Meaning.SET_UP,
    "704": Meaning.REFUSED,
    "709": Meaning.REFUSED,
    "710": Meaning.REFUSED,
    "711": Meaning.REFUSED,
    "712": Meaning.RECORD,
    "713": Meaning.AGAIN,
    "714": Meaning.RECORD,
    "718": Meaning.RECORD,
    "719": Meaning.AGAIN,
    "1001": Meaning.RECORD,
    "1002": Meaning.RECORD,
    "1003": Meaning.RECORD,
    "1004": Meaning.RECORD,
    "1005": Meaning.RECORD,
    "1006": Meaning.SET_UP,
    "1007": Meaning.RECORD,
    "1008": Meaning.SET_UP,
    "1009": Meaning.SET_UP,
    "1010": Meaning.SET_UP,
    "1011": Meaning.SET_UP,
    "1012": Meaning.RECORD,
    "1013": Meaning.RECORD,
    "1014": Meaning.RECORD_LATER,
    "1015": Meaning.DONE,
    "1016": Meaning.QUEUE_FULL,
    "1017": Meaning.DONE,
    "1018": Meaning.SET_UP,
    "1019": Meaning.RECORD_LATER,
    "1020": Meaning.ALLOWANCE,
    "1021": Meaning.SET_UP,
    "1022": Meaning.RECORD_LATER,
    "1025": Meaning.SET_UP,
    "1026": Meaning.SET_UP,
    "1027": Meaning.SET_UP,
    "1028": Meaning.SET_UP,
    "1035": Meaning.UNSUPPORTED,
    "1036": Meaning.RECORD,
    "1037": Meaning.DONE,
    "1042": Meaning.RECORD,
    "1048": Meaning.RECORD,
    "1049": Meaning.RECORD,
    "1076": Meaning.RECORD,
    "1077": Meaning.RECORD,
    "1078": Meaning.RECORD,
    "1079": Meaning.RECORD,
    "1080": Meaning.RECORD,
}

_LATER = frozenset(
    {
        Meaning.AGAIN,
        Meaning.SLOW_DOWN,
        Meaning.CROWDED,
        Meaning.TIMED_OUT,
        Meaning.QUEUE_FULL,
        Meaning.ALLOWANCE,
        Meaning.RECORD_LATER,
    }
)

_ADVICE: dict[Meaning, str] = {
    Meaning.AGAIN: "a temporary refusal that outlasted the retries; the next run tries again",
    Meaning.SLOW_DOWN: "too many calls in 20 seconds even after waiting; lower marketo.calls_per_20_seconds",
    Meaning.CROWDED: "ten calls at once are running already; the next run tries again",
    Meaning.TIMED_OUT: "the request timed out there; the next run tries again",
    Meaning.TOKEN: "a fresh access token was refused twice; check the custom service and its API user",
    Meaning.QUEUE_FULL: "the queue of bulk jobs stayed full; the next run tries again",
    Meaning.ALLOWANCE: "an allowance of the day is used up",
    Meaning.DENIED: "access denied; give the API user's role the permission, or allow this address",
    Meaning.SET_UP: "the subscription lacks something that the playbook names; `mqlflow doctor` says what",
    Meaning.REFUSED: "the request was called wrong; please report it",
    Meaning.UNSUPPORTED: "this subscription does not offer the filter",
    Meaning.NOTHING: "no data was found",
    Meaning.RECORD: "the request was refused because of a record or value in it",
    Meaning.RECORD_LATER: "the record is busy; the next run tries again",
    Meaning.DONE: "it is so already",
}


class QueueFull(Unavailable):
    """Ten bulk jobs wait or run already: read one of them, or wait a minute."""


class TimedOut(Unavailable):
    """The request took too long there and may have been applied: halve the batch."""


class RecordRefused(RequestRefused):
    """The whole call was refused because of one record in it: halve the batch to find it."""


class FilterUnsupported(RequestRefused):
    """The subscription doesn't offer this filter: use another."""


class NothingFound(RequestRefused):
    """An empty answer, said as an error."""


class AlreadySo(RequestRefused):
    """What was asked for is so already."""


_CLASSES: dict[Meaning, type[PlatformError]] = {
    Meaning.TIMED_OUT: TimedOut,
    Meaning.TOKEN: AccessDenied,
    Meaning.QUEUE_FULL: QueueFull,
    Meaning.DENIED: AccessDenied,
    Meaning.SET_UP: Misconfigured,
    Meaning.REFUSED: RequestRefused,
    Meaning.UNSUPPORTED: FilterUnsupported,
    Meaning.NOTHING: NothingFound,
    Meaning.RECORD: RecordRefused,
    Meaning.DONE: AlreadySo,
}


def meaning(code: str, message: str = "") -> Meaning:
    """What a code asks of us. Unknown codes are wrong requests: repeating what nobody understands helps nobody."""
    if code == "1029":
        text = message.lower()
        if "quota" in text:
            return Meaning.ALLOWANCE
        if "already queued" in text:
            return Meaning.DONE
        return Meaning.QUEUE_FULL
    return _MEANINGS.get(code, Meaning.REFUSED)


def problem(code: str, message: str, where: str, now: datetime | None) -> PlatformError:
    """The error that ends a stream or batch. `now` is the platform's time, from which the allowance's end follows."""
    what = meaning(code, message)
    if code == "1003" and "field" in message.lower():
        what = Meaning.SET_UP  # a bulk job names unknown fields so: "Invalid fields [mqlScore]"
    text = f"{where}: {_ADVICE[what]}" + (f" — {redact(message)}" if message else "")
    if what is Meaning.ALLOWANCE:
        return QuotaExhausted(MARKETO, text, code, until=next_allowance(now) if now else None)
    return _CLASSES.get(what, Unavailable)(MARKETO, text, code)


def record_state(code: str, message: str = "") -> str:
    """The outcome of one refused record: `unchanged` if it was so already, `deferred` if busy, else `rejected`."""
    what = meaning(code, message)
    if what is Meaning.DONE:
        return "unchanged"
    return "deferred" if what in _LATER else "rejected"


def next_allowance(now: datetime) -> datetime:
    """The next midnight in Chicago, five minutes in: the daily counters are reset at 00:00 US Central Time."""
    tomorrow = now.astimezone(ALLOWANCE_ZONE).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(0, 5), tzinfo=ALLOWANCE_ZONE)
    return midnight.astimezone(UTC)
