"""The rules: pure functions over frames. No I/O, no clock, no Prefect."""
