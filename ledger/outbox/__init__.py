"""What is to be written to the platforms, what was, and what became of it.

An entry is one field of one record. It is pending or deferred (both wait), claimed while a push is under way, and
ends applied, unchanged, rejected, conflict, superseded or dropped. At most one entry waits per (platform, object,
target, field): a newer decision supersedes an older one that still waits.
"""

from ledger.outbox.claims import Claim, Entry, any_ready, claim, claimed
from ledger.outbox.conflicts import read_conflicts, write_conflicts
from ledger.outbox.record import Recorded, record, withdraw
from ledger.outbox.settling import Settlement, release, settle
from ledger.outbox.targets import drop, drop_entries, resume, retarget
from ledger.outbox.values import applied_values, counts, last_applied, last_writes, problems, waiting

__all__ = [
    "Claim",
    "Entry",
    "Recorded",
    "Settlement",
    "any_ready",
    "applied_values",
    "claim",
    "claimed",
    "counts",
    "drop",
    "drop_entries",
    "last_applied",
    "last_writes",
    "problems",
    "read_conflicts",
    "record",
    "release",
    "resume",
    "retarget",
    "settle",
    "waiting",
    "withdraw",
    "write_conflicts",
]
