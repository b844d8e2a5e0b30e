"""The grade by hand."""

from __future__ import annotations

import numpy as np
from pictures import picture

from daynight import Frame

LIGHT = picture() * np.float32(8)
FRAME = Frame(LIGHT[np.newaxis])


def test_exposure_is_in_stops_and_has_no_ceiling(apply) -> None:
    np.testing.assert_allclose(apply(FRAME, ("grade", {"exposure": 3})).image, LIGHT * 8, rtol=1e-5)


def test_without_saturation_all_channels_are_the_luminance(apply) -> None:
    grey = apply(FRAME, ("grade", {"saturation": 0})).image
    luminance = LIGHT @ np.float32([0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose(grey, np.repeat(luminance[..., None], 3, axis=2), rtol=1e-5, atol=1e-6)


def test_tint_is_a_gain_for_each_channel(apply) -> None:
    tinted = apply(FRAME, ("grade", {"tint": [0.5, 1, 2]})).image
    np.testing.assert_allclose(tinted, LIGHT * np.float32([0.5, 1, 2]), rtol=1e-5, atol=1e-6)


def test_a_display_encoded_plate_is_graded_in_light(apply) -> None:
    frame = Frame(np.full((1, 2, 2, 3), 0.461356, np.float32), "display")
    np.testing.assert_allclose(apply(frame, ("grade", {"exposure": 1})).image, 0.36, rtol=1e-4)
