"""Push: what decisions ask of the platforms is written, after one more look, and each record has its outcome."""
