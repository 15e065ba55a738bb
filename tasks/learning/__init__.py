"""Past handovers and won customers as tables to learn from, and learning on them."""
