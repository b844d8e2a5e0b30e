"""Versions of plates on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import convolutions
from pictures import as_uint8, picture, read_image, write_image

from daynight.colour.spaces import ColourSpaces
from daynight.errors import DaynightError, UsageError
from daynight.evaluation.inputs import find_pictures, find_sequences, limited, match_results
from daynight.evaluation.versions import Converter, tile_layout
from daynight.plates.photographs import read_picture
from daynight.plugin.registry import Registry


@pytest.fixture
def converter(tmp_path):
    return Converter(tmp_path / "made", Registry.load(), "cpu", 1, print)


def written(*paths: Path) -> list[Path]:
    return [write_image(path, as_uint8(picture(seed=place))) for place, path in enumerate(paths)]


def test_pictures_are_found_by_name_and_spread_evenly(tmp_path):
    paths = written(*(tmp_path / f"in/{folder}/a{number}.png" for folder in "xy" for number in range(4)))
    (tmp_path / "in/notes.txt").write_text("no picture")
    write_image(tmp_path / "in/.hidden.png", as_uint8(picture()))
    write_image(tmp_path / "in/.thumbs/a.png", as_uint8(picture()))
    write_image(tmp_path / "elsewhere/a.png", as_uint8(picture()))
    (tmp_path / "in/z").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/folder.exr").mkdir()
    assert find_pictures(tmp_path / "in") == [*paths, tmp_path / "in/z/a.png"]
    assert limited(paths, 4) == paths[::2]
    assert limited(paths, 40) == limited(paths, None) == paths
    with pytest.raises(UsageError, match="holds no images"):
        find_pictures(tmp_path / "in/folder.exr")


def test_results_that_are_there_are_matched_by_folder_and_name(tmp_path):
    plates = written(tmp_path / "in/x/a.png", tmp_path / "in/y/a.png", tmp_path / "in/y/b.png")
    results = written(tmp_path / "out/x/a.tif", tmp_path / "out/y/b.png", tmp_path / "out/other.png")
    pairs = match_results(plates, tmp_path / "in", tmp_path / "out")
    assert pairs == {plates[0]: results[0], plates[2]: results[1]}
    with pytest.raises(UsageError, match="named like a plate"):
        match_results(plates[:1], tmp_path / "in", tmp_path / "out/y")


def test_of_results_of_one_name_the_plates_own_format_is_meant(tmp_path):
    png, tif = written(tmp_path / "in/a.png", tmp_path / "in/a.tif")
    of_png, of_tif = written(tmp_path / "out/a.png", tmp_path / "out/a.tif")
    assert match_results([png, tif], tmp_path / "in", tmp_path / "out") == {png: of_png, tif: of_tif}
    of_tif.unlink()
    with pytest.raises(UsageError, match=r"a\.png: is the result of both a\.png and a\.tif"):
        match_results([png, tif], tmp_path / "in", tmp_path / "out")
    (exr,) = written(tmp_path / "plates/a.bmp")
    written(tmp_path / "out/a.tga")
    with pytest.raises(UsageError, match=r"a\.bmp: has 2 results"):
        match_results([exr], tmp_path / "plates", tmp_path / "out")


def test_plates_of_one_name_are_kept_apart_and_sizes_may_differ(converter, tmp_path):
    plates = written(tmp_path / "in/x/a_0001.png", tmp_path / "in/y/a_0001.png")
    plates.append(write_image(tmp_path / "in/y/a_0002.png", as_uint8(picture(20, 30))))
    made = converter.grade(plates, "grade", "night")
    assert list(made) == plates
    assert len(set(made.values())) == 3
    assert read_image(made[plates[2]]).shape == (20, 30, 3)
    assert read_image(made[plates[0]]).mean() < 0.6 * read_image(plates[0]).mean()
    lifted = converter.grade(plates, "lifted", "day")
    assert read_image(lifted[plates[0]]).mean() > read_image(plates[0]).mean()


def test_each_plate_is_matched_to_a_photograph_in_turn(converter, tmp_path):
    plates = written(*(tmp_path / f"in/{folder}/a.png" for folder in "xyz"))
    photographs = [
        write_image(tmp_path / f"real/{level}.png", np.full((8, 8, 3), level, np.uint8))
        for level in (20, 200)
    ]
    made = converter.match(plates, "match", photographs)
    levels = [read_image(made[plate]).mean() for plate in plates]
    assert levels == pytest.approx([20, 200, 20], abs=3)


def test_a_frame_that_fails_ends_it(converter, tmp_path):
    plates = written(tmp_path / "in/a.png")
    (tmp_path / "in/b.png").write_text("oops")
    with pytest.raises(DaynightError, match=r"b\.png"):
        converter.look([*plates, tmp_path / "in/b.png"], "look", "passthrough")


def test_shots_and_stills_of_one_folder_are_sequences(converter, tmp_path):
    shot = written(*(tmp_path / f"in/sh/f.{number}.png" for number in (1001, 1002, 1003)))
    stills = written(tmp_path / "in/view/morning.png", tmp_path / "in/view/noon.png")
    written(tmp_path / "in/alone.png")
    made = converter.look([tmp_path / "in"], "look", "passthrough")
    assert find_sequences(tmp_path / "in") == {
        tmp_path / "in/sh/f.####.png": shot,
        tmp_path / "in/view": stills,
    }
    assert {*shot, *stills} < made.keys()
    write_image(tmp_path / "in/view/thumb.png", as_uint8(picture(20, 30)))
    with pytest.raises(UsageError, match=r"thumb\.png: differs in size from morning\.png"):
        find_sequences(tmp_path / "in")


def test_tiles_of_a_chain(converter, tmp_path):
    plates = written(tmp_path / "in/a.png")
    model = convolutions(tmp_path / "generator.onnx", size_multiple="2", radius="8", exact_tiling="True")
    changes = {"model": str(model), "settings": ("tile.size=32",)}
    layout = tile_layout(converter.open_chain(plates, "night", **changes), 48, 64)
    assert layout is not None
    assert layout.count > 1
    assert tile_layout(converter.open_chain(plates, "night", **changes), 32, 32) is None
    assert tile_layout(converter.open_chain(plates, "grade"), 48, 64) is None
    assert not (tmp_path / "made").exists()


def test_light_is_seen_as_a_display_shows_it(tmp_path):
    light = np.full((4, 4, 3), 0.2140411, np.float32)
    light[0] = 50
    seen = read_picture(write_image(tmp_path / "a.exr", light), ColourSpaces()).pixels
    assert seen[1, 0, 0] == pytest.approx(0.5, abs=1e-4)
    assert seen[0, 0, 0] == 1
