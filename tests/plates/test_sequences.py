"""Which files make a shot, and which frames are meant."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from daynight.errors import UsageError
from daynight.plates.sequences import discover, parse_range, select

ENDINGS = frozenset({".png", ".exr", ".jpg"})

RANGES = {
    "one frame": ("7", {7}),
    "a range": ("1-4", {1, 2, 3, 4}),
    "every second": ("1001-1006x2", {1001, 1003, 1005}),
    "several": ("1,3,10-12", {1, 3, 10, 11, 12}),
    "with blanks": ("1, 3", {1, 3}),
    "negative": ("-2-1", {-2, -1, 0, 1}),
}


@pytest.mark.parametrize(("text", "numbers"), RANGES.values(), ids=RANGES)
def test_a_range(text: str, numbers: set[int]) -> None:
    assert parse_range(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "1-5x0", "1..5", "1-10y3", "1;2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a frame range"):
        parse_range(text)


def test_a_range_that_is_a_slip_of_the_hand_is_refused() -> None:
    with pytest.raises(UsageError, match=r"`frames=1-500000`: holds 500000 frames; ask for at most 100000"):
        parse_range("1-500000")


def test_a_spelling_that_tools_read_differently_is_refused_with_both_readings() -> None:
    with pytest.raises(UsageError) as error:
        parse_range("1-10:2")
    assert "fileseq" in str(error.value)
    assert "OpenJD" in str(error.value)
    assert "1-10x2" in error.value.remedy


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_holds_many_shots_and_stills(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "sh010/sh010.1001.exr",
        "sh010/sh010.1002.exr",
        "sh010/notes.txt",
        "sh020/left/sh020_01.png",
        "sh020/left/sh020_02.png",
        "still.JPG",
        ".cache/sh.1.png",
        "sh010/.sh010.1003.ab12.exr",
    )
    shots = discover(tmp_path, ENDINGS)
    assert [(shot.name, len(shot.frames)) for shot in shots] == [
        ("still.JPG", 1),
        ("sh010/sh010.####.exr", 2),
        ("sh020/left/sh020_##.png", 2),
    ]
    assert shots[1].frames[0] == (1001, tmp_path / "sh010/sh010.1001.exr")


def test_gaps_are_noticed_and_scattered_numbers_are_stills(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.1.png", "a/a.2.png", "a/a.4.png", "b/IMG_0007.jpg", "b/IMG_0931.jpg")
    shots = discover(tmp_path, ENDINGS)
    assert shots[0].missing == (3,)
    assert shots[0].path_of(3) == tmp_path / "a/a.3.png"
    assert [(shot.name, shot.frames[0][0], shot.missing) for shot in shots[1:]] == [
        ("b/IMG_0007.jpg", None, ()),
        ("b/IMG_0931.jpg", None, ()),
    ]


@pytest.mark.parametrize("pattern", ["sh.%04d.png", "sh.####.png", "sh.@@@@.png", "sh.#.png", "sh.$F4.png"])
def test_a_pattern(tmp_path: Path, pattern: str) -> None:
    touch(tmp_path, "sh.1001.png", "sh.1002.png", "other.1001.png")
    (shot,) = discover(tmp_path / pattern, ENDINGS)
    assert [number for number, _ in shot.frames] == [1001, 1002]


def test_requested_frames(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sh.{number}.png" for number in range(1001, 1011)))
    shots = discover(tmp_path, ENDINGS)
    (shot,) = select(shots, parse_range("1004-1012x2"), tmp_path)
    assert shot.requested == (1004, 1006, 1008, 1010, 1012)
    assert shot.missing == (1012,), "a range given for one shot must be there whole"
    assert len(shot.frames) == 10, "steps with memory may want the others"
    with pytest.raises(UsageError, match=r"none of the requested frames; its shots: sh\..* 1001-1010"):
        select(shots, parse_range("1-5"), tmp_path)


def test_requested_frames_of_many_shots_need_not_lie_in_all(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.1.png", "a/a.2.png", "a/a.3.png", "b/b.1.png", "b/b.3.png", "c/c.8.png", "c/c.9.png")
    a, b = select(discover(tmp_path, ENDINGS), parse_range("1-3"), tmp_path)
    assert (a.missing, b.missing) == ((), (2,))


def test_a_single_missing_frame_may_be_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.png", "a.2.png", "a.4.png")
    (shot,) = select(discover(tmp_path, ENDINGS), parse_range("3"), tmp_path)
    assert shot.missing == (3,)


@pytest.mark.parametrize("folder", ["br[1]", "ha#sh", "a@b", "$F", "ünï cödé"])
def test_a_folder_may_be_called_what_it_likes(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, f"{folder}/sh.0001.png", f"{folder}/sh.0002.png")
    for source in (tmp_path / folder / "sh.%04d.png", tmp_path / folder, tmp_path):
        (shot,) = discover(source, ENDINGS)
        assert [path.name for _, path in shot.frames] == ["sh.0001.png", "sh.0002.png"]
        assert shot.path_of(7) == tmp_path / folder / "sh.0007.png"


def test_a_pattern_of_another_padding_is_told_what_there_is(tmp_path: Path) -> None:
    touch(tmp_path, "s.8.png", "s.9.png", "s.10.png")
    with pytest.raises(UsageError, match=r"s\.%04d\.png: matches no file; there is s\.#\.png"):
        discover(tmp_path / "s.%04d.png", ENDINGS)


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere", "sh.1.png", "sh.2.png")
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots/sh").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "shots/again").symlink_to(tmp_path / "shots")
    (shot,) = discover(tmp_path / "shots", ENDINGS)
    assert shot.name == "sh/sh.#.png"


@pytest.mark.parametrize(
    ("name", "fault"),
    [("empty", "holds no images"), ("absent", "is not there"), ("sh.%04d.png", "matches no file")],
)
def test_nothing_found_is_told(tmp_path: Path, name: str, fault: str) -> None:
    touch(tmp_path / "empty", "notes.txt")
    with pytest.raises(UsageError, match=fault):
        discover(tmp_path / name, ENDINGS)


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    locked = tmp_path / "shots" / "locked"
    touch(locked, "a.1.png")
    locked.chmod(0)
    with as_nobody(), pytest.raises(UsageError, match=r"locked: can't be read \(Permission denied\)"):
        discover(tmp_path / "shots", ENDINGS)
    touch(tmp_path / "shots" / "open", "b.1.png", "b.2.png")
    faults: list[UsageError] = []
    with as_nobody():
        (shot,) = discover(tmp_path / "shots", ENDINGS, on_fault=faults.append)
    assert shot.name == "open/b.#.png"
    assert len(faults) == 1
    with as_nobody(), pytest.raises(UsageError, match="can't be read"):
        discover(locked / "a.1.png", ENDINGS)
    locked.chmod(0o755)
