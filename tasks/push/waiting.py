"""Handovers that wait too long for their person to appear in the CRM."""

from datetime import timedelta

import sqlalchemy as sa

from ledger.open import Ledger
from ledger.tables.operations import outbox
from schemas.playbook.load import Playbook
from schemas.vocabulary import OutboxState
from tasks.run import Run


def overdue(ledger: Ledger, playbook: Playbook, run: Run) -> list[str]:
    """One line if people were requested longer ago than `handover.alarm_after` and still are not in the CRM."""
    handover = playbook.platforms.handover
    limit = run.as_of - timedelta(minutes=handover.alarm_after)
    late = sa.select(sa.func.count(sa.distinct(outbox.c.person_key)), sa.func.min(outbox.c.decided_at)).where(
        outbox.c.is_creation, outbox.c.state == OutboxState.DEFERRED, outbox.c.decided_at < limit
    )
    with ledger.read() as connection:
        people, oldest = connection.execute(late).one()
    if not people:
        return []
    line = (
        f"{people} qualified people wait for the CRM for over {handover.alarm_after} minutes, the oldest since "
        f"{oldest:%Y-%m-%d %H:%M} UTC: is the campaign {handover.campaign!r} active, does native sync run?"
    )
    return [line]
