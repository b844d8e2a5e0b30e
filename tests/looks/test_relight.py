"""Maps of a small proxy on a large plate."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pictures import picture

from daynight.colour.encoding import decode_display
from daynight.looks.relight import make_proxy, proxy_size, relight, upsample


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (1080, 1920, (192, 320)),
        (1920, 1080, (320, 192)),
        (720, 1280, (192, 320)),
        (100, 100, (192, 192)),
        (1, 4000, (192, 768)),
        (2160, 4096, (192, 384)),
    ],
)
def test_the_proxy_is_a_multiple_and_never_huge(height: int, width: int, size: tuple[int, int]) -> None:
    assert proxy_size(height, width, 192, 64) == size


def test_a_proxy_averages_light() -> None:
    plate = np.zeros((64, 64, 3), np.float32)
    plate[::2, ::2] = 4.0
    np.testing.assert_allclose(make_proxy(plate, 16, 16), 1.0, rtol=1e-5)


def test_stops_and_emission_are_light() -> None:
    plate = picture() * np.float32(30)
    stops = np.broadcast_to(np.float32([-1, 0, 3]), plate.shape)
    emission = np.full_like(plate, 0.5)
    expected = plate * np.float32([0.5, 1, 8]) + 0.5
    np.testing.assert_allclose(relight(plate, stops, emission), expected, rtol=1e-6)


def test_maps_follow_the_skyline_and_leave_no_halo() -> None:
    """A bright sky gets -6 stops and a dark hill -1: the map's edge must lie on the plate's."""
    rows = np.arange(480)[:, np.newaxis]
    skyline = 240 + 60 * np.sin(np.arange(640) / 40)[np.newaxis]
    sky = (rows < skyline)[..., np.newaxis]
    plate = decode_display(np.where(sky, np.float32(0.85), np.float32(0.25)) * np.ones(3, np.float32))
    proxy = make_proxy(plate, 96, 128)
    mask = cv2.resize(sky.astype(np.float32), (128, 96), interpolation=cv2.INTER_AREA)[..., np.newaxis]
    stops = np.repeat(-1 - 5 * mask, 3, axis=2).astype(np.float32)
    (guided,) = upsample([stops], proxy, plate, high_range=False)
    bilinear = cv2.resize(stops, (640, 480), interpolation=cv2.INTER_LINEAR)
    truth = np.where(sky, -6.0, -1.0)
    near = np.abs(rows - skyline) < 6
    error, plain = (np.abs(full - truth)[near].mean() for full in (guided, bilinear))
    assert error < 0.5
    assert error < plain / 2


def test_flat_maps_stay_flat_on_any_plate() -> None:
    plate = picture(300, 500)
    proxy = make_proxy(plate, 64, 128)
    maps = [np.full((64, 128, 3), value, np.float32) for value in (-3.0, 0.25)]
    for full, value in zip(upsample(maps, proxy, plate, high_range=False), (-3.0, 0.25), strict=True):
        assert full.shape == plate.shape
        np.testing.assert_allclose(full, value, atol=2e-4)


def test_a_map_that_is_a_mix_of_the_guides_channels_comes_up_exactly() -> None:
    """The fit sees colour: what is linear in the shown proxy is the same mix of the shown plate."""
    from daynight.colour.encoding import encode_display

    plate = decode_display(picture(288, 384))
    proxy = make_proxy(plate, 288, 384)
    mix = np.float32([[2, 0, -1], [-3, 1, 0], [0, 4, 2]])
    maps = encode_display(proxy) @ mix + np.float32(0.5)
    (full,) = upsample([maps], proxy, plate, high_range=False)
    expected = encode_display(plate) @ mix + np.float32(0.5)
    assert np.abs(full - expected).mean() < 0.1 * np.abs(expected - expected.mean()).mean()
