"""Measures what a GPU answers and how fast: ``python packaging/gpu_check.py OUT``, under 5 minutes.

It runs from the source with the extra ``training``, writes OUT/gpu_check.json and OUT/gpu_check.md,
the table for the model card, and ends with 1 if a precision that the program uses is further than
BOUND from the CPU's float32 in a share, or something failed. Without a GPU it says so; then
``--rehearse`` goes through every step on the CPU with small networks, to test the script itself.
"""

import argparse
import contextlib
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from rostfine_core import __version__
from rostfine_core.assessor import Assessor
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import finish
from rostfine_core.model import (
    LoadedModel,
    RoSTFine,
    explain,
    load_models,
    measure_motion,
    preprocess,
    preset,
)
from rostfine_core.simulation import write_dataset
from rostfine_core.simulation.labelled_clips import SimulatedClip, simulate_clips

BOUND = 0.005
"""How far a share may be from the CPU's in float32 for a precision to be offered."""
PRECISIONS = ("float32", "float16", "bfloat16")
SEED = 7
TINY = {"image_size": 28, "patch_size": 14, "embed_dim": 16, "depth": 2, "num_heads": 2,
        "top_k": 2, "selection_layers": 1, "branch_depth": 1, "branch_heads": 2}  # fmt: skip
RECIPE = """\
output = "{out}"
seed = 7
[data]
train = ["{data}"]
[model]
preset = "paper"
init = "scratch"
{overrides}
[loss]
kind = "mse"
alpha = 1.0
[optimiser]
kind = "sgd"
lr = 1e-3
momentum = 0.9
weight_decay = 5e-4
[loop]
epochs = {epochs}
batch_size = 8
device = "{device}"
"""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured."""

    clips: int
    batches: tuple[int, ...]
    repeats: int
    matrix: int
    training_clips: int
    training_epochs: int
    network: dict[str, Any]


FULL = Scale(
    clips=50,
    batches=(1, 4, 16, 64),
    repeats=5,
    matrix=8192,
    training_clips=100,
    training_epochs=10,
    network={},
)
REHEARSAL = Scale(
    clips=4,
    batches=(1, 2),
    repeats=2,
    matrix=256,
    training_clips=20,
    training_epochs=1,
    network=TINY,
)


def check_answers(device: torch.device, scale: Scale) -> dict[str, float]:
    """The largest difference of a share from the CPU's float32, by precision."""
    model = load_models(bundled_path(DEMO_MODEL))[0]
    clips = list(simulate_clips(scale.clips, seed=SEED))
    right = _shares(model, clips, torch.device("cpu"), "float32")
    return {p: float(np.abs(_shares(model, clips, device, p) - right).max()) for p in PRECISIONS}


@torch.inference_mode()
def _shares(
    model: LoadedModel, clips: Sequence[SimulatedClip], device: torch.device, precision: str
) -> np.ndarray:
    """(N, 5) shares as the program computes them."""
    network = model.network.to(device)
    parts = []
    for first in range(0, len(clips), 10):
        some = clips[first : first + 10]
        images = torch.from_numpy(np.stack([c.images for c in some])).to(device)
        batch = preprocess(images, settings=model.preprocessing)
        told = ()
        if model.preprocessing.motion == "track":
            paths = torch.from_numpy(np.stack([c.path_um for c in some]))
            told = (measure_motion(paths).to(device),)
        with _autocast(device, precision):
            parts.append(explain(network, batch, *told).output.grade.float().cpu().double())
    model.network.to("cpu")
    grades = torch.cat(parts)
    return (grades / grades.sum(1, keepdim=True)).numpy()


def _autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def check_determinism(device: torch.device, scale: Scale) -> dict[str, bool]:
    """Whether two passes over the same clips give the same bits, by precision."""
    model = load_models(bundled_path(DEMO_MODEL))[0]
    clips = list(simulate_clips(min(scale.clips, 10), seed=SEED))
    return {
        p: bool((_shares(model, clips, device, p) == _shares(model, clips, device, p)).all())
        for p in PRECISIONS
    }


