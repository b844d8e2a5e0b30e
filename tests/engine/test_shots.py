"""Steps that see a frame's neighbours, or the whole shot: the same pixels however a shot is converted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import convert, picture, read_image, write_image

import daynight
from daynight.engine.shots import spread

PLUGIN = '''
"""Steps that see more than one frame."""
import numpy as np
from pydantic import Field
from daynight import Frame, hookimpl
from daynight.plugin.step import FrameWindow, ShotStep, Step, StepOptions, WindowStep

class Reach(StepOptions):
    before: int = Field(2, description="earlier frames")
    after: int = Field(1, description="later frames")

class Trail(WindowStep):
    """Return the mean of a frame and its neighbours."""
    name = "trail"
    Options = Reach
    works_in = "scene-linear"
    def __init__(self, options, context):
        super().__init__(options, context)
        self.before, self.after = options.before, options.after
    def apply(self, window: FrameWindow) -> Frame:
        frames = [each for each in (*window.before, window.frame, *window.after) if each is not None]
        assert window[window.frame.number or 0] is window.frame
        return window.frame.with_image(sum(each.image for each in frames) / len(frames))

class Level(ShotStep, Step):
    """Bring each frame to the shot's mean level."""
    name = "level"
    works_in = "scene-linear"
    samples = 5
    def analyse(self, thumbnails):
        return {"mean": float(np.mean([each.image.mean() for each in thumbnails])), "seen": len(thumbnails)}
    def apply(self, frame: Frame) -> Frame:
        return frame.with_image(frame.image * np.float32(frame.facts["mean"] / frame.image.mean()))

class Settle(ShotStep, WindowStep):
    """Mix a frame with the one before it, more where the shot is bright."""
    name = "settle"
    works_in = "scene-linear"
    before = 1
    def analyse(self, thumbnails):
        return {"share": min(float(thumbnails[0].image.mean()), 1.0)}
    def apply(self, window: FrameWindow) -> Frame:
        (earlier,) = window.before
        if earlier is None:
            return window.frame
        share = np.float32(window.frame.facts["share"])
        return window.frame.with_image(window.frame.image * (1 - share) + earlier.image * share)

@hookimpl
def daynight_steps():
    return [Trail, Level, Settle]
