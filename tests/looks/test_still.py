"""The background of locked-off shots."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from daynight.looks.still import Still

Pixels = NDArray[np.float32]
THING = (slice(30, 50), slice(20, 50))


def background() -> Pixels:
    random = np.random.default_rng(3)
    return np.kron(random.random((12, 16, 3)).astype(np.float32), np.ones((8, 8, 1), np.float32))


def frame(number: int, *, grain: float = 0.006) -> Pixels:
    """A thing passes at another place in each frame; there is grain."""
    random = np.random.default_rng(number)
    plate = background() + random.normal(0, grain, background().shape).astype(np.float32)
    left = 4 + 14 * number
    plate[60:80, left : left + 12] = 0.95
    return np.clip(plate, 0, 1)


def maps(number: int) -> Pixels:
    """A network that answers differently in each frame, everywhere."""
    return np.full((96, 128, 4), 1 + 0.2 * np.sin(number), np.float32)


@pytest.fixture
def still() -> Still:
    found = Still.find([frame(n) for n in range(7)], [maps(n) for n in range(7)])
    assert found is not None
    return found


def test_what_passes_is_not_in_the_background(still: Still) -> None:
    np.testing.assert_allclose(still.proxy, background(), atol=0.03)


def test_a_frame_shows_the_shot_s_maps_where_it_shows_its_background(still: Still) -> None:
    results = [still.stand_in(frame(n), maps(n)) for n in (1, 4)]
    far = (slice(0, 50), slice(None))
    np.testing.assert_allclose(results[0][far], results[1][far], atol=1e-6)
    np.testing.assert_array_equal(results[0][far], still.maps[far])


def test_what_passes_has_its_own_maps(still: Still) -> None:
    own = np.full((96, 128, 4), 9.0, np.float32)
    result = still.stand_in(frame(2), own)
    assert result[70, 4 + 28 + 6, 0] == pytest.approx(9.0)


def test_a_camera_that_moves_has_no_background() -> None:
    wide = np.kron(
        np.random.default_rng(1).random((12, 40, 3)).astype(np.float32), np.ones((8, 8, 1), np.float32)
    )
    panned = [np.ascontiguousarray(wide[:, 5 * n : 5 * n + 128]) for n in range(4)]
    assert Still.find(panned, [maps(n) for n in range(4)]) is None


def test_a_change_of_light_or_of_size_or_a_single_frame_has_none() -> None:
    assert Still.find([frame(0)], [maps(0)]) is None
    assert Still.find([frame(0), frame(1) * 0.6], [maps(0), maps(1)]) is None
    assert Still.find([frame(0), frame(1)[:64]], [maps(0), maps(1)[:64]]) is None


def test_it_goes_through_json(still: Still) -> None:
    again = Still.from_fact(json.loads(json.dumps(still.to_fact())))
    np.testing.assert_allclose(again.proxy, still.proxy, atol=1 / 255)
    np.testing.assert_allclose(again.maps, still.maps, atol=1 / 255)
