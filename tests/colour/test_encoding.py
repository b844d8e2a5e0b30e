"""The display curve, its roll-off, and their inverses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daynight.colour.encoding import KNEE, decode_display, encode_display, shown, to_encoding, with_shown
from daynight.frames.frame import Frame


@pytest.mark.parametrize(
    ("linear", "display"),
    [(0.0, 0.0), (0.001, 0.01292), (0.0031308, 0.04045), (0.18, 0.461356), (0.5, 0.735357), (1.0, 1.0)],
)
def test_the_curve_has_the_values_of_the_standard(linear: float, display: float) -> None:
    assert encode_display(np.float32([linear]))[0] == pytest.approx(display, abs=2e-6)
    assert decode_display(np.float32([display]))[0] == pytest.approx(linear, abs=2e-6)


def test_every_8_and_16_bit_level_comes_back() -> None:
    for levels in (255, 65535):
        display = np.arange(levels + 1, dtype=np.float32) / levels
        back = np.rint(encode_display(decode_display(display)) * levels)
        np.testing.assert_array_equal(back, np.arange(levels + 1))


def test_every_finite_half_float_comes_back_through_the_roll_off() -> None:
    values = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    display = encode_display(values, high_range=True)
    assert display.min() == 0
    assert display.max() <= 1 + 1e-6
    assert (np.diff(display) >= 0).all()
    back = decode_display(display, high_range=True)
    np.testing.assert_allclose(back, values, rtol=0.005, atol=1e-7)
    below = values <= 1
    step = np.spacing(values[below].astype(np.float16)).astype(np.float32)
    assert (np.abs(back[below] - values[below]) <= step).all()


def test_the_roll_off_leaves_what_is_below_the_knee_alone() -> None:
    dark = decode_display(np.linspace(0, KNEE, 100, dtype=np.float32))
    np.testing.assert_array_equal(encode_display(dark), encode_display(dark, high_range=True))


def test_negative_light_is_mirrored_in_a_float_plate_and_cut_in_others() -> None:
    light = np.float32([-0.5, -0.001, 0.25])
    mirrored = encode_display(light, high_range=True)
    assert mirrored[0] == pytest.approx(-0.735357, abs=2e-6)
    np.testing.assert_allclose(decode_display(mirrored, high_range=True), light, rtol=1e-5)
    np.testing.assert_array_equal(encode_display(light)[:2], 0)


def test_a_frame_that_is_in_the_encoding_already_is_the_same_frame() -> None:
    frame = Frame(np.zeros((1, 2, 2, 3), np.float32), "display")
    assert to_encoding(frame, "display") is frame
    assert to_encoding(frame, "scene-linear").encoding == "scene-linear"


LIGHT = st.floats(0, 65504, width=32)
"""All that a half float may hold, and all between."""
NEAR_WHITE = st.floats(0.5, 2, width=32)
quickly = settings(max_examples=300, deadline=None, database=None, derandomize=True)


def there_and_back(light: float) -> float:
    display = encode_display(np.float32([light]), high_range=True)
    assert display[0] <= 1 + 1e-6
    return float(decode_display(display, high_range=True)[0])


@quickly
@given(LIGHT | NEAR_WHITE)
def test_the_roll_off_comes_back_within_a_half_step_below_white_and_half_a_percent_above(
    light: float,
) -> None:
    step = float(np.spacing(np.float16(light))) if light < 1 else 0.005 * light
    assert abs(there_and_back(light) - light) <= step
    assert there_and_back(-light) == pytest.approx(-light, rel=1e-5, abs=1e-7)


@quickly
@given(LIGHT | NEAR_WHITE, LIGHT | NEAR_WHITE)
def test_the_roll_off_keeps_the_order_of_light(one: float, other: float) -> None:
    dark, bright = sorted((one, other))
    display = encode_display(np.float32([dark, bright, -dark, -bright]), high_range=True)
    assert display[0] <= display[1] + 1e-7
    assert display[2] >= display[3] - 1e-7
    back = decode_display(np.sort(display), high_range=True)
    assert (np.diff(back) >= 0).all()


@quickly
@given(st.floats(1e-6, 1e-3))
def test_the_roll_off_leaves_the_knee_without_a_step_or_a_bend(beyond: float) -> None:
    knee = float(decode_display(np.float32([KNEE]))[0])
    slope = (float(encode_display(np.float32([knee * 1.001]))[0]) - KNEE) / (knee * 0.001)
    display = encode_display(np.float32([knee * (1 - beyond), knee * (1 + beyond)]), high_range=True)
    assert display[0] == pytest.approx(KNEE, abs=1e-6 + slope * knee * beyond * 1.1)
    assert display[1] == pytest.approx(KNEE, abs=1e-6 + slope * knee * beyond * 1.1)
    start = encode_display(np.float32([knee, knee * 1.00005]), high_range=True).astype(float)
    assert (start[1] - start[0]) / (knee * 0.00005) == pytest.approx(slope, rel=0.05)


@quickly
@given(st.lists(st.floats(-65504, 65504, width=32), min_size=3, max_size=30))
def test_a_picture_that_a_model_leaves_alone_gives_its_light_back(values: list[float]) -> None:
    light = np.float32(values[: len(values) // 3 * 3]).reshape(1, 1, -1, 3)
    frame = Frame(light, high_range=True)
    seen = shown(frame)
    assert 0 <= seen.min() <= seen.max() <= 1
    np.testing.assert_allclose(with_shown(frame, seen).pixels, light, rtol=1e-5, atol=1e-7)


@quickly
@given(st.floats(1, 65504, width=32), st.floats(0, 1, width=32))
def test_light_above_white_takes_what_white_takes(light: float, display: float) -> None:
    frame = Frame(np.full((1, 1, 1, 3), light, np.float32), high_range=True)
    white = Frame(np.ones((1, 1, 1, 3), np.float32), high_range=True)
    picture = np.full((1, 1, 1, 3), display, np.float32)
    bright, one = (with_shown(each, picture.copy()).pixels[0, 0, 0, 0] for each in (frame, white))
    assert bright == pytest.approx(one * light, rel=1e-5)
