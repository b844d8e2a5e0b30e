"""Flicker of moving pictures whose motion is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from daynight.evaluation.flicker import (
    flow_between,
    pumping,
    steadiness,
    visible,
    warped,
    warped_difference,
)


@pytest.fixture(scope="module")
def world():
    """A smooth random texture, larger than a frame."""
    random = np.random.default_rng(0)
    texture = cv2.GaussianBlur(random.random((200, 260)).astype(np.float32), (0, 0), 2.5)
    return (texture - texture.min()) / (texture.max() - texture.min())


def view(world: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.ascontiguousarray(world[y : y + 120, x : x + 160])


def test_motion_is_found(world):
    flow = flow_between(view(world, 43, 28), view(world, 40, 30))
    assert np.median(flow, axis=(0, 1)) == pytest.approx([3, -2], abs=0.1)


def test_a_picture_that_only_moves_has_no_difference(world):
    before, after = view(world, 40, 30), view(world, 43, 28)
    flow = np.broadcast_to(np.float32([3, -2]), (*before.shape, 2)).copy()
    seen = visible(flow, -flow)
    assert not seen[:2].any()
    assert not seen[:, -3:].any()
    assert seen[2:, :-3].all()
    assert warped_difference(before, after, flow, seen) == pytest.approx(0, abs=1e-6)
    assert warped_difference(before, after + np.float32(0.1), flow, seen) == pytest.approx(0.1, abs=1e-6)
    assert np.isnan(warped_difference(before, after, flow, np.zeros_like(seen)))


def test_a_bilinear_warp_by_hand():
    picture = np.array([[0, 1, 4]], np.float32)
    assert warped(picture, np.full((1, 3, 2), [0.5, 0], np.float32))[0, :2] == pytest.approx([0.5, 2.5])


def test_what_a_moving_square_uncovers_is_not_compared():
    there, back = (np.zeros((40, 60, 2), np.float32) for _ in range(2))
    there[10:30, 26:46, 0] = -6  # the square stands here now, and was 6 pixels to the left
    back[10:30, 20:40, 0] = 6
    seen = visible(there, back)
    assert not seen[10:30, 20:26].any()
    assert seen[10:30, 26:46].all()
    assert seen[:10].all()


def test_levels_matched_a_darker_shot_is_as_steady_as_its_plates(world):
    grain = np.random.default_rng(1)
    plates = []
    for time in range(5):
        moved = view(world, 40 + 2 * time, 30 + time)
        plates.append((moved + grain.normal(0, 0.02, moved.shape)).astype(np.float32))
    shots = ({"plate": plate, "dark": plate / 2 + 0.1} for plate in plates)
    found = steadiness(shots, "plate")
    assert found["dark"].levelled == pytest.approx(found["plate"].levelled, rel=1e-3)
    assert found["dark"].difference == pytest.approx(found["plate"].difference / 2, rel=1e-3)
    assert found["plate"].difference > 0.01


def test_a_level_that_jumps_is_seen_as_large_as_it_is(world):
    shots = []
    for time in range(6):
        plate = view(world, 40 + 3 * time, 30) / 2
        shots.append({"plate": plate, "jumps": plate + np.float32(0.05 * (-1) ** time)})
    found = steadiness(shots, "plate")
    assert found["plate"].difference < 0.002
    assert found["jumps"].difference == pytest.approx(0.1, abs=0.003)
    assert found["jumps"].pumping == pytest.approx(0.1 / found["plate"].level, rel=0.1)


def test_noise_on_a_still_shot_is_seen_as_large_as_it_is(world):
    random = np.random.default_rng(2)
    plate = view(world, 40, 30)
    noise = (random.normal(0, 0.03, plate.shape).astype(np.float32) for _ in range(4))
    found = steadiness([{"plate": plate, "noisy": plate + each} for each in noise], "plate")
    assert found["plate"].difference == 0
    assert found["noisy"].difference == pytest.approx(2 * 0.03 / np.sqrt(np.pi), rel=0.02)


def test_pumping_by_hand():
    assert pumping([1.0, 3.0, 2.0]) == pytest.approx(1.5 / 2)
    assert np.isnan(pumping([1.0]))


def shots_of(world, gains):
    """A panning shot with grain, and one with a light on a part of it, of a gain for each frame."""
    grain = np.random.default_rng(2)
    for time, gain in enumerate(gains):
        plate = view(world, 40 + 3 * time, 30) * np.float32(0.8)
        plate += grain.normal(0, 0.02, plate.shape).astype(np.float32)
        lit = plate.copy()
        lit[:, 80 - 3 * time :] *= np.float32(gain)
        yield {"plate": plate, "lit": lit}


def test_a_light_that_follows_the_plate_is_held(world):
    follows = steadiness(shots_of(world, [0.5] * 5), "plate")
    flickers = steadiness(shots_of(world, [0.5, 0.6, 0.5, 0.6, 0.5]), "plate")
    assert follows["plate"].difference == pytest.approx(follows["plate"].held, rel=1e-3)
    assert follows["lit"].difference == pytest.approx(follows["lit"].held, rel=0.15)
    assert flickers["lit"].difference > 1.5 * flickers["lit"].held


def test_a_swing_is_measured_where_a_locked_off_shot_is_static(world):
    frames = []
    for time in range(6):
        plate = view(world, 40, 30).copy()
        plate[:32, 16 * time : 16 * time + 32] = 1  # something passes above
        frames.append({"plate": plate, "swings": plate * np.float32(0.5 + 0.05 * (time % 2))})
    found = steadiness(frames, "plate")
    assert found["plate"].swing == pytest.approx(0, abs=1e-3)
    assert found["swings"].swing == pytest.approx(0.1, rel=0.1)
    moving = steadiness(shots_of(world, [1] * 4), "plate")
    assert np.isnan(moving["plate"].swing)
