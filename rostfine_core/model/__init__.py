"""The RoSTFine network at any size: its config, files, preprocessing and explanation."""

from rostfine_core.model.answering import Answer, Answering, Ranges, Views, VoteCalibration
from rostfine_core.model.checkpoint import (
    LoadedModel,
    ensemble_info,
    load_encoder,
    load_model,
    load_models,
    save_model,
)
from rostfine_core.model.config import RoSTFineConfig, preset
from rostfine_core.model.explain import ExplanationMaps, explain
from rostfine_core.model.model_file import write_answering
from rostfine_core.model.motion import measure_motion
from rostfine_core.model.official import convert, load_official_state_dict
from rostfine_core.model.preprocess import Preprocessing, frame_headings, preprocess
from rostfine_core.model.rostfine import GradeOutput, RoSTFine
from rostfine_core.model.views import ask_views
from rostfine_core.model.weights import load_encoder_weights

__all__ = [
    "Answer",
    "Answering",
    "ExplanationMaps",
    "GradeOutput",
    "LoadedModel",
    "Preprocessing",
    "Ranges",
    "RoSTFine",
    "RoSTFineConfig",
    "Views",
    "VoteCalibration",
    "ask_views",
    "convert",
    "ensemble_info",
    "explain",
    "frame_headings",
    "load_encoder",
    "load_encoder_weights",
    "load_model",
    "load_models",
    "load_official_state_dict",
    "measure_motion",
    "preprocess",
    "preset",
    "save_model",
    "write_answering",
]
