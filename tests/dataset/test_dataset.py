"""Photographs told into day and night by brightness, counted, and cropped."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import SHARED, needs_shared, read_image, write_image

from daynight.dataset import (
    CropOptions,
    Split,
    SplitOptions,
    class_of,
    crop,
    hsp,
    measure,
    split,
)
from daynight.errors import UsageError


def grey(value: float, height: int = 8, width: int = 12) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def colours(*rgb: tuple[float, float, float]) -> NDArray[np.float32]:
    """One pixel of each colour, in a row."""
    return np.array([rgb], np.float32)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A day, a dusk, a night, and another day of the same name in a folder below: of white, the largest."""
    folder = tmp_path / "photos"
    write_image(folder / "a_0001.png", grey(204))
    write_image(folder / "a_0002.png", grey(128))
    write_image(folder / "b_0001.png", grey(51))
    write_image(folder / "more/a_0001.png", grey(255))
    return folder


def classes(result: Split) -> dict[str, str]:
    return {each.photograph.name: each.predicted for each in result.photographs}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


HSP = {
    "black": ((0, 0, 0), 0.0),
    "white": ((1, 1, 1), 1.0),
    "red": ((1, 0, 0), 0.546809),  # sqrt(0.299)
    "green": ((0, 1, 0), 0.766159),  # sqrt(0.587)
    "blue": ((0, 0, 1), 0.337639),  # sqrt(0.114)
    "grey": ((0.5, 0.5, 0.5), 0.5),
    "mixed": ((0.8, 0.4, 0.2), 0.538368),  # sqrt(0.299 0.64 + 0.587 0.16 + 0.114 0.04)
}


@pytest.mark.parametrize(("rgb", "value"), HSP.values(), ids=HSP)
def test_hsp_of_one_colour(rgb: tuple[float, float, float], value: float) -> None:
    assert hsp(colours(rgb))[0, 0] == pytest.approx(value, abs=1e-6)


