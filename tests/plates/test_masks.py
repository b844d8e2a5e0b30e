"""Masks: white is the look, black is the plate to the last bit, grey mixes light."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import (
    as_uint8,
    channel_bits,
    converted,
    part,
    picture,
    read_image,
    run_convert,
    specs_of,
    write_image,
    write_parts,
)

from daynight.colour.encoding import decode_display, encode_display
from daynight.errors import UsageError


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


def thirds(height: int = 48, width: int = 64, kind: type = np.uint8) -> NDArray[np.generic]:
    """Black on the left, half grey in the middle, white on the right: H×W×1."""
    mask = np.zeros((height, width, 1), np.float32)
    mask[:, width // 3 : 2 * width // 3] = 0.5
    mask[:, 2 * width // 3 :] = 1
    return np.rint(mask * 254).astype(np.uint8) if kind is np.uint8 else mask.astype(kind)


def areas(width: int = 64) -> tuple[slice, slice, slice]:
    return slice(0, width // 3), slice(width // 3, 2 * width // 3), slice(2 * width // 3, width)


def rgba(path: Path, kind: str = "half", **tags: object) -> Path:
    """A premultiplied plate whose values no arithmetic gives back by luck."""
    random = np.random.default_rng(4)
    values = np.concatenate([picture(), random.random((48, 64, 1)).astype(np.float32)], axis=2)
    values[..., :3] *= values[..., 3:]
    values[0, 0] = (65504, -0.0, 6e-8, 1e-7)
    values[1, 1] = (-3, 0.2, 0.1, 0)
    return write_parts(path, (part(dict.fromkeys("RGBA", kind), **tags), values))


# --- Black, grey and white. ---

PLATES = {
    "half EXR, premultiplied": lambda folder: rgba(folder / "a.exr"),
    "float EXR, premultiplied": lambda folder: rgba(folder / "a.exr", "float"),
    "ACEScg": lambda folder: rgba(folder / "a.exr", "float", colorInteropID="lin_ap1_scene"),
    "8-bit PNG": lambda folder: write_image(folder / "a.png", as_uint8(picture())),
    "16-bit TIFF": lambda folder: write_image(folder / "a.tif", (picture() * 65535).astype(np.uint16)),
    "log DPX": lambda folder: write_image(
        folder / "a.dpx", (picture() * 65535).astype(np.uint16), dpx__Transfer="Printing density"
    ),
}


CASES = [(name, "grade") for name in PLATES] + [("ACEScg", "night"), ("8-bit PNG", "night")]


@pytest.mark.parametrize(("name", "look"), CASES, ids=map(" by ".join, CASES))
def test_black_is_the_plate_bit_for_bit_and_white_the_look(tmp_path: Path, name: str, look: str) -> None:
    plate = PLATES[name](tmp_path)
    mask = write_image(tmp_path / "mask.exr", thirds(kind=np.float32), "Y")
    whole = read_image(converted(plate, look, out=tmp_path / "whole"))
    result = read_image(converted(plate, look, mask=mask, out=tmp_path / "masked"))
    before = read_image(plate)
    black, _, white = areas()
    assert result.dtype == before.dtype
    assert result[:, black].tobytes() == before[:, black].tobytes()
    same = result[:, white] == whole[:, white]
    if result.dtype.kind == "u":
        off = result[:, white].astype(int) - whole[:, white]
        assert np.abs(off).max() <= 1
        assert same.mean() > 0.9
    else:
        np.testing.assert_allclose(
            result[:, white].astype(float), whole[:, white].astype(float), rtol=2e-3, atol=1e-6
        )
    assert (whole[:, white] != before[:, white]).any(axis=2).mean() > 0.9


def test_grey_mixes_light_not_codes(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.tif", np.full((48, 64, 3), 50000, np.uint16))
    mask = write_image(tmp_path / "mask.exr", thirds(kind=np.float32), "Y")
    options = {"settings": ("grade.exposure=-4", "grade.saturation=1", "grade.tint=[1, 1, 1]")}
    result = read_image(converted(plate, "grade", mask=mask, **options))
    light = decode_display(np.float32([50000 / 65535]))[0]
    expected = encode_display(np.float32([(light + light / 16) / 2]))[0] * 65535
    _, grey, _ = areas()
    assert np.abs(result[:, grey] - expected).max() <= 1


def test_grey_mixes_light_of_an_exr_exactly(tmp_path: Path) -> None:
    light = picture() * np.float32(30)
    plate = write_image(tmp_path / "a.exr", light)
    mask = write_image(tmp_path / "mask.exr", np.full((48, 64, 1), 0.25, np.float32), "Y")
    whole = read_image(converted(plate, "night", out=tmp_path / "whole"))
    result = read_image(converted(plate, "night", mask=mask, out=tmp_path / "masked"))
    np.testing.assert_allclose(result, 0.25 * whole + 0.75 * light, rtol=1e-5, atol=1e-7)


def test_a_mask_is_numbers_whatever_colour_space_its_file_has(tmp_path: Path) -> None:
    """An 8-bit mask at 128 is a half, not the light that 128 shows."""
    plate = write_image(tmp_path / "a.exr", np.full((8, 8, 3), 1, np.float32))
    options = {"settings": ("grade.exposure=-20", "grade.saturation=1", "grade.tint=[0, 0, 0]")}
    for name, level in (("m.png", np.uint8(128)), ("m.tif", np.uint16(32896)), ("m.jpg", np.uint8(128))):
        mask = write_image(tmp_path / name, np.full((8, 8, 3), level, level.dtype))
        result = converted(plate, "grade", mask=mask, out=tmp_path / f"out{name}", **options)
        np.testing.assert_allclose(read_image(result), 1 - 128 / 255, atol=2e-3)


def test_values_beyond_black_and_white_and_nan_are_taken_as_black_and_white(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    values = np.zeros((48, 64, 1), np.float32)
    values[:, :20], values[:, 20:40], values[:, 40:] = -3, 7, np.nan
    mask = write_image(tmp_path / "mask.exr", values, "Y")
    whole = read_image(converted(plate, "grade", out=tmp_path / "whole"))
    result = read_image(converted(plate, "grade", mask=mask, out=tmp_path / "masked"))
    np.testing.assert_array_equal(result[:, :20], picture()[:, :20])
    np.testing.assert_allclose(result[:, 20:40], whole[:, 20:40], rtol=1e-6)
    np.testing.assert_array_equal(result[:, 40:], picture()[:, 40:])


def test_mask_and_strength_go_together(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    mask = write_image(tmp_path / "mask.exr", thirds(kind=np.float32), "Y")
    half = read_image(converted(plate, "night", strength=0.5, out=tmp_path / "half"))
    result = read_image(converted(plate, "night", strength=0.5, mask=mask, out=tmp_path / "masked"))
    black, grey, white = areas()
    np.testing.assert_array_equal(result[:, black], picture()[:, black])
    np.testing.assert_allclose(result[:, white], half[:, white], rtol=1e-5)
    np.testing.assert_allclose(
        result[:, grey], (half[:, grey] + picture()[:, grey]) / 2, rtol=1e-4, atol=1e-6
    )


# --- Where masks come from. ---


def shot(folder: Path, numbers: tuple[int, ...] = (1001, 1002)) -> Path:
    for number in numbers:
        write_image(folder / f"sh.{number}.exr", picture(seed=number))
    return folder


def mask_of(folder: Path, number: int | None, value: int) -> Path:
    name = "matte.exr" if number is None else f"matte.{number}.exr"
    return write_image(folder / name, np.full((48, 64, 1), value, np.float32), "Y")


def changed(plates: Path, results: Path) -> dict[str, bool]:
    return {
        path.name: bool((read_image(path) != read_image(plates / path.name)).any())
        for path in sorted(results.iterdir())
    }


def test_a_sequence_of_masks_goes_by_number(tmp_path: Path) -> None:
    plates = shot(tmp_path / "sh")
    mask_of(tmp_path / "m", 1001, 0)
    mask_of(tmp_path / "m", 1002, 1)
    for index, pattern in enumerate(("matte.####.exr", "matte.%04d.exr", "matte.@@@@.exr")):
        out = tmp_path / str(index)
        summary, _ = run_convert(plates, "grade", mask=tmp_path / "m" / pattern, out=out)
        assert summary.done == 2
        assert changed(plates, out) == {"sh.1001.exr": False, "sh.1002.exr": True}


def test_one_mask_is_for_all_frames_whatever_its_number(tmp_path: Path) -> None:
    plates = shot(tmp_path / "sh")
    mask = mask_of(tmp_path / "m", 7, 0)
    summary, _ = run_convert(plates, "grade", mask=mask, out=tmp_path / "out")
    assert summary.done == 2
    assert changed(plates, tmp_path / "out") == {"sh.1001.exr": False, "sh.1002.exr": False}


@pytest.mark.parametrize("there", [(1001, 1003), (1001,)], ids=["two masks", "one mask"])
def test_a_frame_without_its_mask_is_a_fault_and_the_others_are_done(
    tmp_path: Path, there: tuple[int, ...]
) -> None:
    """A pattern means one mask a frame, also when only one of them has been rendered yet."""
    plates = shot(tmp_path / "sh", (1001, 1002))
    for number in there:
        mask_of(tmp_path / "m", number, 1)
    pattern = tmp_path / "m/matte.####.exr"
    summary, _ = run_convert(plates, "grade", mask=pattern, out=tmp_path / "out")
    assert summary.done == 1
    assert [str(event.fault) for event in summary.failed] == [
        f"{plates / 'sh.1002.exr'}: has no mask of its number in {pattern}; render the mask"
    ]


def layered(folder: Path) -> Path:
    channels = dict.fromkeys(("R", "G", "B", "A", "matte.A", "mask"), "half")
    values = np.concatenate([picture(), np.ones((48, 64, 1), np.float32), thirds(kind=np.float32)], axis=2)
    values = np.concatenate([values, 1 - values[..., 4:]], axis=2)
    return write_parts(folder / "a.exr", (part(channels), values))


@pytest.mark.parametrize(
    ("name", "side"), [("matte", 0), ("matte.A", 0), ("mask", 2)], ids=["layer", "channel", "plain channel"]
)
def test_a_channel_of_the_plate_is_a_mask(tmp_path: Path, name: str, side: int) -> None:
    plate = layered(tmp_path)
    result = read_image(converted(plate, "grade", mask=name))
    before = read_image(plate)
    black, white = areas()[side], areas()[2 - side]
    np.testing.assert_array_equal(result[:, black], before[:, black])
    assert (result[:, white, :3] != before[:, white, :3]).any(axis=2).mean() > 0.9
    np.testing.assert_array_equal(result[..., 3:], before[..., 3:])


@pytest.mark.parametrize("ext", ["exr", "png"])
def test_the_plates_alpha_is_a_mask(tmp_path: Path, ext: str) -> None:
    kind = np.float16 if ext == "exr" else np.uint8
    scale = 1 if ext == "exr" else 255
    values = np.concatenate([picture(), thirds(kind=np.float32) > 0.7], axis=2) * scale
    plate = write_image(tmp_path / f"a.{ext}", values.astype(kind), "RGBA", oiio__UnassociatedAlpha=1)
    result, before = read_image(converted(plate, "grade", mask="A")), read_image(plate)
    black, _, white = areas()
    np.testing.assert_array_equal(result[:, black], before[:, black])
    assert (result[:, white, :3] != before[:, white, :3]).any(axis=2).mean() > 0.9


# --- What is wrong with a mask. ---


def test_a_channel_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    summary, _ = run_convert(layered(tmp_path), "grade", mask="mattee")
    assert str(summary.failed[0].fault).endswith("a.exr: has no channel 'mattee'; did you mean 'matte'?")


@pytest.mark.parametrize("name", ["absent.exr", "absent.####.exr"])
def test_a_mask_that_is_not_there_stops_the_run(tmp_path: Path, name: str) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    with pytest.raises(UsageError) as error:
        run_convert(plate, "grade", mask=tmp_path / name)
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_two_sequences_is_no_mask(tmp_path: Path) -> None:
    mask_of(tmp_path / "m", 1001, 1)
    write_image(tmp_path / "m/other.1001.exr", picture())
    with pytest.raises(UsageError, match="holds 2 sequences"):
        run_convert(write_image(tmp_path / "a.exr", picture()), "grade", mask=tmp_path / "m")


def test_a_mask_of_another_size_names_both(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    mask = write_image(tmp_path / "m.png", thirds(24, 32))
    summary, _ = run_convert(plate, "grade", mask=mask)
    fault = f"{mask}: is a mask of 32x24 for a plate of 64x48; render it at the plate's size"
    assert [str(event.fault) for event in summary.failed] == [fault]


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    (tmp_path / "m.exr").write_text("oops")
    summary, _ = run_convert(plate, "grade", mask=tmp_path / "m.exr")
    assert str(summary.failed[0].fault).startswith(f"{tmp_path / 'm.exr'}: is not a readable .exr image")


# --- Windows. ---


def test_a_mask_lies_on_the_plates_display_window(tmp_path: Path) -> None:
    """Overscan beyond a mask without any is black; a mask's own data window is respected."""
    light = picture(60, 80)
    spec = part(dict.fromkeys("RGB", "float"), size=(80, 60), at=(-8, -6), display=(0, 0, 64, 48))
    plate = write_parts(tmp_path / "a.exr", (spec, light))
    white = write_image(tmp_path / "white.png", np.full((48, 64, 1), 255, np.uint8))
    result = read_image(converted(plate, "grade", mask=white, out=tmp_path / "1"))
    different = (result != light).any(axis=2)
    assert different[6:54, 8:72].all()
    assert not np.delete(different, slice(6, 54), axis=0).any()
    assert not different[:, :8].any()
    assert not different[:, 72:].any()
    small = part({"Y": "float"}, size=(10, 5), at=(20, 30), display=(0, 0, 64, 48))
    window = write_parts(tmp_path / "small.exr", (small, np.ones((5, 10, 1), np.float32)))
    result = read_image(converted(plate, "grade", mask=window, out=tmp_path / "2"))
    different = (result != light).any(axis=2)
    assert different[36:41, 28:38].all()
    assert different.sum() == 50


