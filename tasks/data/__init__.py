"""The data silo: pages become facts, facts are settled, and what need not stay goes."""
