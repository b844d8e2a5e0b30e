"""The display curve, its roll-off, and their inverses."""

from __future__ import annotations

import numpy as np
import pytest

from daynight.colour import KNEE, decode_display, encode_display, to_encoding
from daynight.frame import Frame


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
