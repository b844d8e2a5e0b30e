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
from onnx_models import affine
from pictures import as_uint8, picture, write_image

import daynight
from daynight import convert
from daynight.errors import DaynightError, UsageError
from daynight.plugin import LookSpec, StepSpec


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
    with daynight.open_look("grade") as look:
        result = look(image)
    assert (result.dtype, result.shape) == (image.dtype, image.shape)
    assert result.astype(float).mean() < 0.7 * image.astype(float).mean()
    np.testing.assert_array_equal(image, before)


def test_floats_are_light_and_integers_are_shown() -> None:
    with daynight.open_look("grade", settings=["grade.exposure=-1", "grade.saturation=1"]) as look:
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


DARKER = "grade.exposure=-1"


def test_a_mask_says_where_a_look_applies(tmp_path: Path) -> None:
    light = picture(6, 8)
    mask = np.zeros((6, 8), np.float32)
    mask[:, 4:] = 1
    with daynight.open_look("grade", settings=[DARKER]) as look:
        whole = look(light)
    file = write_image(tmp_path / "mask.exr", np.repeat(mask[..., np.newaxis], 3, axis=2))
    for given in (mask, mask.astype(np.float64), file, str(file)):
        with daynight.open_look("grade", settings=[DARKER], mask=given) as look:
            result = look(light)
        np.testing.assert_array_equal(result[:, :4], light[:, :4])
        np.testing.assert_allclose(result[:, 4:], whole[:, 4:], rtol=1e-5)


def test_a_mask_of_another_size_is_refused() -> None:
    with (
        daynight.open_look("grade", mask=np.ones((6, 9), np.float32)) as look,
        pytest.raises(ValueError, match="the mask is 9x6 and the picture 8x6"),
    ):
        look(picture(6, 8))


def test_a_closed_look_is_refused() -> None:
    look = daynight.open_look("grade")
    look(picture())
    look.close()
    look.close()
    with pytest.raises(ValueError, match="the look is closed"):
        look(picture())
    with pytest.raises(ValueError, match="the look is closed"):
        next(look.shot([picture()]))


@pytest.mark.parametrize(
    ("look", "options", "message"),
    [
        ("nigth", {}, "look 'nigth': is unknown; did you mean 'night'?"),
        (Path("absent.toml"), {}, "absent.toml: can't be read"),
        ("night", {"model": "absent.onnx"}, "absent.onnx: can't be read"),
        ("night", {"mask": "absent.exr"}, "absent.exr: "),
        ("night", {"device": "tpu"}, "`device=tpu`: must be 'auto', 'cuda' or 'cpu'"),
        ("grade", {"settings": ["grade.exposre=1"]}, "did you mean 'exposure'?"),
        ("grade", {"strength": 2}, "`strength=2`: must be 1 or less"),
    ],
    ids=lambda value: str(value) if isinstance(value, str | Path) else None,
)
def test_a_look_that_is_asked_for_wrongly_fails_as_it_is_opened(
    look: str | Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DaynightError) as error:
        daynight.open_look(look, **options)
    assert message in str(error.value)


def test_a_look_takes_a_model_in_place_of_its_own(tmp_path: Path) -> None:
    model = affine(tmp_path / "half.onnx", scale=0.5)
    image = np.full((16, 16, 3), 200, np.uint8)
    with daynight.open_look("night", model=model, device="cpu") as look:
        result = look(image)
    # The model's pixels are in [-1, 1].
    np.testing.assert_allclose(result, (200 + 127.5) / 2, atol=1)


def test_a_look_may_be_a_chain_file_or_made_in_python(tmp_path: Path) -> None:
    chain = tmp_path / "darker.toml"
    chain.write_text('[[step]]\nuse = "grade"\nexposure = -1\n')
    made = LookSpec("darker", (StepSpec("grade", {"exposure": -1}),))
    light = picture()
    with daynight.open_look(chain) as file, daynight.open_look(made) as spec:
        np.testing.assert_allclose(file(light), light / 2, rtol=1e-5)
        np.testing.assert_array_equal(spec(light), file(light))


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
        convert(make_shot("sh"), "grade", out=tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


GROUPS = ("night.ambient", "night.practicals", "night.emission")


@pytest.mark.parametrize("settings", [[], ["night.practicals_on=false"]])
def test_layers_add_up_to_the_picture(settings: list[str]) -> None:
    plate = picture(96, 160)
    with daynight.open_look("night", settings=settings, device="cpu") as look:
        layers, result = look.layers(plate), look(plate)
    np.testing.assert_array_equal(layers[""], result)
    np.testing.assert_allclose(sum(layers[name] for name in GROUPS), result, atol=1e-6)
    assert layers["night.sky"].shape == (96, 160)
    assert bool(layers["night.practicals"].any()) == (not settings)
    assert {each.dtype for each in layers.values()} == {np.dtype(np.float32)}


def test_layers_of_integers_are_light() -> None:
    shown = as_uint8(picture())
    with daynight.open_look("grade", settings=["grade.exposure=-1", "grade.saturation=1"]) as look:
        layers = look.layers(np.full_like(shown, 188))
    assert set(layers) == {""}, "a grade has no AOVs"
    np.testing.assert_allclose(layers[""][0, 0], [0.18, 0.225, 0.313], atol=0.01)


def test_layers_of_a_network_of_maps_are_its_maps() -> None:
    with daynight.open_look("day", device="cpu") as look:
        layers = look.layers(picture())
    assert set(layers) == {"", "daynight.stops", "daynight.emission"}


def test_layers_of_a_closed_look_are_refused() -> None:
    look = daynight.open_look("passthrough")
    look.close()
    with pytest.raises(ValueError, match="closed"):
        look.layers(picture())


@pytest.mark.parametrize("name", ["moonlight", "day-for-night"])
def test_a_night_without_lamps_is_ambient_alone_and_darker_everywhere(name: str) -> None:
    plate = np.clip(picture(96, 160), 0.05, 1)
    with daynight.open_look(name, device="cpu") as look:
        layers = look.layers(plate)
    assert not layers["night.practicals"].any()
    assert not layers["night.emission"].any()
    np.testing.assert_allclose(layers["night.ambient"], layers[""], atol=1e-6)
    assert (layers[""].mean(axis=2) < plate.mean(axis=2) / 2).all()
    assert layers[""].mean() < plate.mean() / 4
