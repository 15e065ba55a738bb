"""SOQL texts. Every value goes through simple-salesforce's quoting; `IN` lists stay within the statement's limits."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

LONGEST_WHERE = 3_900  # Salesforce takes 4,000 characters in a WHERE clause


def quoted(value: str) -> str:
    # Here, for it brings a whole SOAP client along: half a second that only who asks Salesforce should wait.
    from simple_salesforce.format import quote_soql_value

    return str(quote_soql_value(value))


def literal(moment: datetime) -> str:
    """A datetime literal, which stands unquoted. Whole seconds: Salesforce's stamps have no more."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def select(
    fields: Iterable[str], sobject: str, where: Sequence[str] = (), order: str = "", limit: int | None = None
) -> str:
    """Conditions are joined by AND, so one that holds OR must bring its own parentheses."""
    text = f"SELECT {', '.join(dict.fromkeys(fields))} FROM {sobject}"  # noqa: S608 (values are quoted)
    if where:
        text += " WHERE " + " AND ".join(where)
    if order:
        text += f" ORDER BY {order}"
    return text if limit is None else f"{text} LIMIT {limit}"


def in_lists(field: str, values: Iterable[str], others: int = 0) -> Iterator[tuple[str, list[str]]]:
    """(`field IN (…)`, its values) for as many lists as it takes; `others`: characters that the rest needs."""
    room = LONGEST_WHERE - others - len(field) - len(" IN ()")
    batch: list[str] = []
    used = 0
    for value in dict.fromkeys(values):
        size = len(quoted(value)) + 1
        if batch and used + size > room:
            yield _in(field, batch), batch
            batch, used = [], 0
        batch.append(value)
        used += size
    if batch:
        yield _in(field, batch), batch


def _in(field: str, values: Sequence[str]) -> str:
    return f"{field} IN ({','.join(quoted(value) for value in values)})"


def after(stamp: str, moment: str, last_id: str) -> str:
    """Rows that come after one in the order `stamp, Id`: many rows may share a stamp."""
    return f"(({stamp} = {moment} AND Id > {quoted(last_id)}) OR {stamp} > {moment})"
