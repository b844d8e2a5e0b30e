"""Scaling of pictures: by area when they shrink, bilinear when they grow."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import picture

from daynight.frames.resize import reduced, scaled


def test_a_smaller_picture_holds_the_mean_of_each_area() -> None:
    pixels = picture(24, 32)
    mean = pixels.reshape(6, 4, 8, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(scaled(pixels, 6, 8), mean, rtol=1e-5)
    np.testing.assert_allclose(reduced(pixels, 0.25), mean, rtol=1e-5)


def test_a_larger_picture_is_interpolated() -> None:
    ramp = np.linspace(0, 1, 8, dtype=np.float32)[np.newaxis].repeat(4, axis=0)
    larger = scaled(ramp, 4, 32)
    assert (np.diff(larger[0, 2:-2]) > 0).all(), "no steps: not the nearest pixel"


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_a_picture_is_never_enlarged_nor_copied(scale: float) -> None:
    pixels = picture(5, 7)
    assert reduced(pixels, scale) is pixels


def test_no_side_vanishes() -> None:
    assert reduced(picture(2, 400), 0.01).shape == (1, 4, 3)
