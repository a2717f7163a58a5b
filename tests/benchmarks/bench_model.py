"""Time the network's forward pass in one run, side by side, and print ratios (a script, no test).

    python tests/benchmarks/bench_model.py [--repeats 5] [--threads 2]

Prints, for float32 on the CPU, the best of interleaved repeats of

- the full-size network on one clip: with fused attention (as it runs), with explicit attention
  (softmax of all products, written out), and with ``explain``, which also keeps the maps;
- the encoder of the transformers library with the same sizes and explicit attention, which
  follows the official implementation; it lacks selection and branches, so it has less to do;
- the demo preset on one clip and on eight: prepared, graded, graded and explained.

Each line gives processor time (all threads together) and time on the clock, each with its ratio
to the first line of its block. On a busy machine only the processor time is meaningful.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from unittest.mock import patch

import torch
import torch.nn.functional as F
import transformers
from einops import rearrange
from torch import Tensor

from rostfine_core.model import (
    Preprocessing,
    RoSTFine,
    RoSTFineConfig,
    explain,
    preprocess,
    preset,
)

Case = Callable[[], object]


def explicit_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention that writes its whole map to memory."""
    scores = q @ rearrange(k, "b h s d -> b h d s") * q.shape[-1] ** -0.5
    attended: Tensor = scores.softmax(dim=-1) @ v
    return attended


def best_ms(cases: Mapping[str, Case], *, repeats: int) -> dict[str, tuple[float, float]]:
    """The least processor and clock time of each case, run in turn after a warm-up round."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for turn in range(repeats + 1):
        for name, case in cases.items():
            start = time.process_time(), time.perf_counter()
            case()
            end = time.process_time(), time.perf_counter()
            if turn:
                taken[name].append((1e3 * (end[0] - start[0]), 1e3 * (end[1] - start[1])))
    return {name: (min(p for p, _ in t), min(c for _, c in t)) for name, t in taken.items()}


def show(title: str, times: Mapping[str, tuple[float, float]]) -> None:
    """Print a block of times with their ratios to the first."""
    print(f"\n{title:44}{'processor':>12}{'ratio':>8}{'clock':>14}{'ratio':>8}")
    first = next(iter(times.values()))
    for name, (processor, clock) in times.items():
        ratios = processor / first[0], clock / first[1]
        print(
            f"  {name:42}{processor:9.1f} ms{ratios[0]:7.2f}x{clock:11.1f} ms{ratios[1]:7.2f}x",
            flush=True,
        )


def full_size_cases(network: RoSTFine, clip: Tensor) -> dict[str, Case]:
    """The full-size network in each way it can run, and the reference encoder."""
    config = network.config
    reference = transformers.TimesformerModel(
        transformers.TimesformerConfig(
            image_size=config.image_size,
            patch_size=config.patch_size,
            num_frames=config.num_frames,
        )
    )
    reference.train(False)
    frames_first = rearrange(clip, "b c t h w -> b t c h w")

    def explicit() -> object:
        with patch.object(F, "scaled_dot_product_attention", explicit_attention):
            return network(clip)

    return {
        "RoSTFine, fused attention": lambda: network(clip),
        "RoSTFine, explicit attention": explicit,
        "RoSTFine, explain": lambda: explain(network, clip),
        "transformers' TimeSformer, encoder only": lambda: reference(frames_first),
    }


def demo_cases(network: RoSTFine, *, clips: int) -> dict[str, Case]:
    """The demo preset on a batch of clips as the program cuts them."""
    settings = Preprocessing.of(network.config)
    images = torch.randint(0, 256, (clips, settings.clip_frames, 150, 150, 3), dtype=torch.uint8)
    ready = preprocess(images, settings=settings)
    return {
        "graded": lambda: network(ready),
        "graded and explained": lambda: explain(network, ready),
        "prepared": lambda: preprocess(images, settings=settings),
    }


@torch.inference_mode()
def main() -> None:
    """Run all cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, {arguments.threads} threads, best of {arguments.repeats}")
    config = RoSTFineConfig()
    clip = torch.randn(1, 3, config.num_frames, config.image_size, config.image_size)
    cases = full_size_cases(RoSTFine(config).eval(), clip)
    show("full size, one clip", best_ms(cases, repeats=arguments.repeats))
    demo = RoSTFine(preset("demo")).eval()
    millions = sum(parameter.numel() for parameter in demo.parameters()) / 1e6
    for clips in (1, 8):
        times = best_ms(demo_cases(demo, clips=clips), repeats=4 * arguments.repeats)
        show(f"demo preset ({millions:.1f} M parameters), {clips} clip(s)", times)


if __name__ == "__main__":
    main()
