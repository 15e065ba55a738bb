"""One thin module per stage: load, decide, record, push. Deciding is the engine's, storing the ledger's."""
