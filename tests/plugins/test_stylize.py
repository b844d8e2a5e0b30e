"""Running models: of pictures and of maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from onnx_models import FREE, affine, maps, per_channel, save
from pictures import picture

from daynight import Frame
from daynight.colour.encoding import encode_display
from daynight.errors import PlateError

DISPLAY = Frame(picture()[np.newaxis], "display")


@pytest.mark.parametrize("value_range", ["-1..1", "0..1", "0..255"])
def test_a_model_that_changes_nothing_gives_the_plate(apply, tmp_path: Path, value_range: str) -> None:
    model = affine(tmp_path / "a.onnx", facts={"value_range": value_range})
    result = apply(DISPLAY, "stylize", model=model)
    np.testing.assert_allclose(result.image, DISPLAY.image, atol=3e-7)


@pytest.mark.parametrize(("value_range", "black"), [("-1..1", 0.5), ("0..1", 0.0), ("0..255", 0.0)])
def test_the_range_decides_what_zero_is(apply, tmp_path: Path, value_range: str, black: float) -> None:
    model = affine(tmp_path / "a.onnx", 0, facts={"value_range": value_range})
    np.testing.assert_allclose(apply(DISPLAY, "stylize", model=model).image, black)


@pytest.mark.parametrize(("order", "gains"), [("rgb", (1, 0.5, 0)), ("bgr", (0, 0.5, 1))])
def test_the_channel_order(apply, tmp_path: Path, order: str, gains: tuple[float, ...]) -> None:
    model = per_channel(
        tmp_path / "a.onnx", (1, 0.5, 0), facts={"value_range": "0..1", "channel_order": order}
    )
    result = apply(DISPLAY, "stylize", model=model)
    np.testing.assert_allclose(result.image, DISPLAY.image * np.float32(gains), atol=1e-7)


def test_a_scene_linear_model_sees_light(apply, tmp_path: Path) -> None:
    model = affine(tmp_path / "a.onnx", 0.5, facts={"value_range": "0..1", "encoding": "scene-linear"})
    result = apply(Frame(picture()[np.newaxis]), "stylize", model=model)
    assert result.encoding == "scene-linear"
    np.testing.assert_allclose(result.image, picture() / 2, atol=1e-6)


def test_strength_mixes_plate_and_picture(apply, tmp_path: Path) -> None:
    model = affine(tmp_path / "a.onnx", 0, facts={"value_range": "0..1"})
    for strength in (0.0, 0.25, 1.0):
        result = apply(DISPLAY, ("stylize", {"strength": strength}), model=model)
        np.testing.assert_allclose(result.image, DISPLAY.image * (1 - strength), atol=1e-7)


def test_light_above_white_survives_a_model_of_pictures(apply, tmp_path: Path) -> None:
    light = picture() * np.float32(3)
    light[:4] = 2000
    frame = Frame(light[np.newaxis], high_range=True)
    result = apply(frame, "stylize", "grade", model=affine(tmp_path / "a.onnx"))
    np.testing.assert_allclose(result.image, light, rtol=5e-3)


@pytest.mark.parametrize("offset", [0.02, 0.3])
def test_a_model_that_overshoots_white_makes_no_suns(apply, tmp_path: Path, offset: float) -> None:
    light = np.linspace(0, 1.2, 64 * 48 * 3, dtype=np.float32).reshape(48, 64, 3)
    model = affine(tmp_path / "a.onnx", 1, offset, facts={"value_range": "0..1"})
    result = apply(Frame(light[np.newaxis], high_range=True), "stylize", "grade", model=model)
    assert result.image.max() < 2.5
    assert (result.image >= light - 1e-5).all()


def test_a_model_of_another_output_size_is_refused(apply, tmp_path: Path) -> None:
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    model = save(tmp_path / "a.onnx", [node], outputs={"y": ("n", 3, "h2", "w2")}, shape=FREE)
    with pytest.raises(PlateError, match="the model returned 1×3×24×32 for 64x48"):
        apply(DISPLAY, "stylize", model=model)


def test_maps_relight_the_plate_in_stops(apply, tmp_path: Path) -> None:
    light = picture(90, 160) * np.float32(2)
    light[10, 10] = 20.0
    model = maps(tmp_path / "m.onnx", (-1, -2, -3), (0, 0, 0.125))
    result = apply(Frame(light[np.newaxis], high_range=True), "stylize", model=model)
    expected = light * np.float32([0.5, 0.25, 0.125]) + np.float32([0, 0, 0.125])
    np.testing.assert_allclose(result.image, expected, rtol=2e-4, atol=1e-5)
    assert result.image[10, 10, 0] == pytest.approx(10.0, rel=2e-4), "bright light stays in proportion"


@pytest.mark.parametrize(("height", "width"), [(1, 500), (500, 1), (1, 1), (33, 47), (700, 300)])
def test_maps_for_frames_of_any_shape(apply, tmp_path: Path, height: int, width: int) -> None:
    light = picture(height, width)
    model = maps(tmp_path / "m.onnx", (-2, -2, -2), (0, 0, 0))
    result = apply(Frame(light[np.newaxis]), "stylize", model=model)
    np.testing.assert_allclose(result.image, light / 4, rtol=1e-3, atol=1e-6)


def test_strength_of_maps_is_a_part_of_the_stops(apply, tmp_path: Path) -> None:
    model = maps(tmp_path / "m.onnx", (-2, -2, -2), (0.5, 0.5, 0.5))
    frame = Frame(picture()[np.newaxis])
    half = apply(frame, ("stylize", {"strength": 0.5}), model=model)
    np.testing.assert_allclose(half.image, picture() / 2 + 0.25, rtol=1e-3)
    none = apply(frame, ("stylize", {"strength": 0}), model=model)
    np.testing.assert_array_equal(none.image, frame.image)


def test_what_the_network_of_maps_sees_is_display_encoded(apply, tmp_path: Path) -> None:
    """A model whose stops are what it sees: at mid-grey 0.18 it sees 0.461 in [0, 1]."""
    zero = {"zero": np.array(0, np.float32)}
    nodes = [
        helper.make_node("Identity", ["x"], ["stops"]),
        helper.make_node("Mul", ["x", "zero"], ["emission"]),
    ]
    facts = {"kind": "maps", "value_range": "0..1", "size_multiple": "16", "short_side": "64"}
    model = save(tmp_path / "m.onnx", nodes, zero, outputs={"stops": FREE, "emission": FREE}, facts=facts)
    frame = Frame(np.full((1, 64, 64, 3), 0.18, np.float32))
    result = apply(frame, "stylize", model=model)
    seen = encode_display(np.float32([0.18]))[0]
    np.testing.assert_allclose(result.image, 0.18 * 2**seen, rtol=1e-4)


def test_a_pixel_that_is_no_number_stays_alone(apply, tmp_path: Path) -> None:
    """One NaN and one Inf of a bad render must not spread through the network's view of the frame."""
    light = picture(90, 160)
    light[30, 40], light[60, 100] = np.nan, np.inf
    good = np.isfinite(light)
    frame = Frame(light[np.newaxis], high_range=True)
    relit = apply(frame, "stylize", model=maps(tmp_path / "m.onnx", (-1, -1, -1), (0, 0, 0)))
    np.testing.assert_allclose(relit.image[good], light[good] / 2, rtol=1e-3)
    restyled = apply(frame, "stylize", "grade", model=affine(tmp_path / "a.onnx"))
    np.testing.assert_allclose(restyled.image[good], light[good], rtol=5e-3, atol=1e-6)
    for result in (relit, restyled):
        assert np.isnan(result.image[30, 40]).all()
        assert not np.isfinite(result.image[60, 100]).any()
