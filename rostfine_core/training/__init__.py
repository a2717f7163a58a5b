"""Training, evaluating and comparing models: what a lab needs to bring its own."""

from rostfine_core.training.evaluation import EvaluationResult, evaluate
from rostfine_core.training.recipe import TrainResult, train

__all__ = ["EvaluationResult", "TrainResult", "evaluate", "train"]
