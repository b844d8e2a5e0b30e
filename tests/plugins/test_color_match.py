"""Matching colours."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pictures import as_uint8, open_spec, part, picture, write_image, write_parts

from daynight import Frame
from daynight.colour.encoding import decode_display, to_encoding
from daynight.colour.spaces import ColourSpaces
from daynight.errors import ChainError
from daynight.plugin.look import LookSpec, StepSpec

FRAME = Frame(picture()[np.newaxis], "display")
WARM = picture(60, 80, seed=4) * np.float32([0.8, 0.6, 0.4])


@pytest.fixture
def reference(tmp_path: Path) -> str:
    return str(write_image(tmp_path / "warm.png", as_uint8(WARM)))


def lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2Lab).reshape(-1, 3)


def test_reinhard_gives_the_references_mean_and_deviation(apply, reference: str) -> None:
    result = lab(apply(FRAME, ("color_match", {"reference": reference})).image)
    goal = lab(WARM)
    np.testing.assert_allclose(result.mean(0), goal.mean(0), atol=1.5)
    np.testing.assert_allclose(result.std(0), goal.std(0), rtol=0.06)


def test_histogram_gives_the_references_distribution(apply, reference: str) -> None:
    result = apply(FRAME, ("color_match", {"reference": reference, "method": "histogram"})).image
    for channel in range(3):
        shares = np.linspace(0.05, 0.95, 10)
        np.testing.assert_allclose(
            np.quantile(result[..., channel], shares), np.quantile(WARM[..., channel], shares), atol=0.01
        )


ACESCG_FROM_REC709 = np.float32(
    [[0.6131, 0.3395, 0.0474], [0.0702, 0.9164, 0.0134], [0.0206, 0.1096, 0.8698]]
)


def test_a_reference_is_read_in_its_own_colour_space(tmp_path: Path, reference: str) -> None:
    """An EXR in ACEScg of what the PNG shows gives the same match, whatever is said of the plates."""
    light = decode_display(np.rint(WARM * 255).astype(np.float32) / 255)
    acescg = part(dict.fromkeys("RGB", "float"), size=(80, 60), colorInteropID="lin_ap1_scene")
    path = write_parts(tmp_path / "warm.exr", (acescg, light @ ACESCG_FROM_REC709.T))
    spaces = ColourSpaces(source="ACEScg")

    def matched(still: str | Path) -> np.ndarray:
        spec = LookSpec("test", (StepSpec("color_match", {"reference": str(still)}),))
        return open_spec(spec, spaces=spaces).apply(FRAME).image

    np.testing.assert_allclose(matched(path), matched(reference), atol=2e-3)


@pytest.mark.parametrize("method", ["reinhard", "histogram"])
def test_matching_the_plate_itself_changes_nothing(apply, method: str) -> None:
    result = apply(FRAME, ("color_match", {"method": method}))
    np.testing.assert_allclose(result.image, FRAME.image, atol=3e-3)


@pytest.mark.parametrize("method", ["reinhard", "histogram"])
def test_the_plate_is_the_frame_as_it_entered(apply, method: str) -> None:
    darker = ("grade", {"exposure": -1.5, "tint": [1, 0.8, 0.6]})
    assert np.abs(apply(FRAME, darker, "crop").image - FRAME.image).mean() > 0.1
    result = to_encoding(apply(FRAME, darker, ("color_match", {"method": method})), "display")
    assert np.abs(result.image - FRAME.image).mean() < 0.03


def test_strength(apply, reference: str) -> None:
    full = apply(FRAME, ("color_match", {"reference": reference})).image
    half = apply(FRAME, ("color_match", {"reference": reference, "strength": 0.5})).image
    none = apply(FRAME, ("color_match", {"reference": reference, "strength": 0})).image
    np.testing.assert_allclose(half, (full + FRAME.image) / 2, atol=1e-6)
    np.testing.assert_array_equal(none, FRAME.image)


def test_a_flat_picture_does_not_blow_up(apply, reference: str) -> None:
    flat = Frame(np.full((1, 8, 8, 3), 0.3, np.float32), "display")
    for method in ("reinhard", "histogram"):
        result = apply(flat, ("color_match", {"reference": reference, "method": method})).image
        assert np.isfinite(result).all()
        assert 0 <= result.min() <= result.max() <= 1


def test_a_reference_that_is_not_there_is_refused_before_any_frame(apply) -> None:
    with pytest.raises(ChainError, match=r"color_match.reference absent\.png: is not there"):
        apply(FRAME, ("color_match", {"reference": "absent.png"}))


@pytest.mark.parametrize("method", ["reinhard", "histogram"])
def test_a_pixel_that_is_no_number_stays_alone(apply, reference: str, method: str) -> None:
    broken = picture()
    broken[5, 5] = np.nan
    options = {"reference": reference, "method": method}
    light = to_encoding(Frame(broken[np.newaxis], "display"), "scene-linear").image
    frame = Frame(light[np.newaxis], high_range=True)
    result = to_encoding(apply(frame, ("color_match", options)), "display").image
    clean = apply(FRAME, ("color_match", options)).image
    away = np.ones(broken.shape[:2], bool)
    away[5, 5] = False
    assert np.abs(result[away] - np.clip(clean[away], 0, 1)).max() < 0.05


@pytest.mark.parametrize("method", ["reinhard", "histogram"])
def test_light_above_white_survives(apply, method: str) -> None:
    light = picture() * np.float32(3)
    light[:4] = 413.0
    light[4] = -0.01
    frame = Frame(light[np.newaxis], high_range=True)
    result = apply(frame, ("color_match", {"method": method})).image
    np.testing.assert_allclose(result[:4], light[:4], rtol=0.05)
    np.testing.assert_allclose(result[4], light[4], atol=2e-3)


def test_a_large_frame_matches_as_a_small_one_does(apply, tmp_path: Path) -> None:
    """Sums over eight million pixels must not drift: a 4K plate matched to itself made small stays."""
    small = picture(54, 96)
    large = np.repeat(np.repeat(small, 40, axis=0), 40, axis=1)
    reference = write_image(tmp_path / "small.png", as_uint8(small))
    result = apply(Frame(large[np.newaxis], "display"), ("color_match", {"reference": str(reference)})).image
    assert np.abs(result.mean((0, 1)) - large.mean((0, 1))).max() < 0.003
