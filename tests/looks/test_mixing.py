"""How much of a look a plate gets: strength, protected lights, and the maps written beside it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from onnx_models import affine, maps
from pictures import (
    SHARED,
    as_uint8,
    channel_bits,
    converted,
    needs_shared,
    part,
    picture,
    read_image,
    run_convert,
    specs_of,
    write_image,
    write_parts,
)

from daynight.colour.encoding import decode_display, encode_display
from daynight.colour.spaces import ColourSpaces
from daynight.frames.frame import Frame
from daynight.looks.lights import light_sources
from daynight.looks.mixing import mixed
from daynight.plates import read_frame

LOOKS = ["night", "day", "grade", "passthrough"]
FOUR_STOPS = ("grade.exposure=-4", "grade.saturation=1", "grade.tint=[1, 1, 1]")


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


def png(folder: Path) -> Path:
    return write_image(folder / "a.png", as_uint8(picture()))


def exr_with_alpha_and_extra_channels(folder: Path) -> Path:
    random = np.random.default_rng(1)
    channels = dict.fromkeys("RGBA", "half") | {"Z": "float", "id": "uint", "motion.x": "half"}
    values = random.normal(0.5, 0.5, (48, 64, 7)).astype(np.float32)
    values[..., 3] = random.random((48, 64))
    return write_parts(folder / "a.exr", (part(channels, compression="piz"), values))


def float_exr_with_alpha(folder: Path) -> Path:
    """Of all plates the one that notices any arithmetic: nothing is rounded away in it."""
    values = np.random.default_rng(3).random((48, 64, 4)).astype(np.float32)
    return write_image(folder / "a.exr", values, "RGBA")


def log_dpx(folder: Path) -> Path:
    codes = np.random.default_rng(2).integers(0, 1024, (48, 64, 3)).astype(np.uint16)
    tags = {"oiio__BitsPerSample": 10, "dpx__Transfer": "Printing density"}
    return write_image(folder / "a.dpx", (codes << 6) | (codes >> 4), **tags)


PLATES = {
    "8-bit PNG": png,
    "half EXR": exr_with_alpha_and_extra_channels,
    "float EXR": float_exr_with_alpha,
    "log DPX": log_dpx,
}


# --- Strength. ---


@pytest.mark.parametrize("make", PLATES.values(), ids=PLATES)
@pytest.mark.parametrize("look", LOOKS)
def test_strength_0_gives_the_plate_bit_for_bit(tmp_path: Path, look: str, make: object) -> None:
    plate = make(tmp_path)  # type: ignore[operator]
    assert channel_bits(converted(plate, look, strength=0)) == channel_bits(plate)


@pytest.mark.parametrize("make", [png, exr_with_alpha_and_extra_channels], ids=["8-bit PNG", "half EXR"])
def test_strength_1_is_the_whole_look(tmp_path: Path, make: object) -> None:
    plate = make(tmp_path)  # type: ignore[operator]
    whole = converted(plate, "night", out=tmp_path / "whole")
    asked = converted(plate, "night", out=tmp_path / "asked", strength=1)
    assert channel_bits(asked) == channel_bits(whole)
    assert channel_bits(asked) != channel_bits(plate)


def test_half_of_four_stops_is_two(tmp_path: Path) -> None:
    light = np.geomspace(0.1, 1000, 64).astype(np.float32)
    plate = write_image(tmp_path / "a.exr", np.broadcast_to(light[:, np.newaxis], (4, 64, 3)))
    for strength, stops in ((0.5, 2), (0.25, 1), (0.75, 3)):
        options = {"strength": strength, "settings": FOUR_STOPS, "out": tmp_path / str(strength)}
        result = read_image(converted(plate, "grade", **options))[0, :, 0]
        np.testing.assert_allclose(np.log2(light / result), stops, atol=0.01)


def test_strength_is_in_stops_of_an_8_bit_plate_too(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.tif", np.full((8, 8, 3), 60000, np.uint16))
    result = read_image(converted(plate, "grade", strength=0.5, settings=FOUR_STOPS))
    expected = encode_display(decode_display(np.float32([60000 / 65535])) / 4)[0] * 65535
    assert np.abs(result - expected).max() <= 10


LIGHT = st.floats(-65504, 65504, width=32)


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(
    arrays(np.float32, (1, 2, 2, 3), elements=LIGHT),
    arrays(np.float32, (1, 2, 2, 3), elements=LIGHT),
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=5),
)
def test_strength_goes_from_the_plate_to_the_look_without_turning_back(
    before: NDArray[np.float32], after: NDArray[np.float32], strengths: list[float]
) -> None:
    plate, result = Frame(before, high_range=True), Frame(after, high_range=True)
    steps = [mixed(result, plate, strength).pixels for strength in sorted({0.0, 1.0, *strengths})]
    allowed = 1e-5 * np.maximum(np.abs(before), np.abs(after)) + 1e-6
    assert (np.abs(steps[0] - before) <= allowed).all()
    np.testing.assert_array_equal(steps[-1], after)
    rising = np.sign(after - before)
    for one, other in pairwise(steps):
        assert ((other - one) * rising >= -allowed).all()
    both_negative = (before < 0) & (after < 0)
    assert all((step[both_negative] < 0).all() for step in steps)


def test_negative_light_keeps_its_sign(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", np.full((4, 4, 3), -0.5, np.float32))
    result = read_image(converted(plate, "grade", strength=0.5, settings=FOUR_STOPS))
    np.testing.assert_allclose(result, -0.125, rtol=0.01)


# --- Lights. ---

LAMPS = {"white": (60, 250, (1, 1, 1)), "red": (120, 150, (1, 0.05, 0.02)), "green": (200, 200, (0, 1, 0.3))}
"""Place and colour of lamps of 7 pixels in a dark street under a bright sky."""


def street(brightness: float) -> NDArray[np.float32]:
    light = np.full((270, 360, 3), 0.03, np.float32)
    light += picture(270, 360)[..., :1] * np.float32(0.03)
    light[:45] = (0.85, 0.92, 1.0)
    for row, column, colour in LAMPS.values():
        cv2.circle(light, (column, row), 3, [float(each) * brightness for each in colour], -1)
    return light


@pytest.mark.parametrize(("brightness", "ext"), [(1, "png"), (20, "exr")], ids=["LDR", "HDR"])
def test_lamps_stay_and_sky_and_street_change(tmp_path: Path, brightness: float, ext: str) -> None:
    light = street(brightness)
    if ext == "png":
        plate = write_image(tmp_path / "a.png", as_uint8(encode_display(light)))
    else:
        plate = write_image(tmp_path / "a.exr", light.astype(np.float16))
    before = read_image(plate).astype(float)
    for look in ("grade", "night"):
        result = read_image(converted(plate, look, protect_lights=True, out=tmp_path / look)).astype(float)
        for name, (row, column, _) in LAMPS.items():
            around = (slice(row - 1, row + 2), slice(column - 1, column + 2))
            np.testing.assert_array_equal(result[around], before[around], err_msg=f"{name} in {look}")
        unprotected = read_image(converted(plate, look, out=tmp_path / f"{look}-all")).astype(float)
        for part_ in (slice(0, 40), slice(230, 270)):
            assert (np.abs(result[part_] - before[part_]).sum(axis=2) > 0).all()
            spread = 1 if ext == "png" else 1e-6
            np.testing.assert_allclose(result[part_], unprotected[part_], atol=spread)


def matte(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return light_sources(Frame(light[np.newaxis], high_range=True))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (40, 3), (17, 33)])
def test_a_matte_of_the_smallest_pictures_has_their_size(size: tuple[int, int]) -> None:
    found = matte(picture(*size))
    assert found.shape == size
    assert 0 <= found.min() <= found.max() <= 1


def test_a_matte_does_not_trip_over_nan_and_infinity() -> None:
    light = street(1)
    light[100:110, 100:110] = np.nan
    light[5, 5], light[150, 300] = np.inf, -np.inf
    found = matte(light)
    assert np.isfinite(found).all()
    row, column, _ = LAMPS["red"]
    assert found[row, column] == 1


def test_a_lamp_at_another_size_of_the_plate_is_a_lamp_too() -> None:
    small = street(1)
    large = cv2.resize(small, (360 * 4, 270 * 4), interpolation=cv2.INTER_NEAREST)
    for row, column, _ in LAMPS.values():
        assert matte(large)[row * 4 + 2, column * 4 + 2] == 1
    assert matte(large)[:150].max() < 0.05


def test_a_bright_wall_and_a_white_line_are_no_lamps() -> None:
    light = street(1)
    light[100:230, 20:140] = 0.95
    light[240:243] = 0.9
    found = matte(light)
    assert found[110:220, 30:130].max() == 0
    assert found[238:245, 20:340].max() < 0.05


@needs_shared
def test_a_real_plate_is_converted_with_its_lights_kept(tmp_path: Path) -> None:
    plate = SHARED / "plates/CandleGlass.exr"
    result = converted(plate, "grade", out=tmp_path, protect_lights=True, mask="A")
    before, after = read_frame(plate), read_frame(result)
    found = light_sources(ColourSpaces().to_working(ColourSpaces().declared(before)))
    assert 0 <= found.min() <= found.max() <= 1
    assert before.pixels.shape == after.pixels.shape
    assert (before.pixels != after.pixels).any()


# --- Maps. ---

MAPS = [f"daynight.{name}.{channel}" for name in ("emission", "stops") for channel in "RGB"]


@pytest.mark.parametrize("kind", ["half", "float"])
def test_maps_are_written_when_asked_in_the_pictures_type(tmp_path: Path, kind: str) -> None:
    channels = dict.fromkeys("RGBA", kind) | {"Z": "float"}
    values = np.concatenate([picture(), np.ones((48, 64, 2), np.float32)], axis=2)
    plate = write_parts(tmp_path / "a.exr", (part(channels), values))
    (without,) = specs_of(converted(plate, "day", out=tmp_path / "without"))
    assert list(without.channelnames) == ["R", "G", "B", "A", "Z"]
    result = converted(plate, "day", out=tmp_path / "with", aovs=True)
    kinds = {name: each for _, name, each in channel_bits(result)}
    assert kinds == {**channels, **dict.fromkeys(MAPS, kind)}
    plain, beside = channel_bits(tmp_path / "without/a.exr"), channel_bits(result)
    assert plain == {key: bits for key, bits in beside.items() if key in plain}, "the picture is the same"


def test_maps_of_a_known_model_have_its_values(tmp_path: Path) -> None:
    model = maps(tmp_path / "m.onnx", (-1, -2, -3), (0.5, 0.25, 0.125))
    plate = write_image(tmp_path / "a.exr", picture())
    for strength in (1.0, 0.5):  # the maps are of the whole look
        options = {"model": model, "aovs": True, "strength": strength, "out": tmp_path / str(strength)}
        result = converted(plate, "night", **options)
        (spec,) = specs_of(result)
        values = dict(zip(spec.channelnames, np.moveaxis(read_image(result), 2, 0), strict=True))
        for name, expected in zip(MAPS, (0.5, 0.25, 0.125, -1, -2, -3), strict=True):
            np.testing.assert_allclose(values[name], expected, atol=1e-3)


def test_maps_are_done_anew_over_those_of_an_earlier_run(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    first = converted(plate, "day", out=tmp_path / "1", aovs=True)
    second = converted(first, "day", out=tmp_path / "2", aovs=True)
    assert sorted(specs_of(second)[0].channelnames) == sorted(["R", "G", "B", *MAPS])
    kept = converted(first, "grade", out=tmp_path / "3")
    bits = channel_bits(first)
    assert {key: each for key, each in channel_bits(kept).items() if key[1] in MAPS} == {
        key: each for key, each in bits.items() if key[1] in MAPS
    }


def test_a_format_without_layers_warns_that_the_maps_are_left_out(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    _, told = run_convert(plate, "day", aovs=True, ext="png")
    assert told == ["a.exr: png holds no AOVs: daynight.stops, daynight.emission are left out"]
    assert read_image(tmp_path / "out/a.png").shape == (48, 64, 3)


def test_a_look_without_maps_warns(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    model = affine(tmp_path / "a.onnx", facts={"value_range": "0..1"})
    for options in ({}, {"model": model}):
        look = "night" if options else "grade"
        _, told = run_convert(plate, look, aovs=True, out=tmp_path / look, **options)
        assert told == [f"{look} makes no AOVs: its model returns pictures, or it has none"]


def test_maps_are_cropped_with_the_picture(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    chain = tmp_path / "crop.toml"
    chain.write_text(
        '[model]\nfile = "day"\n[[step]]\nuse = "stylize"\n'
        '[[step]]\nuse = "crop"\nwidth = 20\nheight = 10\nx = 30\ny = 25\n'
    )
    whole = read_image(converted(plate, "day", out=tmp_path / "whole", aovs=True))
    result = converted(plate, None, chain=chain, out=tmp_path / "part", aovs=True)
    (spec,) = specs_of(result)
    assert (spec.x, spec.y, spec.width, spec.height) == (30, 25, 20, 10)
    np.testing.assert_array_equal(read_image(result), whole[25:35, 30:50])
