"""Options of ``daynight convert`` that say how plates are read and results written, run for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from pictures import part, picture, read_image, specs_of, write_image, write_parts

from daynight.colour.ocio import STUDIO

Daynight = Callable[..., Result]


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Beauty, alpha, a second layer and a matte; 1.0 but for the layer."""
    channels = dict.fromkeys(("R", "G", "B", "A", "diffuse.R", "diffuse.G", "diffuse.B", "matte.A"), "half")
    values = np.ones((48, 64, 8), np.float32)
    values[..., 4:7] = picture()
    values[:, :32, 7] = 0
    tags = {"compression": "piz", "camera": "A001", "client": "nobody outside"}
    return write_parts(tmp_path / "a.exr", (part(channels, **tags), values))


@pytest.fixture
def convert(daynight: Daynight, plate: Path, tmp_path: Path) -> Callable[..., Path]:
    """Convert the plate two stops darker, and give its result."""

    def run(*options: object, ext: str = "exr", code: int = 0, told: str = "") -> Path:
        settings = ("grade.exposure=-2", "grade.saturation=1", "grade.tint=[1, 1, 1]")
        set_ = [word for setting in settings for word in ("--set", setting)]
        out = tmp_path / "out"
        result = daynight("convert", plate, "--to", "grade", "--out", out, *set_, *options)
        assert result.exit_code == code, result.output
        assert told in result.stderr
        assert "Traceback" not in result.output
        return out / f"a.{ext}"

    return run


Convert = Callable[..., Path]


def value(path: Path, channel: str = "R", at: tuple[int, int] = (5, 40)) -> float:
    (spec,) = specs_of(path)
    return float(read_image(path)[at][list(spec.channelnames).index(channel)])


def test_without_an_option_all_of_the_picture_changes_and_nothing_else(convert: Convert, plate: Path) -> None:
    result = convert()
    assert value(result) == 0.25
    np.testing.assert_array_equal(read_image(result)[..., 3:], read_image(plate)[..., 3:])
    assert specs_of(result)[0].get_string_attribute("compression") == "piz"


def test_strength(convert: Convert) -> None:
    assert value(convert("--strength", "0.5")) == pytest.approx(0.5, rel=1e-3)


def test_mask_by_layer_and_by_file(convert: Convert, tmp_path: Path) -> None:
    result = convert("--mask", "matte")
    assert (value(result, at=(5, 5)), value(result, at=(5, 40))) == (1, 0.25)
    mask = write_image(tmp_path / "m.png", np.zeros((48, 64, 1), np.uint8))
    assert value(convert("--mask", mask, "--overwrite")) == 1


def test_layer(convert: Convert, plate: Path) -> None:
    result, before = convert("--layer", "diffuse"), read_image(plate)
    after = read_image(result)
    np.testing.assert_array_equal(after[..., :4], before[..., :4])
    np.testing.assert_allclose(after[..., 4:7].astype(float), before[..., 4:7].astype(float) / 4, rtol=2e-3)


def test_a_layer_that_is_not_there_fails_with_the_nearest(convert: Convert) -> None:
    result = convert(
        "--layer", "difuse", code=1, told="no layer 'difuse' with R, G and B; did you mean 'diffuse'?"
    )
    assert not result.exists()


def test_colorspace_and_ocio(convert: Convert) -> None:
    result = convert("--ocio", STUDIO, "--colorspace", "ARRI LogC4")
    assert specs_of(result)[0].get_string_attribute("daynight:ocio") == STUDIO
    signal = 1 - 2 * (1023 - 95) / 1023 / 14  # two stops of LogC4
    assert value(result) == pytest.approx(signal, abs=2e-3)


def test_out_colorspace(convert: Convert) -> None:
    result = convert("--out-colorspace", "sRGB")
    assert value(result) == pytest.approx(0.537099, abs=1e-3)
    assert specs_of(result)[0].get_string_attribute("oiio:ColorSpace") == "srgb_rec709_scene"


def test_nonfinite(daynight: Daynight, tmp_path: Path) -> None:
    light = picture()
    light[3, 3] = np.nan
    plate = write_image(tmp_path / "b.exr", light)
    for rule, code in (("keep", 0), ("zero", 0), ("error", 1)):
        options = ("--to", "passthrough", "--out", tmp_path / rule, "--nonfinite", rule)
        assert daynight("convert", plate, *options).exit_code == code
    assert np.isnan(read_image(tmp_path / "keep/b.exr")[3, 3]).all()
    assert (read_image(tmp_path / "zero/b.exr")[3, 3] == 0).all()
    assert not (tmp_path / "error/b.exr").exists()


def test_depth(convert: Convert) -> None:
    result = convert("--depth", "float")
    kinds = {str(each) for each in (specs_of(result)[0].channelformats or (specs_of(result)[0].format,))}
    assert "float" in kinds
    assert value(result) == 0.25
    assert read_image(convert("--ext", "png", "--depth", "8", ext="png")).dtype == np.uint8


def test_compression(convert: Convert) -> None:
    spec = specs_of(convert("--compression", "dwaa:60"))[0]
    assert spec.get_string_attribute("compression").startswith("dwaa")


