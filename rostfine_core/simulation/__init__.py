"""Simulates videos and labelled clips of sperm, with known truth and a panel of experts."""

from rostfine_core.simulation.dataset import write_dataset
from rostfine_core.simulation.labelled_clips import SimulatedClip, simulate_clip, simulate_clips
from rostfine_core.simulation.optics import LookFamily
from rostfine_core.simulation.scene import (
    Scene,
    SceneSettings,
    SceneTruth,
    TargetTruth,
    simulate_scene,
)
from rostfine_core.simulation.scene_files import write_scene

__all__ = [
    "LookFamily",
    "Scene",
    "SceneSettings",
    "SceneTruth",
    "SimulatedClip",
    "TargetTruth",
    "simulate_clip",
    "simulate_clips",
    "simulate_scene",
    "write_dataset",
    "write_scene",
]
