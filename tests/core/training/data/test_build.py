"""Data sets built from videos: tracked, cut, resumed, with everything rejected accounted for."""

import csv
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rostfine_core.clips import ClipSettings
from rostfine_core.domain import SIMULATED, SIMULATED_VIDEO, QualityFlag, finish
from rostfine_core.errors import DatasetError, StoreError
from rostfine_core.messages import Message
from rostfine_core.training.data.build import BuildSettings, build_dataset
from rostfine_core.training.data.build_plan import read_plan
from rostfine_core.training.data.clip_file import load_clip, load_path
from rostfine_core.training.data.dataset import DatasetHeader, read_dataset
from rostfine_core.video import write_video

if TYPE_CHECKING:
    from tests.conftest import VideoReads

FRAMES, WIDTH, HEIGHT = 24, 128, 96
SETTINGS = BuildSettings(clip=ClipSettings(frame_count=16, size_px=48))
HEAD = "clip,sample,video,frame,x,y,votes_A,votes_B,votes_C,votes_D,votes_E\n"


def draw(path: Path, *, y: float, times: int = 1, comment: str = "") -> None:
    """A dark blob with a bright rim that moves 2 px to the right, each picture so many times."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    texture = np.random.default_rng(0).normal(0, 2, (HEIGHT, WIDTH))

    def frame(k: int) -> np.ndarray:
        r2 = ((columns - 30 - 2 * k) / 6) ** 2 + ((rows - y) / 4) ** 2
        grey = 170 + texture - 90 * np.exp(-r2) + 25 * np.exp(-((r2 - 2.5) ** 2))
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    pictures = (frame(k) for k in range(FRAMES) for _ in range(times))
    write_video(path, pictures, fps=15 * times, codec="mjpeg", comment=comment)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    draw(tmp_path / "one.avi", y=40)
    draw(tmp_path / "two.avi", y=50)
    (tmp_path / "broken.avi").write_bytes(b"this is no video")
    path = tmp_path / "plan.csv"
    path.write_text(
        HEAD
        + "c1,p1,one.avi,0,30,40,10,10,10,5,5\n"
        + "c2,p1,one.avi,500,30,40,40,0,0,0,0\n"
        + "c3,p2,broken.avi,0,30,50,40,0,0,0,0\n"
        + "c4,p3,two.avi,0,30,50,0,0,40,0,0\n"
        + "c5,p3,two.avi,20,70,50,0,0,40,0,0\n",
        encoding="utf-8",
    )
    return path


def test_a_built_data_set_is_read_back(plan: Path) -> None:
    out = plan.parent / "out"
    result = finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert result.clips == 2
    reasons = dict(result.rejected)
    assert set(reasons) == {"c2", "c3", "c5"}
    assert "frame 500" in reasons["c2"]
    assert "seen in 4 frames, 16 are needed" in reasons["c5"]
    dataset = read_dataset(out)
    assert [c.clip for c in dataset.clips] == ["c1", "c4"]
    assert (dataset.kind, dataset.clips[0].votes) == ("lab", (10, 10, 10, 5, 5))
    assert dataset.column("fps") == pytest.approx([15, 15])
    assert dataset.column("span_s") == pytest.approx([(FRAMES - 1) / 15] * 2, abs=1e-3)
    images = load_clip(dataset.clips[0].path, frames=16, size_px=48).astype(float).mean(axis=3)
    # The head stays in the middle of every crop: that is what tracking is for.
    darkest = [np.unravel_index(np.argmin(i), i.shape) for i in images]
    assert np.abs(np.array(darkest) - 23.5).max() < 5
    with (out / "rejected.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_a_video_is_opened_once_for_all_its_sperm_and_not_again_when_it_is_made(
    plan: Path, video_reads: "VideoReads"
) -> None:
    job = partial(build_dataset, plan, name="lab", panel_size=40, settings=SETTINGS)
    finish(job(out=plan.parent / "out"))
    once = {"one.avi": 1, "broken.avi": 1, "two.avi": 1}
    assert (video_reads.opened, video_reads.hashed) == (once, {})
    finish(job(out=plan.parent / "out"))
    assert video_reads.opened == once | {"broken.avi": 2}  # it may have been mended


def test_a_click_that_missed_is_told(plan: Path) -> None:
    """Votes of the sperm that was meant must not teach what was followed in its place."""
    out = plan.parent / "out"
    with plan.open("a", encoding="utf-8") as file:
        file.write("c6,p1,one.avi,0,30,56,40,0,0,0,0\nc7,p1,one.avi,0,31,40,40,0,0,0,0\n")
    result = finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert result.clips == 3
    assert "seen in" in dict(result.rejected)["c6"]  # the sperm that passes there is another
    assert ("c7", "Sperm c1 and c7 are the same one: count it once.") in result.doubtful
    with (out / "doubtful.csv").open(encoding="utf-8", newline="") as file:
        assert [(r["clip"], r["reason"]) for r in csv.DictReader(file)] == list(result.doubtful)
    assert "to check before training, listed in doubtful.csv" in result.summary
    again = finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert again == result


def test_a_notice_is_no_reason_to_check_a_clip(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a motion of the stage was subtracted, for example."""
    flags = (
        QualityFlag.notice("field_moves", Message("The picture moves.")),
        QualityFlag.warning("track_lost", Message("The sperm was lost.")),
    )
    monkeypatch.setattr("rostfine_core.training.data.build.recording_flags", lambda *_: flags)
    out = plan.parent / "out"
    result = finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert {reason for _, reason in result.doubtful} == {"The sperm was lost."}


