"""Light above white and below black: what a look makes of it, and that no step clips it unasked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_models import affine, maps, per_channel
from pictures import (
    channel_bits,
    convert,
    converted,
    part,
    picture,
    read_image,
    run_convert,
    specs_of,
    write_image,
    write_parts,
)

from daynight import open_look


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


def bright_plate() -> NDArray[np.float32]:
    """A street with a lamp of 20.0, a wall of 1.0, and a little negative light as wide gamuts give."""
    light = picture(48, 64) * np.float32(0.4)
    light[8:16, 8:16] = 20.0
    light[8:16, 32:40] = 1.0
    light[30:34, 30:34] = (-0.02, 0.1, -0.001)
    return light


def planes(path: Path) -> dict[str, NDArray[np.float32]]:
    """Channels of a float file, by name."""
    (spec,) = specs_of(path)
    return dict(zip(spec.channelnames, np.moveaxis(read_image(path), 2, 0), strict=True))


def stacked(channels: dict[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    return np.stack([channels[f"{name}.{channel}"] for channel in "RGB"], axis=2)


def test_every_pixel_is_the_plates_light_times_stops_plus_emission(tmp_path: Path) -> None:
    plate = bright_plate()
    result = planes(converted(write_image(tmp_path / "a.exr", plate), "day", aovs=True))
    picture_ = np.stack([result[channel] for channel in "RGB"], axis=2)
    stops, emission = (stacked(result, f"daynight.{name}").astype(float) for name in ("stops", "emission"))
    expected = plate * 2**stops + emission
    size = np.abs(plate * 2**stops) + emission  # negative light and emission may cancel
    assert (np.abs(picture_ - expected) <= 1e-5 * size + 1e-9).all()
    assert (emission >= 0).all()
    assert stops.std() > 0.01, "the maps are not all the same"


def test_20_stays_20_times_as_bright_where_the_stops_are_the_same(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", bright_plate())
    model = maps(tmp_path / "m.onnx", (-4, -3, -2), (0, 0, 0))
    result = read_image(converted(plate, "night", model=model))
    lamp, wall = result[12, 12], result[12, 36]
    np.testing.assert_allclose(lamp / wall, 20, rtol=1e-4)
    np.testing.assert_allclose(wall, [2**-4, 2**-3, 2**-2], rtol=1e-3)
    negative = result[32, 32]
    np.testing.assert_allclose(negative, np.float32([-0.02, 0.1, -0.001]) / [16, 8, 4], rtol=2e-3)


def test_the_bundled_night_keeps_a_lamp_above_its_wall(tmp_path: Path) -> None:
    settings = ["night.lamps_on=false", "night.practicals_on=false"]  # else both may be lit
    result = read_image(
        converted(write_image(tmp_path / "a.exr", bright_plate()), "night", settings=settings)
    )
    lamp, wall = result[10:14, 10:14].mean(), result[10:14, 34:38].mean()
    assert lamp / wall > 2


def test_a_half_plate_comes_through_passthrough_to_the_last_bit(tmp_path: Path) -> None:
    """All 65536 bit patterns: denormals, ±65504, -0.0, infinities, and each NaN with its payload."""
    bits = np.arange(65536, dtype=np.uint16).repeat(3).reshape(256, 256, 3)
    plate = write_image(tmp_path / "a.exr", bits.view(np.float16))
    result = converted(plate)
    assert channel_bits(result) == channel_bits(plate)


def test_a_float_plate_comes_through_passthrough_to_the_last_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    bits = random.integers(0, 2**32, (64, 64, 4), np.uint32)
    plate = write_image(tmp_path / "a.exr", bits.view(np.float32), "RGBA")
    assert channel_bits(converted(plate)) == channel_bits(plate)


def test_a_model_of_pictures_that_changes_nothing_gives_hdr_and_negatives_back(tmp_path: Path) -> None:
    """It sees [0, 1]; negative light is kept beside it, light above white in proportion."""
    light = bright_plate()
    light[0, :4, 0] = (65504, 1e-6, -3, 1.0001)
    model = affine(tmp_path / "same.onnx", facts={"value_range": "0..1"})
    plate = write_image(tmp_path / "a.exr", light)
    result = read_image(converted(plate, "night", model=model))
    np.testing.assert_allclose(result, light, rtol=2e-5, atol=2e-7)


def test_a_model_of_pictures_changes_light_above_white_as_it_changes_white(tmp_path: Path) -> None:
    light = np.full((32, 32, 3), 0.25, np.float32)
    light[:, 16:] = 1.0
    light[:16, 16:] = 20.0
    light[:16, :8] = -0.5
    model = per_channel(tmp_path / "red.onnx", (1.0, 0.5, 0.25), facts={"value_range": "0..1"})
    result = read_image(converted(write_image(tmp_path / "a.exr", light), "night", model=model))
    np.testing.assert_allclose(result[0, 31] / result[31, 31], 20, rtol=1e-4)
    assert result[31, 31, 1] == pytest.approx(0.214041, rel=1e-4)  # white shown at 0.5
    np.testing.assert_allclose(result[0, 0], -0.5, rtol=1e-6)  # black to the model; kept as it is


STEPS_IN_DISPLAY = '''
from daynight import hookimpl
from daynight.plugin.step import Step, StepOptions

class Seen(Step):
    """Note what is seen, change nothing."""
    name = "seen"
    Options = StepOptions
    works_in = "display"
    seen = []
    def apply(self, frame):
        """Give the frame."""
        Seen.seen.append((float(frame.pixels.min()), float(frame.pixels.max())))
        if Seen.seen[-1][1] > 1.00001:
            raise ValueError("a display shows no more than 1")
        return frame.with_pixels(frame.pixels * 1.0)

@hookimpl
def daynight_steps():
    """Register the step."""
    return [Seen]
'''


def test_a_step_that_works_display_encoded_gives_all_light_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roll-off and its inverse, through a real plug-in: half a percent above white, less below."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/seen.py").write_text(STEPS_IN_DISPLAY)
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.delenv("DAYNIGHT_PLUGINS", raising=False)
    from daynight.plugin.registry import Registry

    chain = tmp_path / "seen.toml"
    chain.write_text('[[step]]\nuse = "seen"\n')
    ramp = np.geomspace(1e-4, 65504, 62).astype(np.float32)
    values = np.concatenate([[0, -0.25], ramp]).astype(np.float32)
    plate = write_image(tmp_path / "a.exr", np.broadcast_to(values[:, np.newaxis], (4, 64, 3)))
    summary = convert(plate, chain=chain, out=tmp_path / "out", registry=Registry.load())
    assert [str(event.fault) for event in summary.failed] == []
    result = read_image(tmp_path / "out/a.exr")[0, :, 0]
    below = values <= 1
    np.testing.assert_allclose(result[below], values[below], atol=2**-11, rtol=1e-5)
    np.testing.assert_allclose(result[~below], values[~below], rtol=0.005)


def test_light_beyond_half_float_is_the_largest_half(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", np.full((32, 32, 3), 60000, np.float16))
    model = maps(tmp_path / "m.onnx", (2, 0, -1), (0, 0, 0))
    result = read_image(converted(plate, "night", model=model))
    np.testing.assert_allclose(result[5, 5].astype(float), [65504, 60000, 30000], rtol=1e-3)


def test_an_acescg_plate_keeps_proportion_and_its_own_out_of_gamut_light(tmp_path: Path) -> None:
    """Pure ACEScg green is negative in Rec. 709; a look of equal stops must give it back as it was."""
    light = np.zeros((32, 32, 3), np.float32)
    light[..., 1] = 20
    light[16:, :, 0] = 5
    spec = part(dict.fromkeys("RGB", "float"), size=(32, 32), colorInteropID="lin_ap1_scene")
    plate = write_parts(tmp_path / "a.exr", (spec, light))
    model = maps(tmp_path / "m.onnx", (-3, -3, -3), (0, 0, 0))
    result = read_image(converted(plate, "night", model=model))
    np.testing.assert_allclose(result, light / 8, rtol=1e-4, atol=1e-4)


def test_an_array_of_floats_keeps_light_above_white() -> None:
    plate = bright_plate()
    with open_look("grade", settings=["grade.saturation=1", "grade.tint=[1, 1, 1]"]) as look:
        result = look(plate)
    np.testing.assert_allclose(result, plate / 8, rtol=1e-5)


def test_nothing_is_lit_where_an_element_does_not_cover(tmp_path: Path) -> None:
    """The light a look adds is what is behind an element would need it: an "over" must not add a veil."""
    pixels = np.zeros((48, 64, 4), np.float32)
    pixels[10:30, 10:40] = (0.4, 0.3, 0.2, 1)
    pixels[40:44, 50:54, :3] = 3  # a glow: light without coverage
    source = write_image(tmp_path / "a.exr", pixels, "RGBA")
    for look in ("night", "day"):
        result = read_image(converted(source, look, out=tmp_path / look))
        outside = pixels[..., 3] == 0
        np.testing.assert_array_equal(result[outside], pixels[outside])
        assert np.abs(result[15:25, 15:35, :3] - pixels[15:25, 15:35, :3]).max() > 0.05
        over_black = read_image(convert_to(source, look, "hdr", tmp_path / f"{look}-hdr"))
        np.testing.assert_allclose(over_black[outside], pixels[outside][:, :3], atol=0.02)


def convert_to(source: Path, look: str, ext: str, out: Path) -> Path:
    run_convert(source, look, ext=ext, out=out)
    return out / f"a.{ext}"
