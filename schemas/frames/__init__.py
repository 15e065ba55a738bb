"""Frame models by subject: what crosses the door, what the ledger hands to the engine, what the engine decides."""
