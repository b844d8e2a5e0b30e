"""Plates that others made: cameras, renderers, other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from pictures import SHARED, channel_bits, converted, needs_shared, read_image, specs_of

pytestmark = needs_shared

PLATES = SHARED / "plates"
LOSSY = {"comp_dwaa_v2.exr"}
"""DWA loses something at every writing, so its bits can't come back: it has a test of its own."""
READ_ONLY = {"log/checker.cin"}
FILES = sorted(
    str(path.relative_to(PLATES)) for path in PLATES.rglob("*") if path.suffix in (".exr", ".dpx", ".cin")
)
LOOKED_AT = [
    "Adjuster.exr",
    "CandleGlass.exr",
    "GoldenGate_tiled.exr",
    "beachball/multipart.0001.exr",
    "beachball/singlepart.0001.exr",
    "windows/grid-overscan.exr",
    "windows/t08.exr",
    "windows/t16.exr",
]
WRITERS = ("DateTime", "dpx:Version")
"""What a writer says of its own file."""
LEFTOVERS = ("thumbnail_", "daynight:", "tiff:")
"""Of a preview that OpenImageIO does not keep; ours; of a TIFF that an EXR was made from."""


def said(spec: oiio.ImageSpec) -> dict[str, tuple[str, str]]:
    """Return a part's attributes, but for those that a writer may change."""
    return {
        each.name: (str(each.type), str(each.value))
        for each in spec.extra_attribs
        if each.name not in WRITERS and not each.name.startswith(LEFTOVERS)
    }


def laid(spec: oiio.ImageSpec) -> tuple[object, ...]:
    return (
        (spec.x, spec.y, spec.width, spec.height),
        (spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        (spec.tile_width, spec.tile_height),
        str(spec.format),
        tuple(map(str, spec.channelformats)),
        tuple(spec.channelnames),
        spec.alpha_channel,
    )


def software_taken_off(attributes: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Leave out our line, which stands behind the plate's own software where a format has no other place."""
    name, separator, ours = attributes.get("Software", ("", ""))[1].partition("; daynight ")
    assert bool(separator) == bool(ours)
    return {**attributes, "Software": ("string", name)} if name else attributes


@pytest.mark.parametrize("name", [name for name in FILES if name not in LOSSY | READ_ONLY])
def test_a_plate_comes_back_bit_identical_and_says_the_same(tmp_path: Path, name: str) -> None:
    source = PLATES / name
    result = converted(source, out=tmp_path)
    before, after = channel_bits(source), channel_bits(result)
    assert list(after) == list(before)
    assert [key for key in before if before[key] != after[key]] == []
    assert list(map(laid, specs_of(result))) == list(map(laid, specs_of(source)))
    for old, new in zip(specs_of(source), specs_of(result), strict=True):
        assert software_taken_off(said(new)) == said(old)


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_look_changes_the_picture_alone(tmp_path: Path, name: str) -> None:
    source = PLATES / name
    result = converted(source, "grade", out=tmp_path)
    before, after = channel_bits(source), channel_bits(result)
    assert list(after) == list(before)
    assert {key[1] for key in before if before[key] != after[key]} <= {"R", "G", "B"}
    assert any(before[key] != after[key] for key in before)
    assert list(map(laid, specs_of(result))) == list(map(laid, specs_of(source)))
    for old, new in zip(specs_of(source), specs_of(result), strict=True):
        assert said(new) == said(old)


def test_a_dwaa_plate_moves_no_more_than_the_same_compression_did(tmp_path: Path) -> None:
    """At its own level, 85, light moves by less than 4 % of itself and a hundredth; alpha not at all."""
    source = PLATES / "comp_dwaa_v2.exr"
    result = converted(source, out=tmp_path)
    before, after = read_image(source).astype(np.float32), read_image(result).astype(np.float32)
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    np.testing.assert_allclose(after, before, rtol=0.04, atol=0.01)
    (spec,) = specs_of(result)
    assert (spec["compression"], spec["openexr:dwaCompressionLevel"]) == ("dwaa", 85)


def test_cineon_becomes_dpx_with_the_same_codes(tmp_path: Path) -> None:
    source = PLATES / "log" / "checker.cin"
    result = converted(source, out=tmp_path)
    assert result.suffix == ".dpx"
    assert specs_of(result)[0]["oiio:BitsPerSample"] == 10
    codes = read_image(source) >> 6
    assert set(np.unique(codes)) == {0, 374, 509, 568}
    np.testing.assert_array_equal(read_image(result) >> 6, codes)
    assert specs_of(result)[0]["oiio:ColorSpace"] == specs_of(source)[0]["oiio:ColorSpace"] == "KodakLog"
