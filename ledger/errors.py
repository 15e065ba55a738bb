"""What can go wrong with the ledger, named by what to do about it.

LedgerError
├── Unreachable      no connection, or the file is locked: look at the server or the file
├── NotMigrated      the database has another revision than this code: upgrade it
├── WrongBinding     the ledger belongs to another org: use that org's ledger
├── LeaseHeld        another run writes: wait for it
├── LeaseLost        this run was replaced: stop, write nothing
├── WriteFailed      the database refused rows: a fault of the code, or of the data
└── SiloViolation    a stage tried to write another stage's table: a fault of the code
Messages never hold the password of a database URL.
"""


class LedgerError(Exception):
    """Base of all; its message says what, where, and what to do."""


class Unreachable(LedgerError):
    """The database doesn't answer, or somebody else has locked it."""


class NotMigrated(LedgerError):
    """The database's revision isn't the one this code is written for."""


class WrongBinding(LedgerError):
    """The ledger was made for another Salesforce org or Marketo subscription."""


class LeaseHeld(LedgerError):
    """Another run holds the ledger. `flow` is what it runs, `holder` who it is."""

    def __init__(self, holder: str, flow: str, *, waited: float = 0.0) -> None:
        self.holder = holder
        self.flow = flow
        after = f" after waiting {waited:.0f} s" if waited else ""
        super().__init__(
            f"The ledger is held by a {flow} run ({holder}){after}; start again once it has ended."
        )


class LeaseLost(LedgerError):
    """Another run took the lease over; nothing of this transaction was written."""


class WriteFailed(LedgerError):
    """The database refused a write. The message names table and constraint, never a row's values."""


class SiloViolation(LedgerError):
    """A write outside the silo's tables; refused before it reached the database."""
