"""Files of several parts, layers and views: all of them kept, and any of them the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import SHARED, channel_bits, converted, needs_shared, part, picture, specs_of, write_parts

from daynight.errors import PlateError
from daynight.plates import read_frame

RGB = ("R", "G", "B")
STEREO = SHARED / "plates" / "beachball" / "multipart.0001.exr"
STEREO_IN_ONE = SHARED / "plates" / "beachball" / "singlepart.0001.exr"


def half(*names: str, **options: object) -> object:
    return part(dict.fromkeys(names, "half"), **options)


def noise(channels: int, size: tuple[int, int] = (64, 48), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((size[1], size[0], channels), np.float32)


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """Write depth, then two views with data windows of their own, then a mask."""
    display = (0, 0, 100, 80)
    left = {"at": (5, 10), "display": display, "view": "left", "lens": "32 mm"}
    right = {"at": (-8, 12), "display": display, "view": "right", "lens": "33 mm"}
    return write_parts(
        tmp_path / "a.exr",
        (half("Z", name="depth_left", compression="zips", **left), noise(1, seed=1)),
        (half(*"RGBA", name="rgba_left", compression="piz", **left), noise(4, seed=2)),
        (half(*"RGBA", name="rgba_right", compression="zip", **right), noise(4, seed=3)),
        (half("matte.R", name="mask", size=(20, 30), display=display, compression="rle"), noise(1, (20, 30))),
    )


def describe(path: Path) -> list[tuple[object, ...]]:
    """Say of each part what must not change: names, windows, layout, attributes."""
    return [
        (
            tuple(spec.channelnames),
            (spec.x, spec.y, spec.width, spec.height),
            (spec.full_x, spec.full_y, spec.full_width, spec.full_height),
            (spec.tile_width, spec.tile_height),
            {
                each.name: (str(each.type), each.value)
                for each in spec.extra_attribs
                if not each.name.startswith("daynight:") and each.name != "DateTime"
            },
        )
        for spec in specs_of(path)
    ]


@pytest.mark.parametrize("look", ["passthrough", "grade"])
def test_all_parts_keep_name_view_windows_and_attributes(stereo: Path, look: str) -> None:
    result = converted(stereo, look)
    assert describe(result) == describe(stereo)
    assert [spec["oiio:subimagename"] for spec in specs_of(result)] == [
        "depth_left",
        "rgba_left",
        "rgba_right",
        "mask",
    ]


@pytest.mark.parametrize(
    ("layer", "changed"),
    [
        pytest.param(None, 1, id="first-with-a-picture"),
        pytest.param("rgba_left", 1, id="part"),
        pytest.param("rgba_right", 2, id="another-part"),
        pytest.param("left", 1, id="view"),
        pytest.param("right", 2, id="another-view"),
    ],
)
def test_a_look_changes_the_part_asked_for_and_no_other(
    stereo: Path, layer: str | None, changed: int
) -> None:
    result = converted(stereo, "grade", layer=layer)
    before, after = channel_bits(stereo), channel_bits(result)
    assert list(before) == list(after)
    assert {key[:2] for key in before if before[key] != after[key]} == {(changed, each) for each in RGB}
    signed = [spec.getattribute("daynight:look") for spec in specs_of(result)]
    assert signed == ["grade" if index == changed else None for index in range(4)]


@pytest.mark.parametrize("prefix", ["diffuse", "light.key", "left"])
def test_a_layer_is_found_by_the_names_of_its_channels(tmp_path: Path, prefix: str) -> None:
    names = (*RGB, "A", *(f"{prefix}.{each}" for each in RGB), f"{prefix}.A", "N.X")
    source = write_parts(tmp_path / "a.exr", (half(*names), noise(9)))
    frame = read_frame(source, layer=prefix)
    np.testing.assert_array_equal(frame.image, noise(9)[..., 4:7].astype(np.float16))
    np.testing.assert_array_equal(frame.alpha, noise(9)[..., 7].astype(np.float16))
    before, after = channel_bits(source), channel_bits(converted(source, "grade", layer=prefix))
    assert {name for (_, name, _) in before if before[0, name, "half"] != after[0, name, "half"]} == {
        f"{prefix}.{each}" for each in RGB
    }


def test_a_layer_without_alpha_takes_its_parts(tmp_path: Path) -> None:
    names = (*RGB, "A", *(f"diffuse.{each}" for each in RGB))
    source = write_parts(tmp_path / "a.exr", (half(*names), noise(7)))
    np.testing.assert_array_equal(
        read_frame(source, layer="diffuse").alpha, noise(7)[..., 3].astype(np.float16)
    )


def test_a_part_whose_channels_repeat_its_name_is_a_layer(tmp_path: Path) -> None:
    """As Nuke writes them: part ``diffuse`` with channels ``diffuse.R``."""
    source = write_parts(
        tmp_path / "a.exr",
        (half(*RGB, name="rgba"), noise(3)),
        (half(*(f"diffuse.{each}" for each in RGB), name="diffuse"), noise(3, seed=1)),
    )
    frame = read_frame(source, layer="diffuse")
    np.testing.assert_array_equal(frame.image, noise(3, seed=1).astype(np.float16))


@pytest.mark.parametrize(
    ("layer", "remedy"),
    [("difuse", "did you mean 'diffuse'?"), ("zzz", "known: diffuse, left, rgba"), ("Z", "known: ")],
)
def test_an_unknown_layer_names_the_nearest(tmp_path: Path, layer: str, remedy: str) -> None:
    names = [f"{each}.{channel}" for each in ("diffuse", "left") for channel in RGB]
    source = write_parts(
        tmp_path / "a.exr",
        (half(*RGB, *names, name="rgba"), noise(9)),
        (half("Z", name="depth"), noise(1)),
    )
    with pytest.raises(PlateError) as error:
        read_frame(source, layer=layer)
    assert error.value.fault == f"has no layer {layer!r} with R, G and B"
    assert error.value.remedy.startswith(remedy)


def test_a_picture_that_is_not_in_the_first_part_is_found(tmp_path: Path) -> None:
    source = write_parts(
        tmp_path / "a.exr",
        (half("Z", name="depth"), noise(1)),
        (half("N.X", "N.Y", name="normals"), noise(2)),
        (half(*RGB, name="beauty"), picture()),
    )
    assert read_frame(source).file.beauty == 2  # type: ignore[union-attr]
    result = converted(source, "grade")
    assert specs_of(result)[2]["daynight:look"] == "grade"
    assert [each["oiio:subimagename"] for each in specs_of(result)] == ["depth", "normals", "beauty"]


def test_a_hundred_parts_come_through(tmp_path: Path) -> None:
    layers = [
        (half(*RGB, name=f"light_{index:03}", size=(16, 8)), noise(3, (16, 8), index)) for index in range(100)
    ]
    source = write_parts(tmp_path / "a.exr", *layers)
    result = converted(source, "grade", layer="light_057")
    before, after = channel_bits(source), channel_bits(result)
    assert list(before) == list(after)
    assert {
        index for index, name, kind in before if before[index, name, kind] != after[index, name, kind]
    } == {57}


@needs_shared
@pytest.mark.parametrize(("view", "place"), [("right", 0), ("left", 4)])
def test_a_view_of_a_real_stereo_plate(view: str, place: int) -> None:
    frame = read_frame(STEREO, layer=view)
    assert frame.file is not None
    assert (frame.file.beauty, len(frame.file.parts)) == (place, 10)
    assert frame.metadata["view"] == view
    assert frame.alpha is not None


@needs_shared
def test_the_look_of_one_eye_leaves_the_other_alone(tmp_path: Path) -> None:
    result = converted(STEREO, "grade", layer="left", out=tmp_path)
    before, after = channel_bits(STEREO), channel_bits(result)
    assert list(before) == list(after)
    assert {key for key in before if before[key] != after[key]} == {(4, each, "half") for each in RGB}
    assert describe(result) == describe(STEREO)


@needs_shared
def test_the_views_of_a_real_plate_of_one_part() -> None:
    """Its channels R, G, B are the view that ``multiView`` names first; ``left.R`` is the other."""
    plain = read_frame(STEREO_IN_ONE)
    left = read_frame(STEREO_IN_ONE, layer="left")
    assert not np.array_equal(plain.pixels, left.pixels)
    right = read_frame(STEREO_IN_ONE, layer="right")
    np.testing.assert_array_equal(right.pixels, plain.pixels)
