"""Chains: what is refused before a frame is read, and the order in which steps run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import affine
from pictures import open_spec, picture

from daynight import Frame
from daynight.errors import ChainError, UsageError
from daynight.looks.opening import with_settings
from daynight.plugin.look import LookSpec, StepSpec, read_look


def chain(*steps: str | StepSpec, model: Path | None = None) -> LookSpec:
    return LookSpec("test", tuple(StepSpec(s) if isinstance(s, str) else s for s in steps), model)


ORDERS = {
    "reassemble without tile": (
        ("reassemble",),
        "step 1, reassemble: takes tiles and gets none; put tile ahead",
    ),
    "whole frame after tile": (
        ("tile", "color_match"),
        "step 2, color_match: needs the whole frame and gets tiles",
    ),
    "ends in tiles": (("tile", "stylize"), "chain: ends in tiles; put reassemble at its end"),
    "tile twice": (("tile", "tile"), "step 2, tile: needs the whole frame"),
    "unknown step": (("stylise",), "step 'stylise': is unknown; did you mean 'stylize'?"),
    "no model": (("stylize",), "step stylize: the chain has no model"),
}


@pytest.mark.parametrize(("steps", "message"), ORDERS.values(), ids=ORDERS)
def test_a_chain_that_cannot_run_is_refused_by_name(steps: tuple[str, ...], message: str) -> None:
    with pytest.raises(ChainError) as error:
        open_spec(chain(*steps))
    assert message in str(error.value)


OPTIONS = {
    "unknown": ({"exposre": 1}, "step grade: unknown option 'exposre'; did you mean 'exposure'?"),
    "of another type": ({"exposure": "dark"}, "step grade: exposure: Input should be a valid number"),
    "out of range": (
        {"saturation": -1},
        "step grade: saturation: Input should be greater than or equal to 0",
    ),
    "too few": ({"tint": [1, 1]}, "step grade: tint.2: Field required"),
}


@pytest.mark.parametrize(("options", "message"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_does_not_fit_is_refused_by_name(options: dict[str, object], message: str) -> None:
    with pytest.raises(ChainError) as error:
        open_spec(chain(StepSpec("grade", options)))
    assert message in str(error.value)


def test_a_chain_file_is_read(tmp_path: Path) -> None:
    affine(tmp_path / "half.onnx", 0.5, -0.5)
    file = tmp_path / "dusk.toml"
    file.write_text(
        '[model]\nfile = "half.onnx"\nvalue_range = "-1..1"\n\n'
        '[[step]]\nuse = "stylize"\n\n[[step]]\nuse = "grade"\nexposure = -1.0\n'
    )
    spec = read_look(file)
    assert spec.name == "dusk"
    assert [step.name for step in spec.steps] == ["stylize", "grade"]
    result = open_spec(spec).apply(Frame(np.full((1, 8, 8, 3), 0.5, np.float32), "display"))
    # 0.5 shown → 0 in [-1, 1] → -0.5 → 0.25 shown → 0.0508 light → half of it.
    assert result.encoding == "scene-linear"
    np.testing.assert_allclose(result.image, 0.0508763 / 2, rtol=1e-4)


FILES = {
    "no TOML": ("step = [", "is not TOML"),
    "unknown key": ('[[steps]]\nuse = "grade"', "unknown key 'steps'; did you mean 'step'?"),
    "nameless step": ("[[step]]\nexposure = 1", "a step lacks its name"),
    "name of a path": ('name = "a/b"\n[[step]]\nuse = "grade"', "can't name a folder"),
    "model of a number": ('[model]\nfile = 5\n[[step]]\nuse = "grade"', "its model 5 is not a name"),
    "model outside": ('[model]\nfile = "../secret.onnx"\n[[step]]\nuse = "grade"', "lies outside its folder"),
    "model elsewhere": (
        '[model]\nfile = "/etc/secret.onnx"\n[[step]]\nuse = "grade"',
        "lies outside its folder",
    ),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_a_chain_file_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ChainError, match=r"a\.toml: ") as error:
        read_look(tmp_path / "a.toml")
    assert message in str(error.value)


def test_settings_reach_steps_and_model() -> None:
    spec = with_settings(
        chain("grade", "stylize", model=Path("a.onnx")),
        {"grade.exposure": -2, "grade.tint": [1, 2, 3], "model.value_range": "0..1"},
    )
    assert spec.steps[0].options == {"exposure": -2, "tint": [1, 2, 3]}
    assert spec.facts == {"value_range": "0..1"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("grad.exposure", "has no step 'grad'; did you mean 'grade'?"),
        ("model.value_rnge", "model fact 'value_rnge': is unknown; did you mean 'value_range'?"),
    ],
)
def test_a_setting_that_reaches_nothing_is_refused(tmp_path: Path, setting: str, message: str) -> None:
    model = affine(tmp_path / "a.onnx")
    with pytest.raises(UsageError) as error:
        open_spec(with_settings(chain("grade", "stylize", model=model), {setting: 1}))
    assert message in str(error.value)


def test_no_step_writes_into_its_frame(tmp_path: Path) -> None:
    model = affine(tmp_path / "a.onnx", 0.5)
    specs = [
        chain("grade", "color_match", "crop"),
        chain(StepSpec("tile", {"size": 32}), "stylize", "reassemble", model=model),
        chain(StepSpec("stylize", {"strength": 0.5}), model=model),
    ]
    for spec in specs:
        for encoding in ("display", "scene-linear"):
            pixels = picture()[np.newaxis].copy()
            pixels.flags.writeable = False
            open_spec(spec, warn=lambda _: None).apply(Frame(pixels, encoding, high_range=True))  # type: ignore[arg-type]
            np.testing.assert_array_equal(pixels[0], picture())
