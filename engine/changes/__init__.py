"""Changes: from what was decided to what should be written where. One pure function; the silos know no outbox.

`derive` lays out what the platforms ought to show (`status`, `crm`, `handovers`, `calls`, `marketo`, `arrivals`), takes
away what they show or were asked already (`differences`), what a person's word stands against, and names what nobody
wants any more.
"""

from engine.changes.crm import free_owners
from engine.changes.derive import ChangeDecisions, Decided, derive

__all__ = ["ChangeDecisions", "Decided", "derive", "free_owners"]
