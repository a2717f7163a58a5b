"""The RoSTFine network: built, loaded, explained and fed, at any size."""

from rostfine_core.model.config import RoSTFineConfig, preset
from rostfine_core.model.explain import ExplanationMaps, explain
from rostfine_core.model.official import load_official_state_dict
from rostfine_core.model.preprocess import Preprocessing, preprocess
from rostfine_core.model.rostfine import GradeOutput, RoSTFine

__all__ = [
    "ExplanationMaps",
    "GradeOutput",
    "Preprocessing",
    "RoSTFine",
    "RoSTFineConfig",
    "explain",
    "load_official_state_dict",
    "preprocess",
    "preset",
]
