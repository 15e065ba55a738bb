"""Tables of the ledger. Importing this package makes `base.metadata` complete."""
