"""Maps held steady along the plates' motion, up to cuts and around what comes and goes."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from daynight.looks.motion import is_cut, steadied
from daynight.looks.scene import Survey
from daynight.models.lights import MAPS, VARIETY

SIZE = (96, 128)


def texture(seed: int = 0) -> NDArray[np.float32]:
    """A picture with features at all places, wider than a frame."""
    random = np.random.default_rng(seed)
    coarse = random.random((24, 48)).astype(np.float32)
    fine = np.kron(coarse, np.ones((6, 6), np.float32))
    return np.stack([fine, fine * 0.9, fine * 0.8], axis=2)[:, :260]


def told(offset: int = 0, level: float = 0.0, seed: int = 0) -> Survey:
    """A frame of a camera that has panned so far; its mattes are a pattern of the scene, plus a level."""
    whole = texture(seed)
    height, width = SIZE
    proxy = np.ascontiguousarray(whole[:height, offset : offset + width])
    pattern = np.linspace(0, 1, whole.shape[1], dtype=np.float32)[offset : offset + width]
    mattes = np.broadcast_to(pattern[None, :, None], (height, width, 8)) + np.float32(level)
    return Survey(0.0, proxy, np.ascontiguousarray(mattes), None)


INSIDE = (slice(20, -20), slice(20, -20))


def test_a_frame_without_neighbours_is_itself() -> None:
    own = told()
    assert steadied(own, [None, None], [None]) is own


def test_noise_in_time_is_averaged_on_a_camera_that_stands() -> None:
    random = np.random.default_rng(0)
    frames = [told(level=float(random.normal(0, 0.1))) for _ in range(9)]
    raw = [float(frame.mattes[INSIDE].mean()) for frame in frames[3:6]]
    held = [
        float(steadied(frames[n], frames[n - 3 : n], frames[n + 1 : n + 4]).mattes[INSIDE].mean())
        for n in (3, 4, 5)
    ]
    assert np.std(held) < 0.5 * np.std(raw)


def test_maps_follow_a_pan() -> None:
    frames = [told(offset=4 * number) for number in range(7)]
    held = steadied(frames[3], frames[:3], frames[4:])
    np.testing.assert_allclose(held.mattes[INSIDE], frames[3].mattes[INSIDE], atol=0.01)


def test_what_passes_by_is_not_averaged_with_what_is_behind_it() -> None:
    own, other = told(), told()
    proxy, mattes = own.proxy.copy(), own.mattes.copy()
    thing = (slice(40, 60), slice(50, 80))
    proxy[thing], mattes[thing] = (0.9, 0.1, 0.1), 5.0
    own = dataclasses.replace(own, proxy=proxy, mattes=mattes)
    held = steadied(own, [other], [other])
    np.testing.assert_allclose(held.mattes[45:55, 58:72], 5.0, atol=0.2)


def test_a_cut_ends_the_neighbours() -> None:
    bright = told(level=3.0)
    after_cut = dataclasses.replace(bright, proxy=np.clip(1 - 0.4 * bright.proxy, 0, 1))
    own = told()
    assert is_cut(own, after_cut)
    held = steadied(own, [told(level=0.5)], [after_cut, told(level=9.0)])
    beside = steadied(own, [told(level=0.5)], [])
    np.testing.assert_array_equal(held.mattes, beside.mattes)


def test_a_pan_and_a_change_of_light_are_no_cuts() -> None:
    assert not is_cut(told(), told(offset=12))
    assert not is_cut(told(), dataclasses.replace(told(), proxy=told().proxy * np.float32(0.97)))


def test_a_change_of_shape_ends_the_neighbours() -> None:
    own = told()
    small = dataclasses.replace(own, proxy=own.proxy[:64], mattes=own.mattes[:64] + 9)
    np.testing.assert_array_equal(steadied(own, [small], [small]).mattes, own.mattes)


def test_lights_of_another_size_are_held_too() -> None:
    def lit(level: float) -> Survey:
        lights = np.full((48, 64, len(MAPS)), level, np.float32)
        return dataclasses.replace(told(), lights=lights)

    held = steadied(lit(1.0), [lit(0.0)], [lit(0.0)])
    assert held.lights is not None
    assert held.lights.shape == (48, 64, len(MAPS))
    assert 0.2 < held.lights[12:36, 16:48, :-VARIETY].mean() < 0.6
    # What tells one place from another stays with the frame, and so does the choice of a seed.
    np.testing.assert_array_equal(held.lights[..., -VARIETY:], 1.0)
