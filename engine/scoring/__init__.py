"""Scores: engagement from what people do, fit from who they are. Integer hundredths throughout.

`evidence` turns activities into dated points, `engagement` and `fit` sum them at instants, `score` combines them,
`lines` explains them, `ticks` says when they will change by themselves.
"""
