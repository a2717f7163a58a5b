"""Comparing methods that are trained on the same folds."""