@torch.inference_mode()
def check_speed(device: torch.device, scale: Scale) -> list[dict[str, Any]]:
    """Clips a second of the paper's network, and its share of the card's own matrix rate."""
    config = preset("paper", **scale.network)
    network = RoSTFine(config).eval().to(device)
    size = config.image_size
    rows = []
    for precision in PRECISIONS:
        rate = _matrix_flop_per_s(device, precision, scale.matrix)
        for batch in scale.batches:
            clips = torch.randn(batch, 3, config.num_frames, size, size, device=device)
            with _autocast(device, precision):
                with FlopCounterMode(display=False) as counter:
                    network(clips)
                _reset_memory(device)
                took_s = _best_s(lambda c=clips: network(c), device, scale.repeats)
            flop_per_s = counter.get_total_flops() / took_s
            rows.append(
                {
                    "precision": precision,
                    "batch": batch,
                    "clips_per_s": batch / took_s,
                    "tflop_per_s": flop_per_s / 1e12,
                    "of_matrix_rate": flop_per_s / rate,
                    "memory_mib": _memory_mib(device),
                }
            )
    return rows


def _matrix_flop_per_s(device: torch.device, precision: str, size: int) -> float:
    left = torch.randn(size, size, device=device, dtype=getattr(torch, precision))
    return 2 * size**3 / _best_s(lambda: left @ left, device, 5)


def _best_s(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """The least time of some repeats after one to warm up."""
    taken = []
    for _ in range(repeats + 1):
        _wait(device)
        start = time.perf_counter()
        work()
        _wait(device)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])


def check_loading(device: torch.device, scale: Scale) -> dict[str, float | None]:
    """Time until the bundled model has answered once, and the memory that it holds."""
    _reset_memory(device)
    start = time.perf_counter()
    assessor = Assessor.load(
        bundled_path(DEMO_MODEL), device="cuda" if device.type == "cuda" else "cpu"
    )
    loaded = time.perf_counter()
    assessor.warm_up()
    return {
        "load_s": loaded - start,
        "first_answer_s": time.perf_counter() - loaded,
        "memory_mib": _memory_mib(device),
    }


def check_fallback(device: torch.device, scale: Scale) -> dict[str, Any]:
    """That grading goes on, on the CPU and with a notice, when the GPU's memory is full."""
    if device.type != "cuda":
        return {"tried": False}
    assessor = Assessor.load(bundled_path(DEMO_MODEL), device="cuda")
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        answers = finish(assessor.assess([c.seen for c in simulate_clips(16, seed=SEED)]))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    notices = [str(n) for n in assessor.notices]
    return {
        "tried": True,
        "works": len(answers) == 16 and assessor.device_label == "CPU" and len(notices) == 1,
        "notices": notices,
    }


def check_training(device: torch.device, scale: Scale) -> dict[str, Any]:
    """Speed and memory of the paper's training on simulated clips."""
    from rostfine_core.training.train import train

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data"
        finish(write_dataset(data, count=scale.training_clips, seed=SEED))
        changes = "\n".join(f"{k} = {v}" for k, v in scale.network.items())
        recipe = folder / "recipe.toml"
        recipe.write_text(
            RECIPE.format(
                out=(folder / "run").as_posix(),
                data=data.as_posix(),
                overrides=f"[model.overrides]\n{changes}" if changes else "",
                epochs=scale.training_epochs,
                device="cuda" if device.type == "cuda" else "cpu",
            ),
            encoding="utf-8",
        )
        _reset_memory(device)
        start = time.perf_counter()
        finish(train(recipe))
        took_s = time.perf_counter() - start
        lines = (folder / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])
    return {
        "steps": last["step"],
        "took_s": took_s,
        "loss": last["loss"],
        "memory_mib": _memory_mib(device),
    }


