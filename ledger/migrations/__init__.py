"""Revisions of the ledger's tables; `ledger.migrate` runs them."""
