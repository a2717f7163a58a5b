"""Whatever is wrong with the input, the user reads one sentence and nothing is half-written.

Only where a file has several mistakes does the sentence end in a colon and a list of them.
"""

import pickle
import shutil
import wave
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rostfine_core.cli import main

Spoil = Callable[[Path, Path, Path], list[str]]


def assess(video: Path, model: Path, folder: Path, *more: str, click: str = "100,100") -> list[str]:
    out = ["--out", str(folder / "out")]
    return ["assess", str(video), f"--click={click}", "--model", str(model), *more, *out]


def track(video: Path, folder: Path, seeds: str) -> list[str]:
    (folder / "seeds.csv").write_text(seeds)
    paths = ["--seeds", str(folder / "seeds.csv"), "--out", str(folder / "out" / "tracks.csv")]
    return ["track", str(video), *paths]


def train(folder: Path, text: str) -> list[str]:
    (folder / "recipe.toml").write_text(text)
    return ["train", str(folder / "recipe.toml")]


def convert(folder: Path, content: bytes) -> list[str]:
    (folder / "in.bin").write_bytes(content)
    return ["convert", str(folder / "in.bin"), str(folder / "out" / "model.safetensors")]


def as_video(folder: Path, content: bytes, name: str = "bad.mp4") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def as_model(folder: Path, content: bytes) -> Path:
    (folder / "bad.safetensors").write_bytes(content)
    return folder / "bad.safetensors"


