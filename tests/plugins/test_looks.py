"""The looks that ship."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import EXAMPLES

from daynight import open_look
from daynight.errors import UsageError
from daynight.models.session import open_model
from daynight.plates import read_frame
from daynight.plugin.registry import Registry

SHOTS = sorted(EXAMPLES.glob("shots/*/*.1001.*"))


def test_the_looks_are_these() -> None:
    assert set(Registry.load().looks) == {
        *("night", "moonlight", "blue-hour", "day-for-night"),
        *("night-p0", "day", "grade", "passthrough"),
    }


@pytest.mark.parametrize("shot", SHOTS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("look", ["night", "grade"])
def test_night_is_much_darker_and_keeps_the_plates_structure(shot, look: str) -> None:
    plate = read_frame(shot).image
    levels = np.rint(plate * 255).astype(np.uint8)
    # A window that lights is no loss of structure.
    settings = ["night.lamps_on=false"] if look == "night" else []
    with open_look(look, device="cpu", settings=settings) as to_night:
        night = to_night(levels).astype(np.float32) / 255
    assert night.mean() < 0.6 * plate.mean()
    assert night.std() > 0.01
    ground = slice(plate.shape[0] // 3, None)  # a sky is meant to lose its clouds
    rows = [np.diff(image[ground].mean(2), axis=0).ravel() for image in (plate, night)]
    assert np.corrcoef(*rows)[0, 1] > 0.8


@pytest.mark.parametrize("shot", SHOTS, ids=lambda path: path.parent.name)
def test_day_is_brighter_than_the_night_it_is_given(shot) -> None:
    levels = np.rint(read_frame(shot).image * 255).astype(np.uint8)
    with open_look("night", device="cpu") as to_night, open_look("day", device="cpu") as to_day:
        night = to_night(levels)
        day = to_day(night)
    assert day.mean() > 1.3 * night.mean()


def test_passthrough_gives_the_very_values() -> None:
    light = np.random.default_rng(0).normal(1, 30, (8, 8, 3)).astype(np.float32)
    with open_look("passthrough") as same:
        np.testing.assert_array_equal(same(light), light)


def test_an_unknown_look_is_refused() -> None:
    with (
        pytest.raises(UsageError, match="look 'nihgt': is unknown; did you mean 'night'"),
        open_look("nihgt"),
    ):
        pass


FACTS = {
    "night": ("day-to-night", "lights", "-1..1", "display", "rgb", 32, None, False, 288, "Apache-2.0"),
    "scene": ("other", "mattes", "-1..1", "display", "rgb", 32, None, False, 288, "Apache-2.0"),
    "day": ("night-to-day", "maps", "-1..1", "display", "rgb", 64, None, False, 192, "Apache-2.0"),
    "night-p0": ("day-to-night", "pixels", "-1..1", "display", "rgb", 8, 103, True, None, "Apache-2.0"),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_bundled_models_say_what_is_needed_to_run_them(name: str) -> None:
    facts = open_model(Registry.load().models[name].path, device="cpu").facts
    found = (
        facts.direction,
        facts.kind,
        facts.value_range,
        facts.encoding,
        facts.channel_order,
        facts.size_multiple,
        facts.radius,
        facts.exact_tiling,
        facts.short_side,
        facts.licence.partition(" ")[0].rstrip(",;"),
    )
    assert (facts.name, *found) == (name, *FACTS[name])
    assert b"site-packages" not in Registry.load().models[name].path.read_bytes()
    assert facts.card == Registry.load().models[name].path.with_suffix(".md").read_text(encoding="utf-8")


def test_the_papers_generator_is_the_papers() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(Registry.load().models["night-p0"].path)
    weights = [tensor for tensor in model.graph.initializer if tensor.dims and tensor.data_type != 7]
    assert sum(int(np.prod(tensor.dims)) for tensor in weights) == 1_813_987


def test_the_papers_generator_paints_a_whole_frame_from_tiles() -> None:
    plate = np.rint(read_frame(SHOTS[0]).image * 255).astype(np.uint8)
    with (
        open_look("night-p0", device="cpu") as whole,
        open_look("night-p0", device="cpu", settings=["tile.size=512"]) as tiled,
    ):
        painted = whole(plate)
        np.testing.assert_allclose(tiled(plate).astype(int), painted.astype(int), atol=1)
    assert painted.shape == (720, 1280, 3)
    assert 5 < painted.mean() < 0.95 * plate.mean()
