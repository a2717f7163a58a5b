"""Simulated sperm: shapes, motion, optics and a panel of experts; videos and labelled clips."""