CHECKS: dict[str, Callable[[torch.device, Scale], Any]] = {
    "answers": check_answers,
    "determinism": check_determinism,
    "loading": check_loading,
    "speed": check_speed,
    "fallback": check_fallback,
    "training": check_training,
}


def faults(result: dict[str, Any], used: str) -> list[str]:
    """What must not be: a failed check, or an answer too far off in the precision in use."""
    found = [f"{name} failed: {r['error']}" for name, r in result.items() if "error" in r]
    answers = result["answers"]
    if "error" not in answers and not answers[used] <= BOUND:
        found.append(
            f"in {used}, which the program uses here, a share is {answers[used]:.4f} from the "
            f"CPU's; at most {BOUND} is allowed"
        )
    if result["fallback"].get("works") is False:
        found.append("grading did not go on when the GPU's memory was full")
    return found


def table(result: dict[str, Any], device: str) -> str:
    """The table for the model card, in Markdown."""
    lines = [f"Measured on {device} with RoSTFine Assist {__version__}, torch {torch.__version__}."]
    lines += [
        "",
        "| precision | largest difference of a share | same bits twice |",
        "|---|---|---|",
    ]
    for p in PRECISIONS if "error" not in result["answers"] else ():
        same = result["determinism"].get(p)
        lines.append(f"| {p} | {result['answers'][p]:.5f} | {same} |")
    lines += [
        "",
        "| precision | batch | clips/s | of the matrix rate | MiB |",
        "|---|---|---|---|---|",
    ]
    for row in result["speed"] if isinstance(result["speed"], list) else ():
        numbers = (
            f"{row['clips_per_s']:.1f} | {row['of_matrix_rate']:.0%} | {row['memory_mib']:.0f}"
        )
        lines.append(f"| {row['precision']} | {row['batch']} | {numbers} |")
    return "\n".join(lines) + "\n"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _reset_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _memory_mib(device: torch.device) -> float | None:
    """The most memory that tensors took on the GPU; the CPU's is not measured."""
    if device.type != "cuda":
        return None
    return torch.cuda.max_memory_allocated(device) / 2**20


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write both files, and say what must not be."""
    parser = argparse.ArgumentParser(description="Measures what a GPU answers and how fast.")
    parser.add_argument("out", type=Path, help="folder for gpu_check.json and gpu_check.md")
    parser.add_argument("--rehearse", action="store_true", help="small, on the CPU")
    arguments = parser.parse_args(argv)
    if not arguments.rehearse and not torch.cuda.is_available():
        print("gpu_check: no GPU can be used here; `rostfine doctor` says why", file=sys.stderr)
        return 1
    device = torch.device("cpu" if arguments.rehearse else "cuda")
    scale = REHEARSAL if arguments.rehearse else FULL
    name = "a CPU, as a rehearsal" if arguments.rehearse else torch.cuda.get_device_name()
    result: dict[str, Any] = {}
    for check, measure in CHECKS.items():
        start = time.perf_counter()
        try:
            result[check] = measure(device, scale)
        except Exception as error:  # noqa: BLE001 - the other measurements are still worth having
            result[check] = {"error": f"{type(error).__name__}: {error}"}
        print(f"{check:12} {time.perf_counter() - start:6.1f} s", flush=True)
    used = Assessor.load(bundled_path(DEMO_MODEL), device="auto").precision
    found = faults(result, "float32" if arguments.rehearse else used)
    arguments.out.mkdir(parents=True, exist_ok=True)
    record = {
        "version": __version__,
        "torch": torch.__version__,
        "platform": platform.platform(),
        "device": name,
        "precision_used": used,
        "faults": found,
        **result,
    }
    text = json.dumps(record, indent=1, allow_nan=False) + "\n"
    (arguments.out / "gpu_check.json").write_text(text, encoding="utf-8")
    (arguments.out / "gpu_check.md").write_text(table(result, name), encoding="utf-8")
    for fault in found:
        print(f"gpu_check: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
