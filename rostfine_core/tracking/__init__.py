"""Tracking of clicked sperm heads, and the velocities of their tracks."""

from rostfine_core.tracking.kinematics import compute_kinematics
from rostfine_core.tracking.loop import is_interlaced, track
from rostfine_core.tracking.seeds import check_seeds
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.tracker import Tracker

__all__ = [
    "Tracker",
    "TrackerSettings",
    "check_seeds",
    "compute_kinematics",
    "is_interlaced",
    "track",
]
