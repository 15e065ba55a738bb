"""Facts from Salesforce: the windows of all streams in few calls, five queries to a composite."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from connectors.errors import (
    AccessDenied,
    Damaged,
    PlatformError,
    QuotaExhausted,
    RequestRefused,
    Unavailable,
)
from connectors.ports import Finding, Page, StreamFailure, StreamRequest
from connectors.quota import Usage
from connectors.salesforce.api import QUERIES_A_COMPOSITE, Api, QueryPage
from connectors.salesforce.auth import identity
from connectors.salesforce.bulk import Bulk, is_gone
from connectors.salesforce.errors import SALESFORCE, ObjectMissing
from connectors.salesforce.examine import Examiner
from connectors.salesforce.reader import Reader, reader_of
from connectors.salesforce.reading import Step, Window, by_job, by_pages, resumed
from connectors.salesforce.soql import select
from connectors.salesforce.streams import Plan, Stamped, Whole, plan_of
from connectors.salesforce.words import Words
from schemas.vocabulary import Platform, Stream

_PEOPLE = {Stream.LEADS, Stream.CONTACTS}
# `facts_since` limits these; accounts, owners and MQL records are read in full whatever their age.
_FACTS = {
    Stream.OPPORTUNITIES,
    Stream.CONTACT_ROLES,
    Stream.CAMPAIGN_MEMBERS,
    Stream.TASKS,
    Stream.FIELD_HISTORY,
}
# If a whole composite is refused so, asking for the other streams would only take longer.
_ENDS_ALL = (Unavailable, QuotaExhausted, AccessDenied)


@dataclass(frozen=True)
class _Question:
    """One query of one stream, to be asked in a composite."""

    reader: Reader
    query: Stamped | Whole
    window: Window | None

    @property
    def soql(self) -> str:
        if isinstance(self.query, Whole):
            return self.query.soql()
        assert self.window is not None
        return self.window.soql()


class SalesforceSource:
    """`ports.Source` of one org. `lookback` covers transactions that commit late; `bulk_above` counts rows."""

    platform = Platform.SALESFORCE

    def __init__(
        self, api: Api, bulk: Bulk, words: Words, examiner: Examiner, *, lookback: timedelta, bulk_above: int
    ) -> None:
        self._api = api
        self._bulk = bulk
        self._words = words
        self._examiner = examiner
        self._lookback = lookback
        self._bulk_above = bulk_above

    def server_time(self) -> datetime:
        """The org's clock; the same call tells the day's usage."""
        self._api.limits()
        if self._api.client.last_date is None:
            raise Damaged(SALESFORCE, "an answer came without the header Date")
        return self._api.client.last_date

    def usage(self) -> Usage | None:
        """API calls of the last 24 hours by the whole org, as the latest answer told; no request."""
        return self._api.usage()

    def binding(self) -> str:
        """The Organization id, 18 characters: from the token, or by one query."""
        if found := identity(self._api.client.token):
            return found[0]
        ((row,),) = self._api.rows([select(["Id"], "Organization")])
        return str(row["Id"])

    def examine(self) -> Sequence[Finding]:
        return self._examiner.findings()

    def pull(self, requests: Sequence[StreamRequest], through: datetime) -> Iterator[Page | StreamFailure]:
        """Five queries share one call; further pages and bulk jobs are calls of their own."""
        readers = []
        for request in requests:
            if plan := plan_of(request.stream, self._words):
                readers.append(self._reader(plan, request, through))
            else:
                error = RequestRefused(SALESFORCE, f"there is no stream {request.stream} here")
                yield StreamFailure(request.stream, error)
        for reader in readers:
            yield from _guarded(reader, self._rest_of_jobs(reader))
        open_readers = [reader for reader in readers if not reader.failed]
        questions = [question for reader in open_readers for question in _questions(reader)]
        while questions := [question for question in questions if not question.reader.failed]:
            group, questions = questions[:QUERIES_A_COMPOSITE], questions[QUERIES_A_COMPOSITE:]
            try:
                answers = self._api.queries([question.soql for question in group])
            except PlatformError as error:
                stopped = group + questions if isinstance(error, _ENDS_ALL) else group
                yield from _failures([question.reader for question in stopped], error)
                continue
            for question, answer in zip(group, answers, strict=True):
                if not question.reader.failed:
                    yield from _guarded(question.reader, self._answered(question, answer))

    def _reader(self, plan: Plan, request: StreamRequest, through: datetime) -> Reader:
        since = request.since or self._default_since(request.stream)
        return reader_of(plan, request, since, through, self._lookback)

    def _default_since(self, stream: Stream) -> datetime | None:
        settings = self._words.settings
        if stream in _PEOPLE:
            return _midnight(settings.people_since)
        return _midnight(settings.facts_since) if stream in _FACTS else None

    def _rest_of_jobs(self, reader: Reader) -> Iterator[Page]:
        """Bulk jobs that an earlier run began and did not read to the end."""
        for query in reader.plan.stamped:
            mark = dict(reader.marks.get(query.sobject, {}))
            job = mark.pop("job", None)
            if job is None:
                continue
            window = Window(query, None, datetime.fromisoformat(job["upper"]))
            try:
                for step in resumed(self._bulk, window, mark, job["id"], job["locator"]):
                    # The job's end is not the stream's: what changed since it began is read next.
                    yield from reader.stepped(query, step._replace(ends=False))
            except PlatformError as error:
                if not is_gone(error):
                    raise
                reader.marks[query.sobject] = mark

    def _answered(self, question: _Question, answer: QueryPage | PlatformError) -> Iterator[Page]:
        reader, query = question.reader, question.query
        if isinstance(query, Whole):
            yield from reader.gather(query, list(self._api.remaining(_or_raise(answer))))
            return
        assert question.window is not None
        if query.optional and isinstance(answer, ObjectMissing):
            answer = QueryPage((), 0, None)
        for step in self._steps(reader, question.window, _or_raise(answer)):
            yield from reader.stepped(query, step)

    def _steps(self, reader: Reader, window: Window, first: QueryPage) -> Iterator[Step]:
        if first.more and first.total > self._bulk_above:
            return by_job(self._api, self._bulk, window, reader.marks.get(window.query.sobject, {}))
        return by_pages(self._api, window, first)


def _questions(reader: Reader) -> Iterator[_Question]:
    for stamped in reader.plan.stamped:
        yield _Question(reader, stamped, reader.window(stamped))
    for whole in reader.plan.whole:
        yield _Question(reader, whole, None)


def _guarded(reader: Reader, pages: Iterator[Page]) -> Iterator[Page | StreamFailure]:
    try:
        yield from pages
    except PlatformError as error:
        yield from _failures([reader], error)


def _failures(readers: Sequence[Reader], error: PlatformError) -> Iterator[StreamFailure]:
    for reader in readers:
        if reader.failed is None:
            reader.failed = error
            yield StreamFailure(reader.stream, error)


def _or_raise(answer: QueryPage | PlatformError) -> QueryPage:
    if isinstance(answer, PlatformError):
        raise answer
    return answer


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
