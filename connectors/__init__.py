"""One folder per platform: its API, its words. A platform's words stop at its `mapping.py`."""
