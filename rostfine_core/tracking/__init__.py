"""Tracking of clicked sperm heads, and the velocities of their tracks."""

from rostfine_core.tracking.kinematics import compute_kinematics
from rostfine_core.tracking.settings import TrackerSettings
from rostfine_core.tracking.tracker import Tracker, track

__all__ = ["Tracker", "TrackerSettings", "compute_kinematics", "track"]