def test_strip_metadata(convert: Convert) -> None:
    kept = specs_of(convert())[0]
    assert kept.get_string_attribute("client") == "nobody outside"
    spec = specs_of(convert("--strip-metadata", "--overwrite"))[0]
    names = {each.name for each in spec.extra_attribs}
    assert not names & {"client", "camera", "daynight:look", "daynight:version"}
    assert spec.get_string_attribute("compression") == "piz"


def test_what_a_format_cannot_hold_is_a_warning_or_with_strict_a_fault(convert: Convert) -> None:
    lost = "a.exr: jpg holds no alpha: the picture is written over black"
    result = convert("--ext", "jpg", ext="jpg", told=f"warning: {lost}")
    assert result.exists()
    result.unlink()
    assert not convert("--ext", "jpg", "--strict", ext="jpg", code=1, told="no alpha").exists()


def test_protect_lights_and_aovs(daynight: Daynight, tmp_path: Path) -> None:
    light = np.full((96, 96, 3), 0.02, np.float32)
    light[50:52, 50:52] = 5
    plate = write_image(tmp_path / "b.exr", light)
    options = ("--to", "night", "--out", tmp_path / "out", "--protect-lights", "--aovs", "--device", "cpu")
    assert daynight("convert", plate, *options).exit_code == 0
    result = tmp_path / "out/b.exr"
    assert (read_image(result)[50:52, 50:52, :3] == 5).all()
    assert "night.ambient.R" in specs_of(result)[0].channelnames


LIMITS = {
    "pixels": (("--max-pixels", "3071"), "claims 3072 pixels, and 3071 are allowed; raise --max-pixels"),
    "channels": (("--max-channels", "7"), "claims 8 channels, and 7 are allowed; raise --max-channels"),
}


@pytest.mark.parametrize(("options", "message"), LIMITS.values(), ids=LIMITS)
def test_a_plate_beyond_a_limit_is_refused_with_the_option_that_raises_it(
    convert: Convert, options: tuple[str, ...], message: str
) -> None:
    assert not convert(*options, code=1, told=message).exists()


def test_a_plate_beyond_max_mb_is_refused(daynight: Daynight, tmp_path: Path) -> None:
    plate = write_image(tmp_path / "b.exr", np.zeros((600, 600, 3), np.float32))
    options = ("convert", plate, "--to", "passthrough", "--out", tmp_path / "out", "--max-mb")
    assert "claims 5 MB, and 4 are allowed; raise --max-mb" in daynight(*options, 4).stderr
    assert daynight(*options, 5).exit_code == 0


def test_the_limits_hold_for_masks_too(convert: Convert, tmp_path: Path) -> None:
    mask = write_image(tmp_path / "m.png", np.zeros((100, 100, 1), np.uint8))
    options = ("--mask", mask, "--max-pixels", "4000")
    assert not convert(*options, code=1, told=f"{mask}: claims 10000 pixels").exists()


WRONG = {
    "strength above 1": (("--strength", "1.5"), "1.5 is not in the range 0<=x<=1"),
    "negative strength": (("--strength", "-0.1"), "-0.1 is not in the range 0<=x<=1"),
    "strength is no number": (("--strength", "nan"), "--strength"),
    "mask not there": (("--mask", "absent.exr"), "absent.exr"),
    "config not there": (("--ocio", "absent.ocio"), "--ocio absent.ocio: "),
    "unknown space": (("--colorspace", "ACESgc"), "did you mean 'ACEScg'?"),
    "unknown space of the result": (("--out-colorspace", "ACESgc"), "did you mean 'ACEScg'?"),
    "empty space": (("--colorspace", ""), "--colorspace"),
    "empty config": (("--ocio", ""), "--ocio"),
    "empty mask": (("--mask", ""), "--mask"),
    "empty layer": (("--layer", ""), "--layer"),
    "unknown rule": (("--nonfinite", "ignore"), "'ignore' is not one of 'keep', 'zero', 'error'"),
    "unknown depth": (("--depth", "11"), "'11' is not one of"),
    "depth of another format": (("--depth", "8"), "--depth 8: exr does not hold it; it holds: half, float"),
    "unknown compression": (("--compression", "zipp"), "--compression zipp: openexr has no such"),
    "level is no number": (("--compression", "dwaa:high"), "high is not a level of dwaa"),
    "no pixels": (("--max-pixels", "0"), "0 is not in the range x>=1"),
    "no channels": (("--max-channels", "-3"), "-3 is not in the range x>=1"),
    "no memory": (("--max-mb", "much"), "'much' is not a valid integer"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("dry", [False, True], ids=["run", "dry run"])
def test_what_is_asked_wrongly_is_one_line_and_nothing_is_written(
    daynight: Daynight, plate: Path, options: tuple[str, ...], message: str, dry: bool
) -> None:
    before = sorted(plate.parent.rglob("*"))
    extra = ("--dry-run",) if dry else ()
    result = daynight("convert", plate, "--to", "grade", *options, *extra)
    assert result.exit_code == 2
    (line,) = (each for each in result.stderr.splitlines() if each.lower().startswith("error: "))
    assert message in line
    assert "Traceback" not in result.output
    assert sorted(plate.parent.rglob("*")) == before
