"""People who did something and whom the ledger does not know."""

import sqlalchemy as sa

from ledger.facts.news import Subject
from ledger.tables.facts import news, records
from schemas.vocabulary import Platform, RecordObject


def strangers(connection: sa.Connection, platform: Platform) -> list[str]:
    """Native ids, sorted, of those whose acts are news and who have no record. An act names its person alone."""
    known = sa.exists().where(
        records.c.platform == news.c.platform,
        records.c.object.in_(list(RecordObject)),  # any: named for the sake of the key's index
        records.c.native_id == news.c.native_id,
    )
    chosen = (
        sa.select(news.c.native_id)
        .where(news.c.platform == platform, news.c.subject == Subject.ACTIVITY, ~known)
        .distinct()
        .order_by(news.c.native_id)
    )
    return list(connection.scalars(chosen))
