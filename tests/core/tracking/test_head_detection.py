"""Every head of a picture is found once, and little else."""

import cv2
import numpy as np
import pytest

from rostfine_core.domain import finish
from rostfine_core.simulation import SceneSettings, simulate_scene
from rostfine_core.tracking.head_detection import find_heads, seeds_of


@pytest.mark.parametrize("um_per_px", [0.19, 0.3, 0.5])
def test_the_heads_of_a_scene_are_found_once_each(um_per_px: float) -> None:
    found = right = known = 0
    for seed in range(3):
        scene = simulate_scene(
            SceneSettings(
                width_px=480,
                height_px=360,
                frame_count=1,
                um_per_px=um_per_px,
                sperm_count=8,
                blurred_share=0,
                speck_count=20,
                round_cells=1,
                seed=seed,
            )
        )
        grey = cv2.cvtColor(next(iter(scene.frames())), cv2.COLOR_RGB2GRAY).astype(np.uint8)
        truth = [target.xy_px[0] for target in scene.truth.targets]
        heads = finish(find_heads(grey))
        away = [[np.hypot(h.x_px - x, h.y_px - y) for x, y in truth] for h in heads]
        hits = {int(np.argmin(row)) for row in away if min(row) < 4}
        found, right = found + len(heads), right + len(hits)
        margin = 4 / um_per_px
        known += sum(margin < x < 480 - margin and margin < y < 360 - margin for x, y in truth)
    assert right >= 0.9 * known
    assert right >= 0.8 * found


def test_nothing_is_found_on_empty_ground() -> None:
    noise = np.random.default_rng(2).normal(128, 4, (240, 320))
    picture = cv2.GaussianBlur(noise.clip(0, 255).astype(np.uint8), (0, 0), 1.0)
    assert finish(find_heads(np.asarray(picture, np.uint8))) == ()
    assert seeds_of((), frame=0) == ()
