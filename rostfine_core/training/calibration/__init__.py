"""Fitting how a model answers: calibration and conformal ranges from held-back patients' votes."""
