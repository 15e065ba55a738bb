"""The SQL ledger: what was learned, what was decided, what was written to the platforms, and when each was."""
