"""The facts: storing what platforms show, settling who is who, reading what the engine decides by."""
