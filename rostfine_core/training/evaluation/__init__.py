"""Scoring a model on labelled clips, with tables, figures and a report."""