def missing_video(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(folder / "nowhere.mp4", model, folder)


def empty_video(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(as_video(folder, b""), model, folder)


def text_as_video(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(as_video(folder, b"this is no video\n" * 500), model, folder)


def random_bytes_as_video(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(as_video(folder, np.random.default_rng(0).bytes(20_000)), model, folder)


def video_cut_before_its_index(video: Path, model: Path, folder: Path) -> list[str]:
    content = video.read_bytes()
    return assess(as_video(folder, content[: len(content) // 2]), model, folder)


def sound_as_video(video: Path, model: Path, folder: Path) -> list[str]:
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return assess(folder / "sound.wav", model, folder)


def folder_without_pictures(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "notes.txt").touch()
    return assess(folder / "pictures", model, folder)


def pictures_of_two_sizes(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "pictures").mkdir()
    for number, side in enumerate((160, 160, 128)):
        image = np.full((side, side), 99, np.uint8)
        cv2.imwrite(str(folder / "pictures" / f"{number:03d}.png"), image)
    return assess(folder / "pictures", model, folder)


def damaged_tiff(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(as_video(folder, b"II*\0" + bytes(60), "bad.tif"), model, folder)


def click_right_of_the_frame(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, model, folder, click="320,100")


def click_above_the_frame(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, model, folder, click="100,-1")


def frame_behind_the_end(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, model, folder, "--frame", "40")


def sperm_seen_in_too_few_frames(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, model, folder, "--frame", "39")


def missing_model(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, folder / "nowhere.safetensors", folder)


def empty_model(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, as_model(folder, b""), folder)


def text_as_model(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, as_model(folder, b"weights, weights, weights"), folder)


def model_cut_short(video: Path, model: Path, folder: Path) -> list[str]:
    return assess(video, as_model(folder, model.read_bytes()[:100_000]), folder)


def foreign_model(video: Path, model: Path, folder: Path) -> list[str]:
    save_file({"layer.weight": torch.zeros(3, 3)}, folder / "foreign.safetensors")
    return assess(video, folder / "foreign.safetensors", folder)


def folder_without_models(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "models").mkdir()
    return assess(video, folder / "models", folder)


def gpu_that_is_not_there(video: Path, model: Path, folder: Path) -> list[str]:
    if torch.cuda.is_available():
        pytest.skip("this machine has the GPU that the test needs to be absent")
    return assess(video, model, folder, "--device", "cuda")


def results_into_a_file(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "file").touch()
    return [*assess(video, model, folder)[:-1], str(folder / "file")]


def results_where_nothing_can_be_written(video: Path, model: Path, folder: Path) -> list[str]:
    return [*assess(video, model, folder)[:-1], "/proc/nowhere/results"]


def results_over_results(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "old").mkdir()
    (folder / "old" / "report.pdf").write_bytes(b"signed")
    return [*assess(video, model, folder)[:-1], str(folder / "old")]


def missing_seeds(video: Path, model: Path, folder: Path) -> list[str]:
    return ["track", str(video), "--seeds", str(folder / "no.csv"), "--out", str(folder / "t.csv")]


def tracks_where_nothing_can_be_written(video: Path, model: Path, folder: Path) -> list[str]:
    return [*track(video, folder, "target,frame,x,y\n1,0,100,100\n")[:-1], "/proc/nowhere/t.csv"]


def broken_recipe(video: Path, model: Path, folder: Path) -> list[str]:
    return train(folder, "[model\npreset = ")


def recipe_with_an_unknown_key(video: Path, model: Path, folder: Path) -> list[str]:
    return train(folder, 'output = "o"\nlearning_speed = 3\n')


def recipe_without_data(video: Path, model: Path, folder: Path) -> list[str]:
    data = f'[data]\ntrain = ["{folder / "nowhere"}"]\n[loop]\nepochs = 1\n'
    return train(folder, f'output = "{folder / "out"}"\n[model]\npreset = "demo"\n{data}')


def missing_recipe(video: Path, model: Path, folder: Path) -> list[str]:
    return ["train", str(folder / "nowhere.toml")]


def missing_comparison(video: Path, model: Path, folder: Path) -> list[str]:
    return ["compare", str(folder / "nowhere.toml")]


def comparison_with_mistakes(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "compare.toml").write_text("methods = 3\n")
    return ["compare", str(folder / "compare.toml")]


def missing_dataset(video: Path, model: Path, folder: Path) -> list[str]:
    return ["evaluate", str(model), str(folder / "nowhere")]


def dataset_with_mistakes(video: Path, model: Path, folder: Path) -> list[str]:
    (folder / "data").mkdir()
    (folder / "data" / "dataset.toml").write_text('name = "x"\nkind = "simulated"\n')
    (folder / "data" / "labels.csv").write_text("clip,sample,votes_A\na,s,40\n")
    return ["evaluate", str(model), str(folder / "data")]


def missing_checkpoint(video: Path, model: Path, folder: Path) -> list[str]:
    return ["convert", str(folder / "nowhere.bin"), str(folder / "out" / "m.safetensors")]


def text_as_checkpoint(video: Path, model: Path, folder: Path) -> list[str]:
    return convert(folder, b"no checkpoint at all")


class _Bomb:
    """What a malicious checkpoint holds: code that runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise SystemExit('the pickle ran')",)


def malicious_checkpoint(video: Path, model: Path, folder: Path) -> list[str]:
    return convert(folder, pickle.dumps({"model_state": _Bomb()}))


def checkpoint_of_another_network(video: Path, model: Path, folder: Path) -> list[str]:
    torch.save({"conv1.weight": torch.zeros(3, 3)}, folder / "in.bin")
    return convert(folder, (folder / "in.bin").read_bytes())


SEED_TABLES = {
    "empty": "",
    "only a header": "target,frame,x,y\n",
    "a column missing": "target,frame,x\n1,0,100\n",
    "not a number": "target,frame,x,y\n1,0,abc,100\n",
    "nan": "target,frame,x,y\n1,0,nan,100\n",
    "negative": "target,frame,x,y\n1,0,-4,100\n",
    "frame with a fraction": "target,frame,x,y\n1,0.5,100,100\n",
    "frame behind the end": "target,frame,x,y\n1,400,100,100\n",
    "outside the frame": "target,frame,x,y\n1,0,100,4000\n",
    "twice the same": "target,frame,x,y\n1,0,100,100\n1,0,120,100\n",
    "no target": "target,frame,x,y\n,0,100,100\n",
}

SPOILERS: list[Spoil] = [
    missing_video,
    empty_video,
    text_as_video,
    random_bytes_as_video,
    video_cut_before_its_index,
    sound_as_video,
    folder_without_pictures,
    pictures_of_two_sizes,
    damaged_tiff,
    click_right_of_the_frame,
    click_above_the_frame,
    frame_behind_the_end,
    sperm_seen_in_too_few_frames,
    missing_model,
    empty_model,
    text_as_model,
    model_cut_short,
    foreign_model,
    folder_without_models,
    gpu_that_is_not_there,
    results_into_a_file,
    results_where_nothing_can_be_written,
    results_over_results,
    missing_seeds,
    tracks_where_nothing_can_be_written,
    broken_recipe,
    recipe_with_an_unknown_key,
    recipe_without_data,
    missing_recipe,
    missing_comparison,
    comparison_with_mistakes,
    missing_dataset,
    dataset_with_mistakes,
    missing_checkpoint,
    text_as_checkpoint,
    malicious_checkpoint,
    checkpoint_of_another_network,
]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every path below a folder with its bytes; folders count too."""
    return {p: p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}


def expect_one_sentence(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("rostfine: ")
    sentence, *mistakes = printed.err.rstrip().splitlines()
    assert sentence.endswith(":" if mistakes else "."), printed.err
    assert all(line.startswith("  ") for line in mistakes), printed.err
    assert "Traceback" not in printed.err
    assert contents(folder) == before


@pytest.mark.requirement("R-63")
@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda s: s.__name__)
def test_one_sentence_and_nothing_half_written(
    spoil: Spoil,
    small_video: Path,
    small_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expect_one_sentence(spoil(small_video, small_model, tmp_path), tmp_path, capsys)


@pytest.mark.parametrize("table", SEED_TABLES.values(), ids=SEED_TABLES.keys())
def test_seed_tables_with_mistakes(
    table: str, small_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expect_one_sentence(track(small_video, tmp_path, table), tmp_path, capsys)


@pytest.mark.parametrize("name", ["seeds.csv", "film.mp4"])
def test_tracks_are_not_written_over_what_they_come_from(
    name: str, small_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = Path(shutil.copy(small_video, tmp_path / "film.mp4"))
    order = track(film, tmp_path, "target,frame,x,y\n1,0,100,90\n")
    expect_one_sentence([*order[:-1], str(tmp_path / name)], tmp_path, capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["assess"],
        ["assess", "v.mp4", "--click", "12", "--out", "o"],
        ["assess", "v.mp4", "--click", "1,nan", "--out", "o"],
        ["assess", "v.mp4", "--click", "1,2", "--um-per-px", "0", "--out", "o"],
        ["assess", "v.mp4", "--click", "1,2", "--frame", "-1", "--out", "o"],
        ["simulate", "--out", "o", "--kind", "film"],
        ["simulate", "--out", "o", "--count", "0"],
        ["simulate", "--out", "o", "--size", "1392"],
        ["simulate", "--out", "o", "--size", "8x976"],
        ["simulate", "--out", "o", "--masks"],
        ["simulate", "--out", "o", "--kind", "dataset", "--frames", "9"],
        ["dance"],
    ],
)
def test_wrong_use_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
