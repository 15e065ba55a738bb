"""One thin module or folder per stage: load, decide, record, push. Deciding is the engine's, storing the ledger's."""
