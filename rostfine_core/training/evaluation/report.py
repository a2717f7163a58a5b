"""The report of an evaluation: one HTML file that contains its tables and pictures."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from markdown_it import MarkdownIt
from numpy.typing import NDArray

from rostfine_core.domain import DISCLAIMER_ATTENTION
from rostfine_core.model import RoSTFine, explain, preprocess
from rostfine_core.model.explain import gradient_rollout
from rostfine_core.model.preprocess import turn_as_seen
from rostfine_core.training.data.clip_cache import load_motion
from rostfine_core.training.data.dataset import ClipDataset
from rostfine_core.training.evaluation.faithfulness import FaithfulnessResult
from rostfine_core.training.evaluation.result import EvaluationResult
from rostfine_core.training.metrics.cautions import sentences
from rostfine_core.training.metrics.metrics import Shares
from rostfine_core.training.networks.checkpoint import TrainedModel
from rostfine_core.training.run.folder import read_log

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff }
table { border-collapse: collapse; margin: 1em 0 }
td, th { border: 1px solid #bbb; padding: 0.3em 0.7em; text-align: right }
td:first-child, th:first-child { text-align: left }
blockquote { border-left: 0.3em solid #d55e00; margin: 1em 0; padding: 0.4em 0.8em;
             background: #fff4ec }
img { max-width: 100% }
"""
RULES_OFF = ["link", "image", "autolink", "emphasis", "entity"]
ATTENTION_OF_ONE_VIEW = (
    "Attention maps and their measurements are of the clip as it is, not of the mirror images and "
    "other views that the prediction is averaged over."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A finished evaluation; ``shown`` names the clips to show, or is empty to choose them.

    ``answers`` (M, N, 5) are the members' predictions, at the temperature of ``prediction`` (N, 5).
    """

    result: EvaluationResult
    data: ClipDataset
    members: Sequence[TrainedModel]
    prediction: Shares
    answers: Shares
    shown: Sequence[str]
    faithfulness: FaithfulnessResult | None

    @property
    def notes(self) -> tuple[str, ...]:
        """The sentences in every picture, since pictures are copied out of reports."""
        return sentences(self.result.notes)

    @property
    def has_views(self) -> bool:
        """Whether predictions are averaged over several views of a clip."""
        sureness = self.result.sureness
        return self.result.provenance.flips or (sureness is not None and sureness.views > 1)

    @property
    def attention_notes(self) -> tuple[str, ...]:
        """The notes on attention maps; other views would have maps of their own."""
        of_one = (ATTENTION_OF_ONE_VIEW,) if self.has_views else ()
        return (DISCLAIMER_ATTENTION, *of_one)

    @property
    def shown_places(self) -> list[int]:
        """The clips asked for, or else those of the smallest, median and largest MSE."""
        names = [clip.clip for clip in self.data.clips]
        if self.shown:
            return [names.index(name) for name in self.shown]
        order = np.argsort(((self.prediction - self.data.labels) ** 2).mean(axis=1), kind="stable")
        return [int(order[p]) for p in dict.fromkeys((0, len(order) // 2, len(order) - 1))]

    def member_shown(self, place: int) -> tuple[TrainedModel, RoSTFine] | None:
        """The member with attention maps whose prediction of a clip is nearest to the mean."""
        distances = np.abs(self.answers[:, place] - self.prediction[place]).sum(axis=1)
        for number in np.argsort(distances, kind="stable"):
            member = self.members[number]
            if isinstance(member.network, RoSTFine):
                return member, member.network
        return None


def html_report(scored: Scored) -> str:
    """The whole report."""
    result, title = scored.result, scored.result.title
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{STYLE}</style></head><body>",
        markdown_to_html(result.summary),
        *_agreement(scored),
        *_learning(scored),
        *_examples(scored),
        *_faithfulness(scored),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _agreement(scored: Scored) -> Iterator[str]:
    from rostfine_core.training.evaluation.figures import agreement_figure

    yield "<h2>Agreement with the panel</h2>"
    yield _image(
        agreement_figure(scored.prediction, scored.data.labels, notes=scored.notes),
        "Reliability, confusion of most selected grades and expected grades",
    )


def _learning(scored: Scored) -> Iterator[str]:
    from rostfine_core.training.evaluation.figures import learning_figure

    logs = {m.path.name: log for m in scored.members if (log := _log_beside(m.path))}
    if logs:
        yield "<h2>Learning curves</h2>"
        yield _image(
            learning_figure(logs, notes=scored.notes), "Loss and validation error over epochs"
        )


def _log_beside(model: Path) -> list[dict[str, Any]]:
    """The training log of a model, if it is still beside it."""
    names = (model.with_suffix(".log.jsonl"), model.with_name("log.jsonl"))
    return next((log for name in names if (log := read_log(name))), [])


def _examples(scored: Scored) -> Iterator[str]:
    from rostfine_core.training.evaluation.figures import attention_figure, votes_figure

    places = scored.shown_places
    how = "asked for" if scored.shown else "of the smallest, the median and the largest error"
    yield f"<h2>Clips {how}</h2>"
    yield from (f"<p>{escape(note)}</p>" for note in scored.attention_notes)
    for place in places:
        clip = scored.data.clips[place]
        label = scored.data.labels[place]
        error = 100 * float(np.mean((scored.prediction[place] - label) ** 2))
        yield f"<h3>{escape(clip.clip)} ({escape(clip.sample)}), MSE {error:.3f}e-2</h3><p>"
        votes = votes_figure(scored.prediction[place], label, notes=scored.notes)
        yield _image(votes, "Predicted and voted shares")
        shown = scored.member_shown(place)
        if shown is not None:
            member, network = shown
            pictures, maps, frames = _maps_of(member, network, data=scored.data, place=place)
            notes = (*scored.notes, *scored.attention_notes)
            attention = attention_figure(pictures, maps, labels=frames, notes=notes)
            yield _image(attention, "Frames and attention")
        yield "</p>"
        if shown is not None and len(scored.members) > 1:
            yield (
                f"<p>Attention of {escape(member.path.name)}: of the members with attention maps, "
                "the one whose prediction is nearest to the ensemble's.</p>"
            )
    if not any(isinstance(m.network, RoSTFine) for m in scored.members):
        yield "<p>This network is not a RoSTFine, so it has no attention maps.</p>"


def _maps_of(
    member: TrainedModel, network: RoSTFine, *, data: ClipDataset, place: int
) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]], list[str]]:
    """The frames of a clip as a member saw them, its maps over them, and the frames' labels."""
    clip, settings = data.clips[place], member.preprocessing
    images = torch.from_numpy(data.pictures(clip)[None])
    batch = preprocess(images, settings=settings)
    told = load_motion([clip], settings=settings)
    explained = explain(network, batch, told)
    layers = rearrange(images, "b t h w c -> b t c h w")
    seen = rearrange(turn_as_seen(layers, images, settings=settings)[0], "t c h w -> t h w c")
    maps = {
        "encoder_rollout": explained.encoder_rollout[0].numpy(),
        "branch_attention": explained.branch_attention[0].numpy(),
        "branch_forward": explained.branch_forward[0].numpy(),
        "gradient_rollout": gradient_rollout(network, batch, told)[0].numpy(),
    }
    frames = [f"frame {i}" for i in settings.frame_indices]
    return seen.numpy(), maps, frames


def _faithfulness(scored: Scored) -> Iterator[str]:
    from rostfine_core.training.evaluation.figures import faithfulness_figure

    if scored.faithfulness is not None:
        yield "<h2>Do the attention maps show what matters for the prediction?</h2>"
        if scored.has_views:
            yield f"<p>{escape(ATTENTION_OF_ONE_VIEW)}</p>"
        curves = faithfulness_figure(scored.faithfulness, notes=scored.notes)
        yield _image(curves, "Deletion and insertion curves")
        yield markdown_to_html(scored.faithfulness.summary)


def _image(png: bytes, text: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'


def markdown_to_html(text: str) -> str:
    """Convert our own Markdown; names in it stay text, whatever HTML, link or image they spell."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(RULES_OFF)
    return str(parser.render(text))