ONE, TWIN = "c1,p1,one.avi,0,30,40,10,10,10,5,5\n", "c7,p1,one.avi,0,31,40,40,0,0,0,0\n"
TWINS = (
    ("c1", "Sperm c1 and c7 are the same one: count it once."),
    ("c7", "Sperm c1 and c7 are the same one: count it once."),
)


def test_one_sperm_twice_is_told_however_the_plan_came_to_it(plan: Path) -> None:
    def doubtful(*rows: str) -> tuple[tuple[str, str], ...]:
        plan.write_text(HEAD + "".join(rows), encoding="utf-8")
        out = plan.parent / "out"
        job = build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS)
        told: tuple[tuple[str, str], ...] = finish(job).doubtful
        return told

    assert doubtful(ONE) == ()
    assert doubtful(ONE, TWIN) == TWINS  # a row that was added later
    assert doubtful(ONE) == ()  # and taken out again
    assert doubtful(ONE, TWIN) == TWINS


def test_what_an_earlier_version_did_not_note_is_made_again(plan: Path) -> None:
    """It said nothing of simulated videos, whose models must carry the notice."""
    draw(plan.parent / "one.avi", y=40, comment=SIMULATED_VIDEO)
    plan.write_text(HEAD + ONE, encoding="utf-8")
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    journal = out / "build.jsonl"
    noted = json.loads(journal.read_text(encoding="utf-8"))
    del noted["c1"]["is_simulated"]
    journal.write_text(json.dumps(noted) + "\n", encoding="utf-8")
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert read_dataset(out).kind == SIMULATED


def test_an_interrupted_build_goes_on(plan: Path) -> None:
    out = plan.parent / "out"
    job = build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS)
    while next(job).stage != "videos":
        pass
    job.close()
    assert not (out / "labels.csv").exists()
    written = (out / "clips" / "c1.npz").stat().st_mtime_ns
    stages = []
    again = build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS)
    stages = [p.stage for p in again]
    assert not any("one.avi" in s for s in stages)
    assert (out / "clips" / "c1.npz").stat().st_mtime_ns == written
    assert len(read_dataset(out).clips) == 2


def test_a_corrected_click_is_made_again_and_nothing_else(plan: Path) -> None:
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    written = (out / "clips" / "c1.npz").stat().st_mtime_ns
    text = plan.read_text(encoding="utf-8").replace("c2,p1,one.avi,500,", "c2,p1,one.avi,0,")
    plan.write_text(text, encoding="utf-8")
    result = finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert result.clips == 3
    assert "c2" not in dict(result.rejected)
    assert (out / "clips" / "c1.npz").stat().st_mtime_ns == written


def test_findings_in_the_plan_go_into_the_data_set(plan: Path) -> None:
    head, *rows = plan.read_text(encoding="utf-8").splitlines()
    findings = [f"{row},{number / 10}" for number, row in enumerate(rows)]
    plan.write_text("\n".join([f"{head},head_aspect", *findings]) + "\n", encoding="utf-8")
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert read_dataset(out).column("head_aspect").tolist() == [0.0, 0.3]


def test_findings_below_zero_stay_numbers_and_formulas_become_text(plan: Path) -> None:
    head, *rows = plan.read_text(encoding="utf-8").splitlines()
    findings = [f"{row},-{number + 1}.5,=1+1" for number, row in enumerate(rows)]
    plan.write_text("\n".join([f"{head},tilt,note", *findings]) + "\n", encoding="utf-8")
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert read_dataset(out).column("tilt").tolist() == [-1.5, -4.5]
    assert ",'=1+1," in (out / "labels.csv").read_text(encoding="utf-8")


def test_the_frame_rate_counts_distinct_frames(plan: Path) -> None:
    draw(plan.parent / "one.avi", y=40, times=2)
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert read_dataset(out).column("fps") == pytest.approx([15, 15], abs=1)