def test_a_mask_with_another_origin_lies_display_window_on_display_window(tmp_path: Path) -> None:
    spec = part(dict.fromkeys("RGB", "float"), at=(100, 200), display=(100, 200, 64, 48))
    plate = write_parts(tmp_path / "a.exr", (spec, picture()))
    mask = write_image(tmp_path / "m.exr", thirds(kind=np.float32), "Y")
    result = read_image(converted(plate, "grade", mask=mask))
    black, _, white = areas()
    np.testing.assert_array_equal(result[:, black], picture()[:, black])
    assert (result[:, white] != picture()[:, white]).any(axis=2).mean() > 0.9


def test_a_mask_that_lies_wholly_beside_the_plate_changes_nothing(tmp_path: Path) -> None:
    spec = part(dict.fromkeys("RGB", "half"), size=(16, 16), at=(48, 32), display=(0, 0, 64, 48))
    plate = write_parts(tmp_path / "a.exr", (spec, picture(16, 16)))
    aside = part({"Y": "half"}, size=(8, 8), display=(0, 0, 64, 48))
    mask = write_parts(tmp_path / "m.exr", (aside, np.ones((8, 8, 1), np.float32)))
    assert channel_bits(converted(plate, "grade", mask=mask)) == channel_bits(plate)


@pytest.mark.parametrize("first", ["crop", "grade"])
def test_mask_and_crop_agree(tmp_path: Path, first: str) -> None:
    crop = '[[step]]\nuse = "crop"\nwidth = 40\nheight = 20\nx = 15\ny = 11\n'
    grade = '[[step]]\nuse = "grade"\nexposure = -3\n'
    chain = tmp_path / "c.toml"
    chain.write_text(crop + grade if first == "crop" else grade + crop)
    plate = rgba(tmp_path / "a.exr")
    mask = write_image(tmp_path / "m.exr", thirds(kind=np.float32), "Y")
    uncropped = tmp_path / "grade.toml"
    uncropped.write_text(grade)
    whole = read_image(converted(plate, None, chain=uncropped, mask=mask, out=tmp_path / "whole"))
    result = converted(plate, None, chain=chain, mask=mask, out=tmp_path / "part")
    (spec,) = specs_of(result)
    assert (spec.x, spec.y, spec.width, spec.height) == (15, 11, 40, 20)
    np.testing.assert_array_equal(read_image(result), whole[11:31, 15:55])
    before = read_image(plate)[11:31, 15:21]
    assert read_image(result)[:, :6].tobytes() == before.tobytes()
