"""What a run computes under: alone in its folder, on which device, with how many threads."""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from rostfine_core.errors import ConfigError, StoreError
from rostfine_core.gpu import can_use_gpu
from rostfine_core.outputs import only_writer
from rostfine_core.training.config import LoopSection
from rostfine_core.training.engine.distributed import Ranks
from rostfine_core.training.run.folder import RunFolder

NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Instructions of a CPU, by torch's names; ARM's are left out, since they were not measured."""


@contextmanager
def only_run(folder: RunFolder, ranks: Ranks) -> Iterator[None]:
    """Keep other programs from training in the folder; all processes of this one fail as one.

    Raises:
        StoreError: another program trains there, or the folder cannot be written.
    """
    with ExitStack() as held:
        refusal: StoreError | None = None
        if ranks.is_main:
            try:
                held.enter_context(only_writer(folder.path))
            except StoreError as error:
                refusal = error
        if ranks.any(refusal is not None):
            raise refusal or StoreError(f"The main process cannot write into {folder.path}.")
        yield


def choose_device(section: LoopSection, ranks: Ranks) -> torch.device:
    """The device that a recipe asks for; ``auto`` is the GPU if one can be used.

    Raises:
        ConfigError: the recipe needs a GPU, or a CPU with bfloat16, and there is none.
    """
    has_gpu = can_use_gpu()
    uses_cpu = section.device == "cpu" or not has_gpu
    if uses_cpu and (section.device == "cuda" or section.precision == "float16"):
        raise ConfigError(
            'The recipe needs a GPU and none is found: set device = "auto" and '
            'precision = "float32", or run it where there is one.'
        )
    if uses_cpu and section.precision == "bfloat16" and not cpu_has_bfloat16():
        raise ConfigError(
            "The recipe needs a GPU, or a CPU that computes bfloat16 natively, and none is found: "
            'set precision = "float32", or run it where there is one.'
        )
    if uses_cpu:
        return torch.device("cpu")
    return torch.device("cuda", ranks.rank % torch.cuda.device_count())


def cpu_has_bfloat16() -> bool:
    """Whether the CPU computes bfloat16 itself; emulated it is several times slower than float32.

    An older torch cannot tell: then it counts as emulated.
    """
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in NATIVE_BFLOAT16)


@contextmanager
def torch_settings(section: LoopSection, *, seed: int) -> Generator[None]:
    """Set threads, seed and determinism for a run, and restore them afterwards."""
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    is_deterministic = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    if section.device != "cpu" and torch.cuda.is_available():
        _make_deterministic()
    with torch.random.fork_rng():
        torch.set_num_threads(section.threads)
        torch.set_flush_denormal(True)  # tiny optimiser moments would slow a CPU down
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_flush_denormal(False)
            torch.backends.cudnn.benchmark = benchmark
            torch.use_deterministic_algorithms(is_deterministic, warn_only=only_warns)


def _make_deterministic() -> None:
    """Ask CUDA for deterministic algorithms before it starts; operations without one only warn."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
