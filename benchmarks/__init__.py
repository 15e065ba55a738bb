"""How fast, how much memory, how many calls: `python -m benchmarks`. Measures, asserts nothing about time."""
