"""Renders the bundled demo video and its clicks: python packaging/make_demo_video.py."""

import csv
import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rostfine_core.simulation import SceneSettings, write_scene
from rostfine_core.simulation.scene_files import VIDEO_NAME
from rostfine_core.video import write_video

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
SCENE = SceneSettings(seed=20, sperm_count=12, round_cells=1, speck_count=120, um_per_px=0.19)
CLICKED = ("7", "4", "5")  # a good, a medium and a bad one, judged by the simulated panel
QUANTISER = 24  # keeps the details of heads at a small file size


def main() -> None:
    """Write resources/demo.mp4 and resources/demo.seeds.csv."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for _ in write_scene(
            folder,
            settings=SCENE,
            write_video=partial(write_video, codec="h264", quantiser=QUANTISER),
        ):
            pass
        shutil.move(folder / VIDEO_NAME, RESOURCES / "demo.mp4")
        with (folder / "seeds.csv").open(newline="") as file:
            seeds = {row["target"]: row for row in csv.DictReader(file)}
    with (RESOURCES / "demo.seeds.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("target", "frame", "x", "y"))
        for number, target in enumerate(CLICKED, start=1):
            seed = seeds[target]
            # An operator clicks whole pixels.
            writer.writerow((number, 0, round(float(seed["x"])), round(float(seed["y"]))))


if __name__ == "__main__":
    main()
