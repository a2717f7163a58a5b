"""Scoring a model on labelled clips: tables, figures and a report."""
