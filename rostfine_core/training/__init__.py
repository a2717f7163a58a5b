"""Training, evaluating and comparing models: what a lab needs to bring its own."""

from rostfine_core.training.compare import compare
from rostfine_core.training.compare_tables import CompareResult
from rostfine_core.training.evaluation import evaluate
from rostfine_core.training.evaluation_result import EvaluationResult
from rostfine_core.training.recipe import train
from rostfine_core.training.train_result import TrainResult

__all__ = ["CompareResult", "EvaluationResult", "TrainResult", "compare", "evaluate", "train"]
