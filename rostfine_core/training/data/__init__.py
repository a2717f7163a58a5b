"""Labelled clips: building, reading, splitting and describing data sets."""
