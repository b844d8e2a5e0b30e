"""Tile, stylize, reassemble: against the whole frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import affine, convolutions, maps, normalising
from pictures import picture

from daynight import Frame
from daynight.errors import ChainError

TILES = ("stylize", "reassemble")

SHAPES = {
    "odd": (101, 151),
    "portrait": (160, 70),
    "smaller than a tile": (20, 30),
    "strip": (1, 150),
    "upright strip": (150, 1),
    "one pixel": (1, 1),
}


@pytest.mark.parametrize(("height", "width"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("strided", [True, False])
def test_tiles_of_an_exact_model_equal_the_whole_frame(
    apply, warnings_told: list[str], tmp_path: Path, height: int, width: int, strided: bool
) -> None:
    model = convolutions(tmp_path / "a.onnx", strided=strided)
    frame = Frame(picture(height, width)[np.newaxis], "display")
    whole = apply(frame, "stylize", model=model)
    tiled = apply(frame, ("tile", {"size": 48}), *TILES, model=model)
    assert np.abs(whole.image - tiled.image).max() <= 1e-4
    assert whole.image.std() > 0 or height * width == 1, "the model must do something"
    assert not warnings_told


def test_a_halo_told_too_small_loses_exactness_and_warns(
    apply, warnings_told: list[str], tmp_path: Path
) -> None:
    model = convolutions(tmp_path / "a.onnx")
    frame = Frame(picture(100, 150)[np.newaxis], "display")
    apply(frame, ("tile", {"size": 48, "halo": 2}), *TILES, model=model)
    assert "not exact in tiles" in warnings_told[0]


def test_a_model_that_cannot_be_exact_is_blended_with_one_warning(
    apply, warnings_told: list[str], tmp_path: Path
) -> None:
    model = normalising(tmp_path / "a.onnx", name="normed")
    frame = Frame(picture(100, 150)[np.newaxis], "display")
    whole = apply(frame, ("tile", {"size": 0}), *TILES, model=model)
    assert not warnings_told, "memory allows the whole frame: nothing is lost"
    tiled = apply(frame, ("tile", {"size": 64}), *TILES, model=model)
    assert warnings_told == ["normed is not exact in tiles: 6 tiles of 64x64 are blended over their overlap"]
    assert 1e-4 < np.abs(whole.image - tiled.image).max() < 0.3


def test_memory_decides_the_size(apply, warnings_told: list[str], tmp_path: Path) -> None:
    model = convolutions(tmp_path / "a.onnx", bytes_per_pixel=str(2**10))
    frame = Frame(picture(100, 150)[np.newaxis], "display")
    cut = apply(frame, ("tile", {"memory_mb": 4}), *TILES, model=model)
    np.testing.assert_allclose(cut.image, apply(frame, "stylize", model=model).image, atol=1e-4)
    with pytest.raises(
        ChainError, match="a tile of 16 px has no core between halos of 8 px; make size larger"
    ):
        apply(frame, ("tile", {"size": 16}), *TILES, model=model)


@pytest.mark.parametrize(("height", "width"), [(50, 90), (20, 20), (32, 32), (1, 70)])
def test_a_fixed_size_model_is_tiled_to_fit(apply, tmp_path: Path, height: int, width: int) -> None:
    model = affine(tmp_path / "a.onnx", 0.5, 0, shape=(1, 3, 32, 32), facts={"value_range": "0..1"})
    frame = Frame(picture(height, width)[np.newaxis], "display")
    result = apply(frame, "tile", *TILES, model=model)
    np.testing.assert_allclose(result.image, frame.image / 2, atol=1e-6)


def test_a_fixed_size_model_without_tile_is_told_what_it_needs(apply, tmp_path: Path) -> None:
    model = affine(tmp_path / "a.onnx", shape=(1, 3, 32, 32))
    with pytest.raises(ChainError, match="takes 32x32 only; put tile before stylize"):
        apply(Frame(picture(48, 64)[np.newaxis], "display"), "stylize", model=model)


def test_a_model_of_maps_is_not_tiled(apply, tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="sees the whole frame at once; take tile out"):
        apply(
            Frame(picture()[np.newaxis]),
            "tile",
            *TILES,
            model=maps(tmp_path / "m.onnx", (0, 0, 0), (0, 0, 0)),
        )


def test_a_size_that_is_no_multiple_is_refused_before_any_frame(apply, tmp_path: Path) -> None:
    model = convolutions(tmp_path / "a.onnx")
    with pytest.raises(ChainError, match="step tile: size 33 is not a multiple of 2, as the model needs"):
        apply(Frame(picture()[np.newaxis], "display"), ("tile", {"size": 33}), *TILES, model=model)
