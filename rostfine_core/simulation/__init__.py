"""Simulated sperm: shapes, motion, optics and a panel of experts; videos and labelled clips."""

from rostfine_core.simulation.dataset import (
    SimulatedClip,
    simulate_clip,
    simulate_clips,
    write_dataset,
)

__all__ = ["SimulatedClip", "simulate_clip", "simulate_clips", "write_dataset"]
