"""Grades the sperm of many videos into the case store, on one machine or a cluster."""
