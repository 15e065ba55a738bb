"""What runs, in which order, with what wired in: Prefect flows, settings, command line."""