'''

CHAINS = {
    "window": '[[step]]\nuse = "trail"\n',
    "two windows with a grade between": (
        '[[step]]\nuse = "trail"\n[[step]]\nuse = "grade"\nexposure = -0.5\n'
        '[[step]]\nuse = "trail"\nbefore = 1\nafter = 2\n'
    ),
    "shot": '[[step]]\nuse = "level"\n',
    "shot and windows": '[[step]]\nuse = "level"\n[[step]]\nuse = "settle"\n[[step]]\nuse = "trail"\n',
}
NUMBERS = tuple(range(1, 13))

Pictures = dict[str, NDArray[np.generic]]


@pytest.fixture
def write_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make the steps known, and write a chain of them."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/temporal.py").write_text(PLUGIN)
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "temporal")

    def write(text: str) -> Path:
        (tmp_path / "chain.toml").write_text(text)
        return tmp_path / "chain.toml"

    return write


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A shot of floats, in which each frame is unlike the others."""
    for number in NUMBERS:
        write_image(tmp_path / f"sh/sh.{number:04d}.exr", picture(seed=number) * number)
    return tmp_path / "sh"


def results(out: Path) -> Pictures:
    return {path.name: read_image(path) for path in sorted(out.glob("*.exr"))}


def same(one: Pictures, other: Pictures) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("text", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("trouble", ["none", "one broken", "one missing", "one of another size"])
def test_any_way_to_convert_a_shot_gives_the_same_pixels(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path], text: str, trouble: str
) -> None:
    if trouble == "one broken":
        (shot / "sh.0006.exr").write_text("oops")
    elif trouble == "one missing":
        (shot / "sh.0006.exr").unlink()
    elif trouble == "one of another size":
        write_image(shot / "sh.0006.exr", picture(24, 32))
    asked: dict[str, Any] = {"chain": write_chain(text), "warn": lambda _: None}

    def done(name: str, *frames: str | None, **options: Any) -> Pictures:
        for each in frames or (None,):
            convert(shot, out=tmp_path / name, frames=each, **asked, **options)
        return results(tmp_path / name)

    whole = done("whole")
    assert len(whole) == len(NUMBERS) - (trouble in ("one broken", "one missing"))
    same(whole, done("one core", jobs=1))
    same(whole, done("chunks", "1-4", "5-7", "8-12"))
    same(whole, done("backwards", "12", "7-11", "3-6", "1-2"))
    same(whole, done("every second, then the rest", "1-12x2", None))
    # A run that broke off: what is there already is not read again, but for its neighbours.
    for path in list((tmp_path / "chunks").glob("*.exr"))[::3]:
        path.unlink()
    same(whole, done("chunks"))


def test_a_window_holds_the_frames_by_number(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path]
) -> None:
    (shot / "sh.0005.exr").unlink()
    convert(shot, chain=write_chain(CHAINS["window"]), out=tmp_path / "out")
    plates = {number: picture(seed=number) * number for number in NUMBERS}
    for number, neighbours in {1: (1, 2), 4: (2, 3, 4), 6: (4, 6, 7), 12: (10, 11, 12)}.items():
        mean = np.mean([plates[each] for each in neighbours], axis=0)
        np.testing.assert_allclose(
            read_image(tmp_path / f"out/sh.{number:04d}.exr"), mean, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("on_missing", ["hold", "black", "skip"])
def test_a_gap_is_absent_to_its_neighbours_whatever_stands_in(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path], on_missing: str
) -> None:
    (shot / "sh.0006.exr").unlink()
    chain = write_chain(CHAINS["window"])
    convert(shot, chain=chain, out=tmp_path / "plain")
    convert(shot, chain=chain, out=tmp_path / "out", on_missing=on_missing)
    plain, filled = results(tmp_path / "plain"), results(tmp_path / "out")
    stand_in = filled.pop("sh.0006.exr", None)
    same(plain, filled)
    if on_missing == "hold":
        near = [picture(seed=number) * number for number in (4, 5, 5, 7)]
        np.testing.assert_allclose(stand_in, np.mean(near, axis=0), rtol=1e-5, atol=1e-5)
    elif on_missing == "black":
        assert not np.any(stand_in)


def test_a_change_of_size_ends_what_a_window_sees(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path]
) -> None:
    write_image(shot / "sh.0006.exr", picture(24, 32))
    convert(shot, chain=write_chain(CHAINS["window"]), out=tmp_path / "out", warn=lambda _: None)
    plates = {number: picture(seed=number) * number for number in NUMBERS}
    # Frame 7 would see 5 across the change: a new take has begun.
    for number, neighbours in {5: (3, 4, 5), 7: (7, 8)}.items():
        mean = np.mean([plates[each] for each in neighbours], axis=0)
        np.testing.assert_allclose(
            read_image(tmp_path / f"out/sh.{number:04d}.exr"), mean, rtol=1e-5, atol=1e-5
        )
    np.testing.assert_array_equal(read_image(tmp_path / "out/sh.0006.exr"), picture(24, 32))


def test_the_facts_of_a_shot_lie_beside_its_results_and_are_shared(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path]
) -> None:
    chain, out = write_chain(CHAINS["shot"]), tmp_path / "out"
    convert(shot, chain=chain, out=out, frames="3")
    (path,) = out.glob("*.json")
    assert path.name == "sh.exr.facts.json"
    content = json.loads(path.read_text())
    assert content["steps"]["0"]["seen"] == 5
    content["steps"]["0"]["mean"] = 0.25
    path.write_text(json.dumps(content))
    convert(shot, chain=chain, out=out, frames="4")
    assert read_image(out / "sh.0004.exr").mean() == pytest.approx(0.25, rel=1e-4), "taken from the file"
    write_image(shot / "sh.0001.exr", picture(seed=99) * 50)
    convert(shot, chain=chain, out=out, frames="5")
    assert json.loads(path.read_text())["steps"]["0"]["mean"] > 1, "learned anew: a plate has changed"


@pytest.mark.parametrize("change", ["the chain file's text", "the OCIO config", "the strength"])
def test_facts_of_results_made_otherwise_are_learned_anew(
    tmp_path: Path,
    shot: Path,
    write_chain: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    chain, out = write_chain(CHAINS["shot"]), tmp_path / "out"
    convert(shot, chain=chain, out=out, frames="3")
    (path,) = out.glob("*.json")
    stale = json.loads(path.read_text())
    stale["steps"]["0"]["mean"] = 0.25
    path.write_text(json.dumps(stale))
    if change == "the chain file's text":
        write_chain(CHAINS["shot"] + '[[step]]\nuse = "grade"\nexposure = -1\n')
    elif change == "the OCIO config":
        monkeypatch.setenv("OCIO", "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4")
    convert(shot, chain=chain, out=out, frames="4", strength=0.5 if change == "the strength" else 1)
    assert json.loads(path.read_text())["steps"]["0"]["mean"] > 1


def test_facts_that_cannot_be_read_are_learned_anew(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path]
) -> None:
    chain, out = write_chain(CHAINS["shot"]), tmp_path / "out"
    convert(shot, chain=chain, out=out)
    (path,) = out.glob("*.json")
    right = path.read_text()
    for wrong in ("", "[]", '{"key": 1}', right[:40]):
        path.write_text(wrong)
        convert(shot, chain=chain, out=out, overwrite=True, frames="1")
        assert path.read_text() == right


def test_a_still_has_no_neighbours(tmp_path: Path, write_chain: Callable[[str], Path]) -> None:
    still = write_image(tmp_path / "still.exr", picture())
    convert(still, chain=write_chain(CHAINS["shot and windows"]), out=tmp_path / "out")
    np.testing.assert_allclose(read_image(tmp_path / "out/still.exr"), picture(), rtol=1e-5)


@pytest.mark.parametrize("text", CHAINS.values(), ids=CHAINS)
def test_a_shot_of_arrays_gives_what_its_files_give(
    tmp_path: Path, shot: Path, write_chain: Callable[[str], Path], text: str
) -> None:
    chain = write_chain(text)
    convert(shot, chain=chain, out=tmp_path / "out")
    plates = [read_image(path) for path in sorted(shot.glob("*.exr"))]
    with daynight.open_look(chain) as look:
        for number, result in enumerate(look.shot(iter(plates)), start=1):
            np.testing.assert_array_equal(result, read_image(tmp_path / f"out/sh.{number:04d}.exr"))
    assert number == len(NUMBERS)


@pytest.mark.parametrize(("count", "most", "expected"), [(3, 5, [0, 1, 2]), (10, 3, [0, 4, 9]), (9, 1, [0])])
def test_samples_are_spread_evenly(count: int, most: int, expected: list[int]) -> None:
    assert spread(range(count), most) == expected


def test_a_neighbour_is_computed_once(tmp_path: Path, shot: Path, write_chain: Callable[[str], Path]) -> None:
    """Frames are read once in a run, however many windows they lie in."""
    reads: list[str] = []
    chain = write_chain(CHAINS["two windows with a grade between"])
    original = daynight.engine.intake.read_frame

    def counted(path: Path, *arguments: Any, **options: Any) -> Any:
        reads.append(path.name)
        return original(path, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daynight.engine.intake.read_frame", counted)
        convert(shot, chain=chain, out=tmp_path / "out")
    assert sorted(reads) == sorted(path.name for path in shot.glob("*.exr"))