def test_a_wrong_frame_rate_is_corrected_by_the_plan(plan: Path) -> None:
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    head, *rows = plan.read_text(encoding="utf-8").splitlines()
    rates = {"one.avi": "12.5", "two.avi": "", "broken.avi": ""}
    with_rates = [f"{row},{rates[row.split(',')[2]]}" for row in rows]
    plan.write_text("\n".join([f"{head},fps", *with_rates]) + "\n", encoding="utf-8")
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert read_dataset(out).column("fps") == pytest.approx([12.5, 15])
    wrong = [f"{row},{rate}" for row, rate in zip(rows, ("10", "20", "0", "", ""), strict=True)]
    plan.write_text("\n".join([f"{head},fps", *wrong]) + "\n", encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert "line 3: fps differs within 'one.avi'" in str(caught.value)
    assert "line 4: fps '0' is not a number above zero" in str(caught.value)


@pytest.mark.parametrize("content", [None, b"PK, but no archive", b""])
def test_a_clip_that_is_missing_or_damaged_is_made_again(plan: Path, content: bytes | None) -> None:
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    clip, other = (out / "clips" / f"{name}.npz" for name in ("c1", "c4"))
    whole, written = clip.read_bytes(), other.stat().st_mtime_ns
    clip.unlink() if content is None else clip.write_bytes(content)
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert clip.read_bytes() == whole
    assert other.stat().st_mtime_ns == written
    clip.write_bytes(whole[: len(whole) // 2] + b"x" + whole[len(whole) // 2 + 1 :])
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    assert len(load_clip(clip, frames=16, size_px=48)) == 16


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[1, 2]", b"3", b'{"c1": 5}', b"[" * 100_000, b'{"c1": {"path": [1]}}']
)
def test_a_damaged_journal_costs_only_the_clips_that_it_names(plan: Path, line: bytes) -> None:
    out = plan.parent / "out"
    job = partial(build_dataset, plan, out=out, name="lab", panel_size=40, settings=SETTINGS)
    first = finish(job())
    with (out / "build.jsonl").open("ab") as journal:
        journal.write(line + b"\n")
    assert finish(job()) == first


def test_the_lists_of_a_data_set_are_replaced_together(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    lists = {p: p.read_bytes() for p in out.iterdir() if p.suffix in (".csv", ".toml")}
    plan.write_text(HEAD + ONE, encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rostfine_core.training.data.build_lists.write_header", full)
    with pytest.raises(StoreError, match="No space left on device"):
        finish(build_dataset(plan, out=out, name="other", panel_size=40, settings=SETTINGS))
    assert {p: p.read_bytes() for p in lists} == lists


def test_a_note_cut_short_by_a_crash_does_not_spoil_the_next(plan: Path) -> None:
    out = plan.parent / "out"
    journal = out / "build.jsonl"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    journal.write_bytes(journal.read_bytes().splitlines()[0][:-20])
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    again = build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS)
    assert {p.stage for p in again} == {"videos"}


@pytest.mark.requirement("R-53")
def test_mistakes_of_a_plan_are_named_at_once(plan: Path) -> None:
    plan.write_text(
        HEAD
        + "a/b,p,one.avi,0,1,1,40,0,0,0,0\n"
        + "c,,none.avi,0,1,1,39,0,0,0,0\n"
        + "d,p,one.avi,zero,1,1,40,0,0,0,0\n",
        encoding="utf-8",
    )
    with pytest.raises(DatasetError) as caught:
        finish(build_dataset(plan, out=plan.parent / "out", name="lab", panel_size=40))
    for part in (
        "5 mistake(s)",
        "line 2: clip 'a/b' is not a plain file name",
        "line 3: sample is empty",
        "line 3: video 'none.avi' does not exist",
        "line 3: the votes sum to 39",
        "line 4: frame, x and y must be numbers",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_plan_is_read_as_spreadsheets_save_it(plan: Path, delimiter: str) -> None:
    """European spreadsheets separate with semicolons and write decimal commas."""
    point = "," if delimiter == ";" else "."
    rows = ["c1,p1,one.avi,0,30~5,40,10,10,10,5,5,0~25", ",,,,,,,,,,,"]
    text = "\r\n".join([HEAD.strip() + ",tilt", *rows]) + "\r\n"
    plan.write_text("\ufeff" + text.replace(",", delimiter).replace("~", point), encoding="utf-8")
    planned = read_plan(plan, header=DatasetHeader(name="lab", kind="lab", panel_size=40))
    (clip,) = planned[plan.parent / "one.avi"]
    assert (clip.seed.frame, clip.seed.x_px, clip.votes) == (0, 30.5, (10, 10, 10, 5, 5))
    assert clip.others == {"tilt": "0.25"}


def test_data_of_simulated_videos_is_simulated_whatever_its_name(plan: Path) -> None:
    """Else a model trained on it would not carry the notice that it is not for clinical use."""
    draw(plan.parent / "one.avi", y=40, comment=SIMULATED_VIDEO)
    out = plan.parent / "out"
    finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    dataset = read_dataset(out)
    assert (dataset.name, dataset.kind) == ("lab", "simulated")


def test_a_panel_that_may_abstain(plan: Path) -> None:
    plan.write_text(HEAD + "c1,p1,one.avi,0,30,40,10,10,10,5,3\n", encoding="utf-8")
    out = plan.parent / "out"
    with pytest.raises(DatasetError, match="sum to 38, the panel has 40 experts"):
        finish(build_dataset(plan, out=out, name="lab", panel_size=40, settings=SETTINGS))
    finish(
        build_dataset(plan, out=out, name="lab", panel_size=40, abstentions=True, settings=SETTINGS)
    )
    assert read_dataset(out).labels.sum() == pytest.approx(1)


def test_nothing_but_rejects(plan: Path) -> None:
    plan.write_text(HEAD + "c3,p2,broken.avi,0,5,5,40,0,0,0,0\n", encoding="utf-8")
    out = plan.parent / "out"
    with pytest.raises(DatasetError, match="every sperm was rejected"):
        finish(build_dataset(plan, out=out, name="lab", panel_size=40))


def test_a_video_that_was_mended_is_read_again(plan: Path) -> None:
    out = plan.parent / "out"
    build = partial(build_dataset, out=out, name="lab", panel_size=40, settings=SETTINGS)
    assert "c3" in dict(finish(build(plan)).rejected)
    draw(plan.parent / "broken.avi", y=50)
    assert "c3" not in dict(finish(build(plan)).rejected)


def test_clips_of_another_plan_are_not_dropped_in_silence(plan: Path) -> None:
    out = plan.parent / "out"
    build = partial(build_dataset, out=out, name="lab", panel_size=40, settings=SETTINGS)
    assert finish(build(plan)).unlisted == ()
    head, first, *_ = plan.read_text(encoding="utf-8").splitlines()
    plan.write_text(f"{head}\n{first}\n", encoding="utf-8")
    second = finish(build(plan))
    assert second.unlisted == ("c4",)
    assert "1 built earlier are no longer in the plan" in second.summary
    assert {p.stem for p in (out / "clips").glob("*.npz")} == {"c1", "c4"}
    labels = (out / "labels.csv").read_bytes()
    plan.write_text(f"{head}\nother-{first}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="holds only clips of another plan"):
        finish(build(plan))
    assert (out / "labels.csv").read_bytes() == labels


def test_clips_are_resampled_to_one_scale_and_again_when_it_changes(plan: Path) -> None:
    out, job = plan.parent / "out", partial(build_dataset, name="lab", panel_size=40)
    text = plan.read_text(encoding="utf-8").splitlines()
    scales = {"one.avi": "0.2", "two.avi": "0.4", "broken.avi": "0.2"}
    rows = [f"{line},{scales[line.split(',')[2]]}" for line in text[1:]]
    plan.write_text("\n".join([text[0] + ",um_per_px", *rows]) + "\n", encoding="utf-8")
    widths = []
    for scale in (0.2, 0.1):
        finish(job(plan, out=out, um_per_px=scale, settings=SETTINGS))
        dataset = read_dataset(out)
        images = [load_clip(c.path, frames=16, size_px=48).astype(float) for c in dataset.clips]
        dark = [(i[0].mean(axis=2) < 130).any(axis=0).sum() for i in images]
        widths.append(dark)
        assert [c.numbers["um_per_px"] for c in dataset.clips] == [scale, scale]
        assert [c.numbers["video_um_per_px"] for c in dataset.clips] == [0.2, 0.4]
        assert f"um_per_px = {scale}" in (out / "dataset.toml").read_text(encoding="utf-8")
    # So its way seems twice as long, in um, whatever the clips are resampled to.
    paths = [load_path(c.path, frames=16) for c in dataset.clips]
    ways = [float(np.linalg.norm(path[-1, 1:] - path[0, 1:])) for path in paths]
    assert ways[0] > 1
    assert ways[1] / ways[0] == pytest.approx(2, rel=0.2)
    assert [path[-1, 0] for path in paths] == pytest.approx([(FRAMES - 1) / 15] * 2, abs=1e-3)
    # Both videos show the same head: the coarser one's is enlarged twice as much.
    ratios = [widths[0][1] / widths[0][0], widths[1][0] / widths[0][0]]
    assert ratios == pytest.approx([2, 2], abs=0.35)
    plan.write_text(plan.read_text(encoding="utf-8").replace(",0.4", ","), encoding="utf-8")
    with pytest.raises(DatasetError, match="line 5: clips are to be resampled"):
        finish(job(plan, out=out, um_per_px=0.1, settings=SETTINGS))
