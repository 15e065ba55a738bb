"""Learning a scorecard: a frame of past rows with their outcomes in, integer points per bin out.

Pure: no file, no clock, no database. Rows are put in order of time first and are otherwise a set: their order in the
frame never matters. scikit-learn fits; what runs later is `apply.scored`, which needs Polars only.
"""
