"""The colour of light by its temperature."""

from __future__ import annotations

import numpy as np
import pytest

from daynight.colour.encoding import LUMINANCE
from daynight.colour.kelvin import kelvin_to_rgb


def test_daylight_is_white() -> None:
    np.testing.assert_allclose(kelvin_to_rgb(6500), 1, atol=0.05)


@pytest.mark.parametrize("temperature", [1667, 2222, 3000, 4000, 6500, 12000, 25000])
def test_every_colour_has_luminance_1(temperature: float) -> None:
    assert float(kelvin_to_rgb(temperature) @ np.array(LUMINANCE)) == pytest.approx(1, abs=1e-5)


def test_colder_is_bluer() -> None:
    ratios = [colour[2] / colour[0] for colour in map(kelvin_to_rgb, (2000, 2700, 4000, 6500, 10000, 20000))]
    assert ratios == sorted(ratios)


def test_the_known_chromaticity_of_tungsten() -> None:
    # CIE illuminant A, 2856 K: x 0.4476, y 0.4074; to Rec. 709 by hand.
    red, green, blue = kelvin_to_rgb(2856)
    assert (green / red, blue / red) == pytest.approx((0.45, 0.127), abs=0.02)


def test_beyond_the_range_the_ends_hold() -> None:
    np.testing.assert_array_equal(kelvin_to_rgb(100), kelvin_to_rgb(1667))
    np.testing.assert_array_equal(kelvin_to_rgb(99999), kelvin_to_rgb(25000))
