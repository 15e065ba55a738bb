"""Finding people: by key, or by what a platform or a person calls them."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ledger.frames import among
from ledger.tables.decisions import cycles
from ledger.tables.facts import mql_records, people, records

KEY = {"person_key": pl.String}


def find_person(connection: sa.Connection, text: str) -> list[str]:
    """Keys of the living people whom a text may mean: a person key, a platform's id, the id or key of an `MQL__c`, or
    an e-mail address. Case does not matter, except where several ids differ in nothing else."""
    wanted = text.strip()
    exact = _living(connection, _by_id(wanted, fold=False))
    found = exact or _living(connection, _by_id(wanted, fold=True))
    return found or _living(connection, [_of(records.c.email_key == wanted.lower())])


def _by_id(text: str, *, fold: bool) -> list[sa.Select[tuple[str]]]:
    def same(column: sa.Column[str]) -> sa.ColumnElement[bool]:
        return sa.func.lower(column) == text.lower() if fold else column == text

    about = [
        sa.select(side).where(
            side.is_not(None), sa.or_(same(mql_records.c.native_id), same(mql_records.c.external_key))
        )
        for side in (mql_records.c.lead_id, mql_records.c.contact_id)
    ]
    return [
        sa.select(people.c.person_key).where(same(people.c.person_key)),
        sa.select(cycles.c.person_key).where(same(cycles.c.cycle_key)),
        _of(same(records.c.native_id)),
        *(_of(records.c.native_id.in_(one)) for one in about),
    ]


def _of(where: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    return sa.select(records.c.person_key).where(records.c.person_key.is_not(None), where)


def _living(connection: sa.Connection, chosen: Iterable[sa.Select[tuple[str]]]) -> list[str]:
    """Whoever was merged is found as the one who lives on; whoever was erased is not found."""
    keys = {key for one in chosen for key in connection.scalars(one)}
    lives = sa.func.coalesce(people.c.merged_into, people.c.person_key)
    living = sa.select(lives).where(among(people.c.person_key, keys), sa.not_(people.c.is_erased)).distinct()
    return sorted(connection.scalars(living))
