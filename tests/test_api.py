"""The public API on arrays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import as_uint8, picture

import daynight
from daynight import convert
from daynight.errors import UsageError


def test_everything_public_is_there_and_documented() -> None:
    for name in set(daynight.__all__) - {"__version__", "hookimpl"}:
        assert getattr(daynight, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'covert'"):
        _ = daynight.covert


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float16", "float32", "float64"])
def test_a_picture_keeps_its_type_and_shape(kind: str) -> None:
    scale = {"uint8": 255, "uint16": 65535}.get(kind, 1)
    image = (picture() * scale).astype(kind)
    before = image.copy()
    with daynight.open_look("day-for-night") as look:
        result = look(image)
    assert (result.dtype, result.shape) == (image.dtype, image.shape)
    assert result.astype(float).mean() < 0.7 * image.astype(float).mean()
    np.testing.assert_array_equal(image, before)


def test_floats_are_light_and_integers_are_shown() -> None:
    with daynight.open_look("day-for-night", settings=["grade.exposure=-1", "grade.saturation=1"]) as look:
        light = look(np.full((2, 2, 3), 8.0, np.float32))
        shown = look(np.full((2, 2, 3), 188, np.uint8))
    np.testing.assert_allclose(light[0, 0], [2.88, 3.6, 5.0], rtol=1e-5)
    assert shown[0, 0, 1] == pytest.approx(132, abs=2)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.float32), "H×W×3, not 4×4"),
        (np.zeros((4, 4, 4), np.float32), "H×W×3, not 4×4×4"),
        (np.zeros((0, 4, 3), np.float32), "H×W×3, not 0×4×3"),
        (np.zeros((4, 4, 3), np.int32), "float, uint8 or uint16, not int32"),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray, message: str) -> None:
    with daynight.open_look("passthrough") as look, pytest.raises(ValueError, match=message):
        look(image)


def test_a_look_may_be_called_from_several_threads() -> None:
    images = [as_uint8(picture(90, 120, seed)) for seed in range(8)]
    with daynight.open_look("night", device="cpu") as look:
        alone = [look(image) for image in images]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(look, images))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_converting_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, daynight\n"
        "with daynight.open_look('night', device='cpu') as look: look(numpy.zeros((8, 8, 3), numpy.uint8))\n"
        "print([name for name in ('torch', 'onnx', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_result_is_never_the_array_that_was_given() -> None:
    light = picture()
    with daynight.open_look("passthrough") as look:
        assert not np.shares_memory(look(light), light)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonfinite": "drop"},
        {"on_missing": "wait"},
        {"on_error": "retry"},
        {"depth": "14"},
        {"device": "tpu"},
        {"jobs": 0},
        {"strength": float("nan")},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_choice_that_is_none_is_refused_before_anything_is_written(
    make_shot: Callable[..., Path], tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        convert(make_shot("sh"), "day-for-night", out=tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()
