"""Steps that see neighbours, on shots whose data window moves from frame to frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import SHARED, convert, part, picture, read_image, specs_of, write_parts

from daynight import Frame
from daynight.errors import PlateError
from daynight.frames.plate import Window
from daynight.frames.tiling import cut, plan_tiles
from daynight.looks.chain import Chain, Timeline
from daynight.plugin import FrameWindow, StepContext, StepOptions, WindowStep

PLUGIN = '''
"""Means over time."""
from daynight import Frame, hookimpl
from daynight.plugin import FrameWindow, WindowStep

class Mean(WindowStep):
    """Return the mean of a frame and its neighbours."""
    name = "mean"
    works_in = "scene-linear"
    before = after = 1
    def apply(self, window: FrameWindow) -> Frame:
        frames = [each for each in (*window.before, window.frame, *window.after) if each is not None]
        assert {each.window for each in frames} == {window.frame.window}
        assert {each.plate.image.shape for each in frames} == {window.frame.image.shape}
        return window.frame.with_image(sum(each.image for each in frames) / len(frames))

class Matte(WindowStep):
    """Return the mean of a frame and its neighbours where these have pixels."""
    name = "matte"
    works_in = "scene-linear"
    before = after = 1
    def apply(self, window: FrameWindow) -> Frame:
        light, weight = window.frame.image.copy(), 1
        for each in (*window.before, *window.after):
            if each is not None:
                cover = 1 if each.alpha is None else each.alpha[..., None]
                light, weight = light + each.image * cover, weight + cover
        return window.frame.with_image(light / weight)

@hookimpl
def daynight_steps():
    return [Mean, Matte]
'''
DISPLAY = (0, 0, 100, 80)
WINDOWS = {
    1: (0, 0, 64, 48),
    2: (6, 3, 64, 48),
    3: (12, 6, 60, 40),
    4: (-8, -5, 110, 90),
    5: (70, 60, 20, 16),
    6: (0, 0, 20, 16),
}
"""Data windows by frame number: moving, changing their size, with overscan, and apart from each other."""


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Register the steps, and write a chain of them."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/means.py").write_text(PLUGIN)
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "means")

    def write(*steps: str) -> Path:
        path = tmp_path / "chain.toml"
        path.write_text("".join(f"[[step]]\nuse = {step}\n" for step in steps))
        return path

    return write


def light(number: int) -> NDArray[np.float32]:
    _, _, width, height = WINDOWS[number]
    return picture(height, width, seed=number) * number + 1


def shot(folder: Path, display: Callable[[int], tuple[int, int, int, int]] = lambda _: DISPLAY) -> Path:
    for number, (x, y, width, height) in WINDOWS.items():
        shown = display(number)
        spec = part(
            dict.fromkeys("RGB", "float"),
            size=(width, height),
            at=(x + shown[0], y + shown[1]),
            display=shown,
        )
        write_parts(folder / f"sh.{number:04}.exr", (spec, light(number)))
    return folder


def on_canvas(pixels: NDArray[np.float32], window: tuple[int, ...]) -> NDArray[np.float32]:
    """Return pixels on a canvas that holds every window, 0 where they have none."""
    x, y, width, height = window
    canvas = np.zeros((300, 300, 3), np.float32)
    canvas[100 + y : 100 + y + height, 100 + x : 100 + x + width] = pixels
    return canvas


def expected(number: int, *, covered: bool = False) -> NDArray[np.float32]:
    """Return the mean of a frame and its neighbours on its window; with ``covered``, of those with pixels."""
    numbers = [each for each in (number - 1, number, number + 1) if each in WINDOWS]
    total = sum(on_canvas(light(each), WINDOWS[each]) for each in numbers)
    weight = sum(on_canvas(np.ones_like(light(each)), WINDOWS[each]) for each in numbers)
    x, y, width, height = WINDOWS[number]
    mean = total / (np.maximum(weight, 1) if covered else len(numbers))
    return mean[100 + y : 100 + y + height, 100 + x : 100 + x + width]


@pytest.mark.parametrize("step", ["mean", "matte"])
def test_neighbours_lie_on_the_data_window_of_the_frame(
    tmp_path: Path, chain: Callable[..., Path], step: str
) -> None:
    plates = shot(tmp_path / "sh")
    summary = convert(plates, chain=chain(f'"{step}"'), out=tmp_path / "out")
    assert [str(event.fault) for event in summary.failed] == []
    for number, window in WINDOWS.items():
        result = tmp_path / f"out/sh.{number:04}.exr"
        (spec,) = specs_of(result)
        assert (spec.x, spec.y, spec.width, spec.height) == window
        assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == DISPLAY
        assert spec.channelnames == ("R", "G", "B"), "an alpha that neighbours got is not written"
        np.testing.assert_allclose(
            read_image(result), expected(number, covered=step == "matte"), rtol=1e-5, err_msg=str(number)
        )


def test_any_chunk_gives_the_same_pixels(tmp_path: Path, chain: Callable[..., Path]) -> None:
    plates = shot(tmp_path / "sh")
    steps = chain('"mean"', '"grade"\nexposure = -1', '"mean"')
    convert(plates, chain=steps, out=tmp_path / "whole")
    for frames in ("5-6", "3", "1-2", "4"):
        convert(plates, chain=steps, out=tmp_path / "chunks", frames=frames)
    for number in WINDOWS:
        name = f"sh.{number:04}.exr"
        np.testing.assert_array_equal(
            read_image(tmp_path / "chunks" / name), read_image(tmp_path / "whole" / name)
        )


def test_display_windows_lie_on_each_other(tmp_path: Path, chain: Callable[..., Path]) -> None:
    """A display window that moves takes its pixels along: what counts is their place in the picture."""
    plates = shot(tmp_path / "sh", lambda number: (number * 40, -number * 7, 100, 80))
    convert(plates, chain=chain('"mean"'), out=tmp_path / "out")
    for number in WINDOWS:
        result = read_image(tmp_path / f"out/sh.{number:04}.exr")
        np.testing.assert_allclose(result, expected(number), rtol=1e-5, err_msg=str(number))


def test_a_crop_of_moving_windows_is_aligned_too(tmp_path: Path, chain: Callable[..., Path]) -> None:
    plates = shot(tmp_path / "sh")
    crop = '"crop"\nx = 4\ny = 2\nwidth = 16\nheight = 12'
    convert(plates, chain=chain(crop, '"matte"'), out=tmp_path / "out")
    whole = {number: WINDOWS[number] for number in (1, 2, 3)}
    parts = {number: (x + 4, y + 2, 16, 12) for number, (x, y, _, _) in whole.items()}
    total, weight = np.zeros((300, 300, 3)), np.zeros((300, 300, 3))
    for number, window in parts.items():
        total += on_canvas(light(number)[2:14, 4:20], window)
        weight += on_canvas(np.ones((12, 16, 3), np.float32), window)
    x, y, width, height = parts[2]
    mean = (total / np.maximum(weight, 1))[100 + y : 100 + y + height, 100 + x : 100 + x + width]
    np.testing.assert_allclose(read_image(tmp_path / "out/sh.0002.exr"), mean, rtol=1e-5)


class Spy(WindowStep):
    """Keep the windows that it is given."""

    name = "spy"
    before = after = 1

    def __init__(self) -> None:
        super().__init__(StepOptions(), StepContext(pytest.fail, pytest.fail, pytest.fail))  # type: ignore[arg-type]
        self.seen: list[FrameWindow] = []

    def apply(self, window: FrameWindow) -> Frame:
        self.seen.append(window)
        return window.frame


def frame(number: int, window: Window, **fields: Any) -> Frame:
    pixels = picture(window.height, window.width)[np.newaxis]
    return Frame(pixels, number=number, data_window=window, display_window=Window(0, 0, 100, 80), **fields)


def test_neighbours_with_the_same_window_are_not_copied() -> None:
    spy = Spy()
    frames = {number: frame(number, Window(3, 4, 64, 48)) for number in (1, 2, 3)}
    Timeline(Chain("test", (spy,)), frames.get).result(2)
    (seen,) = spy.seen
    for number in (1, 2, 3):
        neighbour = seen[number]
        assert neighbour is not None
        assert neighbour.pixels is frames[number].pixels
        assert neighbour.alpha is None


def test_tiles_of_different_data_windows_fail_with_the_remedy() -> None:
    tiled = {}
    for number, window in {1: Window(0, 0, 64, 48), 2: Window(8, 0, 64, 48), 3: Window(8, 0, 64, 48)}.items():
        layout = plan_tiles(48, 64, 32, 32, halo=4)
        whole = frame(number, window)
        tiled[number] = whole.with_pixels(cut(whole.image, layout), tiles=layout)
    timeline = Timeline(Chain("test", (Spy(),)), tiled.get)
    with pytest.raises(
        PlateError, match=r"its neighbour 1 has another data window, .*; put the step ahead of"
    ):
        timeline.result(2)
    assert timeline.chain.steps[0].seen == []  # type: ignore[attr-defined]


@pytest.mark.skipif(
    not (SHARED / "plates/beachball").is_dir(), reason="../shared/plates/beachball is not here"
)
def test_a_real_render_whose_data_window_moves(tmp_path: Path, chain: Callable[..., Path]) -> None:
    """Two frames of a ball that rolls, each rendered into its own data window, premultiplied."""
    plates = SHARED / "plates/beachball/singlepart.####.exr"
    convert(plates, chain=chain('"mean"'), out=tmp_path)
    (before,), (after,) = (specs_of(Path(str(plates).replace("####", each))) for each in ("0001", "0002"))
    assert (before.x, before.y, before.width) != (after.x, after.y, after.width)
    own, other, result = (
        read_image(path).astype(np.float32)
        for path in (
            plates.with_name("singlepart.0002.exr"),
            plates.with_name("singlepart.0001.exr"),
            tmp_path / "singlepart.0002.exr",
        )
    )
    assert result.shape == own.shape
    np.testing.assert_array_equal(result[..., 3:], own[..., 3:], err_msg="alpha and layers are the frame's")
    straight, neighbour = (
        np.divide(each[..., :3], each[..., 3:4], out=each[..., :3].copy(), where=each[..., 3:4] > 1e-6)
        for each in (own, other)
    )
    aligned = np.zeros_like(straight)
    down, along = after.y - before.y, after.x - before.x
    inside = neighbour[down:, along:][: after.height, : after.width]
    aligned[: inside.shape[0], : inside.shape[1]] = inside
    covered = own[..., 3] > 1e-6
    mean = (straight + aligned) / 2 * own[..., 3:4]
    np.testing.assert_allclose(result[..., :3][covered], mean[covered], rtol=2e-3, atol=1e-4)
    assert np.abs(aligned - straight)[covered].max() > 0.1, "the neighbour is another picture"
