"""Changes: from what was decided to what should be written where. One pure function; the silos know no outbox.

`derive` lays out what the platforms ought to show (`marketo`, `crm`, `handovers`, `arrivals`), takes away what they
show or were asked already (`differences`), and names what nobody wants any more.
"""

from engine.changes.derive import ChangeDecisions, Decided, derive

__all__ = ["ChangeDecisions", "Decided", "derive"]
