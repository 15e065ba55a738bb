"""SOQL: tokens, syntax tree, parser, and translation to SQL.

Whatever the grammar here does not know is refused with the platform's own error. Nothing is ever skipped.
"""