def test_hsp_of_a_picture_has_its_shape() -> None:
    planes = hsp(colours((1, 0, 0), (0, 0, 1), (0, 0, 0)))
    assert planes.shape == (1, 3)
    np.testing.assert_allclose(planes[0], [0.546809, 0.337639, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("brightness", "kind"),
    [
        (0.0, "night"),
        (0.399999, "night"),
        (0.4, "undecided"),
        (0.6, "undecided"),
        (0.600001, "day"),
        (1, "day"),
    ],
)
def test_what_stands_on_a_threshold_is_undecided(brightness: float, kind: str) -> None:
    assert class_of(brightness) == kind


def test_brightness_is_the_mean_of_the_pixels_and_not_of_the_colours(tmp_path: Path) -> None:
    half = grey(0, 8, 8)
    half[:, :4] = (255, 0, 0)
    write_image(tmp_path / "photos/a.png", half)
    (only,) = split(tmp_path / "photos", tmp_path / "out", SplitOptions(normalise=False)).photographs
    # The mean colour (0.5, 0, 0) has 0.273405 as well; red beside blue tells the two apart.
    assert only.brightness == pytest.approx(0.546809 / 2, abs=1e-6)
    half[:, 4:] = (0, 0, 255)
    write_image(tmp_path / "photos/a.png", half)
    (only,) = split(tmp_path / "photos", tmp_path / "out", SplitOptions(normalise=False)).photographs
    assert only.brightness == pytest.approx((0.546809 + 0.337639) / 2, abs=1e-6)


def test_a_split(photos: Path, tmp_path: Path) -> None:
    result = split(photos, tmp_path / "out")
    assert classes(result) == {
        "a_0001.png": "day",
        "a_0002.png": "undecided",
        "b_0001.png": "night",
        "more/a_0001.png": "day",
    }
    assert result.largest == 1.0
    assert not result.unread
    assert result.score is None
    assert files(tmp_path / "out") == {
        "brightness.csv",
        "brightness.png",
        "day/a_0001.png",
        "day/more/a_0001.png",
        "night/b_0001.png",
    }
    assert read_image(tmp_path / "out/day/a_0001.png").max() == 204
    assert read_image(tmp_path / "out/day/more/a_0001.png").max() == 255


def test_the_list_is_sorted_and_says_all(photos: Path, tmp_path: Path) -> None:
    (photos / "more/a_0001.png").unlink()
    split(photos, tmp_path / "out")
    rows = list(csv.reader((tmp_path / "out/brightness.csv").read_text(encoding="utf-8").splitlines()))
    assert rows == [
        ["path", "brightness", "normalised", "class"],
        ["b_0001.png", "0.200000", "0.250000", "night"],
        ["a_0002.png", "0.501961", "0.627451", "day"],
        ["a_0001.png", "0.800000", "1.000000", "day"],
    ]


def test_without_normalising(photos: Path, tmp_path: Path) -> None:
    (photos / "more/a_0001.png").unlink()
    result = split(photos, tmp_path / "out", SplitOptions(normalise=False))
    assert classes(result)["a_0002.png"] == "undecided"  # 0.502; divided by 0.8 it was day
    assert all(each.normalised == each.brightness for each in result.photographs)


def test_a_photograph_on_a_threshold_is_left_out(tmp_path: Path) -> None:
    for value in (102, 103, 153, 154, 255):  # 0.4, 0.404, 0.6, 0.604, 1
        write_image(tmp_path / f"photos/{value}.png", grey(value))
    result = split(tmp_path / "photos", tmp_path / "out", SplitOptions(night=0.4, day=0.6))
    assert Counter(classes(result).values()) == {"undecided": 3, "day": 2}
    assert classes(result)["153.png"] == "undecided"
    assert classes(result)["102.png"] == "undecided"
    same = split(tmp_path / "photos", tmp_path / "out", SplitOptions(night=0.6, day=0.6))
    assert [each.photograph.name for each in same.of("undecided")] == ["153.png"]


def test_a_black_set_is_night(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/a.png", grey(0))
    result = split(tmp_path / "photos", tmp_path / "out")
    assert classes(result) == {"a.png": "night"}


def test_links_are_relative_and_survive_a_move_of_both(photos: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    source = photos.rename(project / "photos")
    split(source, project / "sets/one")
    link = project / "sets/one/day/more/a_0001.png"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == (source / "more/a_0001.png").resolve()
    project.rename(tmp_path / "elsewhere")
    assert read_image(tmp_path / "elsewhere/sets/one/day/more/a_0001.png").max() == 255


def test_links_lead_home_where_the_way_to_out_is_a_link(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "disk/deep/sets").mkdir(parents=True)
    (tmp_path / "sets").symlink_to(tmp_path / "disk/deep/sets")
    split(photos, tmp_path / "sets/one")
    assert (tmp_path / "sets/one/night/b_0001.png").samefile(photos / "b_0001.png")


def test_hard_links(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out", SplitOptions(mode="hardlink"))
    result = tmp_path / "out/day/a_0001.png"
    assert not result.is_symlink()
    assert result.samefile(photos / "a_0001.png")
    split(photos, tmp_path / "out", SplitOptions(mode="hardlink"))
    assert not [name for name in files(tmp_path / "out") if "/." in name]


def test_a_hard_link_over_another_name_of_the_same_file_leaves_nothing_behind(
    photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out/day").mkdir(parents=True)
    (tmp_path / "out/day/a_0001.png").hardlink_to(photos / "a_0001.png")
    split(photos, tmp_path / "out", SplitOptions(mode="hardlink", overwrite=True))
    assert files(tmp_path / "out/day") == {"a_0001.png", "more/a_0001.png"}


def test_a_hard_link_of_a_link_is_one_of_its_file(photos: Path, tmp_path: Path) -> None:
    (photos / "z_0001.png").symlink_to("a_0001.png")
    split(photos, tmp_path / "out", SplitOptions(mode="hardlink"))
    assert not (tmp_path / "out/day/z_0001.png").is_symlink()
    assert (tmp_path / "out/day/z_0001.png").samefile(photos / "a_0001.png")


def test_copies(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out", SplitOptions(mode="copy"))
    result = tmp_path / "out/day/a_0001.png"
    assert not result.is_symlink()
    assert not result.samefile(photos / "a_0001.png")
    assert result.read_bytes() == (photos / "a_0001.png").read_bytes()


def test_a_second_run_takes_the_place_of_the_first(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out")
    split(photos, tmp_path / "out", SplitOptions(night=0.1, day=0.9, mode="copy"))
    assert files(tmp_path / "out") == {"brightness.csv", "brightness.png", "day/more/a_0001.png"}
    assert (tmp_path / "out/night").is_dir()
    assert (photos / "b_0001.png").exists()


def test_folders_that_are_empty_then_go(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out")
    (photos / "more/a_0001.png").unlink()
    split(photos, tmp_path / "out")
    assert not (tmp_path / "out/day/more").exists()


def test_a_run_that_broke_off_is_started_again(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.symlink_to
    made: list[Path] = []

    def full(self: Path, target: str) -> None:
        if made:
            raise OSError(28, "No space left on device")
        made.append(self)
        real(self, target)

    monkeypatch.setattr(Path, "symlink_to", full)
    with pytest.raises(
        UsageError, match=r"out: can't be written \(No space left on device\); check disk space"
    ):
        split(photos, tmp_path / "out")
    monkeypatch.undo()
    assert len(files(tmp_path / "out")) == 3
    split(photos, tmp_path / "out")
    assert len(files(tmp_path / "out")) == 5


def test_a_folder_of_others_is_refused(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out/day").mkdir(parents=True)
    (tmp_path / "out/day/mine.txt").write_text("mine")
    with pytest.raises(
        UsageError, match=r"out: already holds day/mine.txt; choose another folder, or set `overwr"
    ):
        split(photos, tmp_path / "out")
    assert files(tmp_path / "out") == {"day/mine.txt"}
    split(photos, tmp_path / "out", SplitOptions(overwrite=True))
    assert (tmp_path / "out/day/mine.txt").read_text() == "mine"
    # Now it holds a split, and still a file that is none of it.
    with pytest.raises(UsageError, match=r"already holds day/mine.txt;"):
        split(photos, tmp_path / "out")


def test_a_list_that_is_no_split_makes_no_folder_ours(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/brightness.csv").write_text("path,value\nx,1\n")
    with pytest.raises(UsageError, match=r"already holds brightness\.csv"):
        split(photos, tmp_path / "out")


def test_a_list_that_leads_elsewhere_takes_nothing_away(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out")
    keep = tmp_path / "keep.png"
    keep.write_bytes(b"keep")
    with (tmp_path / "out/brightness.csv").open("a") as file:
        file.write("../../keep.png,0.1,0.1,night\n")
        file.write(f"{keep},0.1,0.1,night\n")
    split(photos, tmp_path / "out")
    assert keep.read_bytes() == b"keep"


def test_a_link_to_a_folder_in_out_is_refused(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "out", SplitOptions(mode="copy"))
    (tmp_path / "out/day").rename(tmp_path / "precious")
    (tmp_path / "out/day").symlink_to(tmp_path / "precious")
    with pytest.raises(UsageError, match="is a link to a folder"):
        split(photos, tmp_path / "out", SplitOptions(overwrite=True))
    assert files(tmp_path / "precious") == {"a_0001.png", "more/a_0001.png"}


PLACES = {
    "the folder itself": ".",
    "a folder in it": "result",
    "the folder around it": "..",
    "by a longer way": "more/../sub",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(
    ("work", "options"),
    [(split, SplitOptions(overwrite=True)), (crop, CropOptions(overwrite=True))],
    ids=["split", "crop"],
)
def test_nothing_goes_into_the_photographs(
    photos: Path, place: str, work: Callable[..., object], options: object
) -> None:
    before = files(photos.parent)
    with pytest.raises(UsageError, match="lie in one another"):
        work(photos, photos / place, options)
    assert files(photos.parent) == before


def test_a_folder_that_holds_a_linked_photograph_is_refused(photos: Path, tmp_path: Path) -> None:
    split(photos, tmp_path / "one", SplitOptions(mode="copy"))
    source = tmp_path / "links"
    source.mkdir()
    (source / "day").symlink_to(tmp_path / "one/day")
    with pytest.raises(UsageError, match=r"one: holds day/a_0001\.png of "):
        split(source, tmp_path / "one", SplitOptions(overwrite=True))


REFUSED = {
    "night above day": ({"day": 0.4, "night": 0.6}, "don't fit"),
    "no number": ({"day": float("nan")}, "don't fit"),
    "beyond one": ({"day": 1.5}, "don't fit"),
    "an unknown mode": ({"mode": "move"}, "`mode=move`: is unknown; known: link, hardlink, copy"),
}


@pytest.mark.parametrize(("asked", "fault"), REFUSED.values(), ids=REFUSED)
def test_a_split_that_can_not_be(photos: Path, tmp_path: Path, asked: dict[str, float], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        split(photos, tmp_path / "out", SplitOptions(**asked))
    assert not (tmp_path / "out").exists()


def test_sources_that_are_none(photos: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for source, fault in (
        (tmp_path / "absent", "is not there; give a folder"),
        (photos / "a_0001.png", "is not a folder"),
        (empty, "holds no images"),
    ):
        for work in (split, crop):
            with pytest.raises(UsageError, match=fault):
                work(source, tmp_path / "out")
        with pytest.raises(UsageError, match=fault):
            measure(source)
    (empty / "a.png").write_bytes(b"no image")
    with pytest.raises(UsageError, match="holds no image that can be read"):
        split(empty, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_out_that_is_a_file(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="out: is not a folder"):
        split(photos, tmp_path / "out", SplitOptions(overwrite=True))
    assert (tmp_path / "out").read_text() == "mine"


def test_out_that_may_not_be_written(
    photos: Path, tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    with as_nobody(), pytest.raises(UsageError, match=r"out: can't be written \(Permission denied\)"):
        split(photos, tmp_path / "closed/out")


def test_a_broken_file_is_named_and_the_others_are_told(photos: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    whole = write_image(tmp_path / "whole.png", noise).read_bytes()
    (photos / "broken.png").write_bytes(whole[: len(whole) // 2])
    result = split(photos, tmp_path / "out")
    (fault,) = result.unread
    assert "broken.png: can't be decoded" in str(fault)
    assert len(result.photographs) == 4
    assert "broken.png" not in (tmp_path / "out/brightness.csv").read_text()


def test_floats_are_encoded_for_display_and_clipped(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    light = np.full((4, 4, 3), 0.2140411, np.float32)  # display value 0.5
    write_image(folder / "a.exr", light)
    write_image(
        folder / "b.exr", np.where(np.arange(4)[:, None, None] < 2, 1, 12.5).astype(np.float32) + 0 * light
    )
    write_image(
        folder / "c.exr", np.where(np.arange(4)[:, None, None] < 2, np.nan, -1).astype(np.float32) + 0 * light
    )
    by_name = {each.photograph.name: each.brightness for each in split(folder, tmp_path / "out").photographs}
    assert by_name == pytest.approx({"a.exr": 0.5, "b.exr": 1.0, "c.exr": 0.0}, abs=1e-5)


def test_sixteen_bits_and_film_scans(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    write_image(folder / "a.tif", np.full((4, 4, 3), 32768, np.uint16))
    write_image(folder / "b.dpx", np.full((4, 4, 3), 52428, np.uint16))
    by_name = {each.photograph.name: each.brightness for each in split(folder, tmp_path / "out").photographs}
    assert by_name == pytest.approx({"a.tif": 0.500008, "b.dpx": 0.8}, abs=1e-4)


def test_names_that_need_care_in_a_list(tmp_path: Path) -> None:
    odd = 'a,"b"; é.png'
    write_image(tmp_path / "photos" / odd, grey(255))
    for _ in range(2):  # the second run reads the first one's list
        split(tmp_path / "photos", tmp_path / "out")
        assert files(tmp_path / "out/day") == {odd}


def test_a_name_that_is_no_text_is_a_fault_of_its_file_alone(photos: Path, tmp_path: Path) -> None:
    bad = photos / os.fsdecode(b"\xff.png")
    try:
        (photos / "b_0001.png").rename(bad)
    except OSError:
        pytest.skip("this disk takes text alone")
    (fault,) = split(photos, tmp_path / "out").unread
    assert "its name is not UTF-8" in str(fault)


def write_labels(path: Path, *rows: str, head: str = "path,label") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_a_score(photos: Path, tmp_path: Path) -> None:
    labels = write_labels(
        tmp_path / "labels.csv",
        "a_0001.png,day,x",
        "a_0002.png,night,x",
        "b_0001.png,day,x",
        "absent.png,day,x",
        head="path,label,more",
    )
    score = split(photos, tmp_path / "out", SplitOptions(labels=labels)).score
    assert score is not None
    assert score.counts == {("day", "day"): 1, ("night", "undecided"): 1, ("day", "night"): 1}
    assert (score.labelled, score.unlabelled, score.absent) == (3, 1, 1)
    assert (score.right, score.decided) == (1, 2)
    assert score.undecided == pytest.approx(1 / 3)


LABELS = {
    "another column": (["a_0001.png,day"], "file,label", "lacks a path or a label"),
    "a short row": (["a_0001.png"], "path,label", "lacks a path or a label"),
    "another label": (["a_0001.png,dusk"], "path,label", "line 2: label 'dusk'; write day or night"),
    "both": (["a_0001.png,day", "a_0001.png,night"], "path,label", "line 3: a_0001.png is both"),
    "other photographs": (["x.png,day"], "path,label", "names none of the photographs"),
    "nothing": ([], "path,label", "names none of the photographs"),
}


@pytest.mark.parametrize(("rows", "head", "fault"), LABELS.values(), ids=LABELS)
def test_labels_that_do_not_fit(photos: Path, tmp_path: Path, rows: list[str], head: str, fault: str) -> None:
    labels = write_labels(tmp_path / "labels.csv", *rows, head=head)
    with pytest.raises(UsageError, match=fault):
        split(photos, tmp_path / "out", SplitOptions(labels=labels))
    assert not (tmp_path / "out").exists()


def test_labels_that_are_not_there(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`labels=.*absent.csv`: can't be read \(No such file"):
        split(photos, tmp_path / "out", SplitOptions(labels=tmp_path / "absent.csv"))


def test_measure(photos: Path) -> None:
    parts = np.random.default_rng(1).integers(0, 255, (8, 8, 1), np.uint8).repeat(3, axis=2)
    write_image(photos / "c_0001.png", np.kron(parts, np.ones((5, 4, 1), np.uint8)))
    write_image(photos / "c_0002.tif", np.kron(parts, np.ones((2, 2, 1), np.uint8)))
    write_image(photos / "lone.exr", np.linspace(0, 1, 300, dtype=np.float32).reshape(10, 10, 3))
    (photos / "broken.jpg").write_bytes(b"no image")
    stats = measure(photos)
    assert stats.images == 7
    assert sorted(stats.widths) == [10, 12, 12, 12, 12, 16, 32]
    assert sorted(stats.heights) == [8, 8, 8, 8, 10, 16, 40]
    assert stats.formats == {"png uint8": 5, "openexr float": 1, "tiff uint8": 1}
    assert stats.sources == {"a": 3, "c": 2, "": 1, "b": 1}
    assert list(stats.sources) == ["a", "c", "", "b"]
    assert stats.brightness["min"] == pytest.approx(0.2, abs=1e-5)
    assert stats.brightness["max"] == 1.0
    # The four grey ones have no pattern, and so one hash; the pattern and itself, smaller, share another.
    assert stats.near_duplicates == 4
    assert len(stats.unread) == 1


def test_measure_quantiles(tmp_path: Path) -> None:
    for value in (0, 51, 102, 153, 204):
        write_image(tmp_path / f"photos/{value}.png", grey(value))
    found = measure(tmp_path / "photos").brightness
    expected = {"min": 0, "5 %": 0.04, "25 %": 0.2, "median": 0.4, "75 %": 0.6, "95 %": 0.76, "max": 0.8}
    assert found == pytest.approx(expected, abs=1e-5)


def test_progress_is_told_for_each_file(photos: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    split(photos, tmp_path / "out", observe=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_unknown_profile_is_told_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(
            tmp_path / f"photos/{name}.exr", np.ones((4, 4, 3), np.float32), colorInteropID="filmy_scene"
        )
    told: list[str] = []
    split(tmp_path / "photos", tmp_path / "out", warn=told.append)
    (warning,) = told
    assert "'filmy_scene' is not in " in warning
    assert warning.endswith("integers are taken for sRGB, floats for linear light")


def ramp(height: int, width: int) -> NDArray[np.uint8]:
    """Red tells the column, green the row."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width)
    pixels[..., 1] = np.arange(height)[:, np.newaxis]
    return pixels


def test_a_crop_is_the_middle_at_its_own_size(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/sub/a_0001.png", ramp(32, 64))
    done = crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=32))
    assert done.written == 1
    assert files(tmp_path / "out") == {"sub/a_0001.png"}
    np.testing.assert_array_equal(read_image(tmp_path / "out/sub/a_0001.png"), ramp(32, 64)[:, 16:48])


def test_a_crop_is_scaled_by_area(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 96, 3), np.uint8)
    write_image(tmp_path / "photos/a.png", pixels)
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=16))
    mean = pixels[:, 16:80].reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(read_image(tmp_path / "out/a.png"), mean, atol=0.51)


ASPECTS = {
    "wide": ((64, 96), (2, 1), (48, 96)),
    "tall": ((96, 64), (1, 2), (96, 48)),
    "wide from tall": ((96, 64), (4, 1), (16, 64)),
    "square": ((70, 96), (1, 1), (70, 70)),
}


@pytest.mark.parametrize(("size", "aspect", "part"), ASPECTS.values(), ids=ASPECTS)
def test_the_largest_part_of_an_aspect(
    tmp_path: Path, size: tuple[int, int], aspect: tuple[float, float], part: tuple[int, int]
) -> None:
    write_image(tmp_path / "photos/a.png", ramp(*size))
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=min(part), aspect=aspect))
    top, left = (size[0] - part[0]) // 2, (size[1] - part[1]) // 2
    expected = ramp(*size)[top : top + part[0], left : left + part[1]]
    np.testing.assert_array_equal(read_image(tmp_path / "out/a.png"), expected)


def test_what_is_too_small_is_named_and_left_out_or_enlarged(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/small.png", grey(90, 31, 64))
    write_image(tmp_path / "photos/large.png", grey(90, 32, 64))
    done = crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=32))
    assert (done.written, done.failed) == (1, ())
    assert done.small == ("small.png: 64x31 pixels would have to be enlarged; it is left out",)
    assert files(tmp_path / "out") == {"large.png"}
    done = crop(tmp_path / "photos", tmp_path / "more", CropOptions(size=32, allow_upscale=True))
    assert (done.written, done.small) == (2, ())
    assert read_image(tmp_path / "more/small.png").shape == (32, 32, 3)
    with pytest.raises(UsageError, match=r"gives no crop \(.*enlarged; it is left out\)"):
        crop(tmp_path / "photos", tmp_path / "none", CropOptions(size=33))


def test_random_crops_are_each_their_own_and_the_same_with_the_same_seed(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/a_0001.png", ramp(60, 90))
    write_image(tmp_path / "photos/b_0001.png", ramp(60, 90))

    def crops(out: str, seed: int) -> dict[str, bytes]:
        crop(tmp_path / "photos", tmp_path / out, CropOptions(size=20, mode="random", count=3, seed=seed))
        return {name: read_image(tmp_path / out / name).tobytes() for name in files(tmp_path / out)}

    first = crops("one", 5)
    assert set(first) == {f"{name}_0001-{number}.png" for name in "ab" for number in (1, 2, 3)}
    assert len(set(first.values())) == 6
    (tmp_path / "photos/a_0001.png").unlink()
    again = crops("two", 5)
    assert again == {name: first[name] for name in again}
    assert crops("three", 6) != again


def test_a_random_crop_is_never_enlarged(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/a.png", ramp(40, 90))
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=39, mode="random", count=20))
    for path in (tmp_path / "out").iterdir():
        pixels = read_image(path).astype(int)
        assert pixels.shape == (39, 39, 3)
        assert 38 <= pixels[0, -1, 0] - pixels[0, 0, 0] <= 39
    places = {read_image(path)[0, 0, 0] for path in (tmp_path / "out").iterdir()}
    assert len(places) > 5


def test_photographs_that_differ_in_their_ending_alone_both_stay(tmp_path: Path) -> None:
    write_image(tmp_path / "photos/a.png", grey(10))
    write_image(tmp_path / "photos/a.tif", grey(20))
    write_image(tmp_path / "photos/b.tif", grey(30))
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=4))
    found = {name: int(read_image(tmp_path / "out" / name).max()) for name in files(tmp_path / "out")}
    assert found == {"a.png.png": 10, "a.tif.png": 20, "b.png": 30}


def test_crops_that_would_still_meet_are_refused(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "a.png.bmp"):
        write_image(tmp_path / "photos" / name, grey(10))
    with pytest.raises(UsageError, match=r"a\.png\.png: would hold both a\.png and a\.png\.bmp|rename one"):
        crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=4))
    assert not (tmp_path / "out").exists()


def test_a_photograph_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    upright = ramp(6, 4)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),  # the camera says: turn a quarter to the right to look at it
        7: upright.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }
    for orientation, pixels in stored.items():
        write_image(tmp_path / f"photos/{orientation}.tif", pixels, Orientation=orientation)
    stats = measure(tmp_path / "photos")
    assert (set(stats.widths), set(stats.heights)) == ({4}, {6})
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=4, aspect=(4, 6)))
    for orientation in stored:
        np.testing.assert_array_equal(
            read_image(tmp_path / f"out/{orientation}.png"), upright, str(orientation)
        )


def test_crops_of_floats_are_as_a_display_shows_them(tmp_path: Path) -> None:
    light = np.full((8, 8, 3), 0.2140411, np.float32)
    light[4:] = 7
    write_image(tmp_path / "photos/a.exr", light)
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=8))
    pixels = read_image(tmp_path / "out/a.png")
    assert pixels.dtype == np.uint8
    assert set(pixels[:4].ravel()) <= {127, 128}
    assert (pixels[4:] == 255).all()


@pytest.mark.parametrize("ext", ["jpg", "tif", "bmp", "tga"])
def test_crops_in_other_formats(tmp_path: Path, ext: str) -> None:
    write_image(tmp_path / "photos/a.png", grey(90))
    crop(tmp_path / "photos", tmp_path / "out", CropOptions(size=8, ext=ext))
    pixels = read_image(tmp_path / f"out/a.{ext}")
    assert pixels.shape == (8, 8, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, 90, atol=2)


CROPS = {
    "the same again": ({"count": 2}, "`count=2`: asks for the same crop again; add `mode=random`"),
    "no 8 bits": ({"ext": "exr"}, "exr does not hold it"),
    "no format": ({"ext": "pgn"}, "`ext=pgn`: can't be written; did you mean 'png'?"),
    "an unknown mode": ({"mode": "center"}, "`mode=center`: is unknown; known: centre, random"),
}


@pytest.mark.parametrize(("asked", "fault"), CROPS.values(), ids=CROPS)
def test_crops_that_can_not_be(photos: Path, tmp_path: Path, asked: dict[str, str], fault: str) -> None:
    with pytest.raises(UsageError) as error:
        crop(photos, tmp_path / "out", CropOptions(**asked))
    assert fault in str(error.value)
    assert not (tmp_path / "out").exists()


def test_crops_into_a_folder_that_holds_files(photos: Path, tmp_path: Path) -> None:
    crop(photos, tmp_path / "out", CropOptions(size=4))
    with pytest.raises(UsageError, match=r"already holds a_0001.png and 3 more; choose another folder"):
        crop(photos, tmp_path / "out", CropOptions(size=4))
    assert crop(photos, tmp_path / "out", CropOptions(size=6, overwrite=True)).written == 4
    assert read_image(tmp_path / "out/a_0001.png").shape == (6, 6, 3)


def test_a_broken_file_is_named_and_the_others_are_cropped(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes(b"no image")
    done = crop(photos, tmp_path / "out", CropOptions(size=4))
    assert done.written == 4
    (fault,) = done.failed
    assert "broken.png" in str(fault)


def test_it_needs_no_torch() -> None:
    code = "import sys, daynight.dataset; print({'torch', 'onnxruntime', 'matplotlib'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


@needs_shared
def test_brightness_agrees_with_the_list_beside_real_photographs(tmp_path: Path) -> None:
    data = SHARED / "data"
    listed = {
        row["path"].removeprefix("test/"): float(row["hsp"])
        for row in csv.DictReader((data / "labels.csv").read_text(encoding="utf-8").splitlines())
        if row["split"] == "test"
    }
    result = split(data / "test", tmp_path / "out")
    found = {each.photograph.name: each.brightness for each in result.photographs}
    assert found.keys() == listed.keys()
    assert max(abs(found[name] - listed[name]) for name in found) < 1e-3
