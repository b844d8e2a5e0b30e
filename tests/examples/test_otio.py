"""The example for timelines, run on real ones: which frames are done, and what the new timeline shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import EXAMPLES, as_uint8, picture, read_image, write_image

otio = pytest.importorskip("opentimelineio")

from opentimelineio.opentime import RationalTime, TimeRange  # noqa: E402
from opentimelineio.schema import Clip, ExternalReference, ImageSequenceReference  # noqa: E402

MakeShot = Callable[..., Path]


def span(start: float, frames: float) -> TimeRange:
    return TimeRange(RationalTime(start, 24), RationalTime(frames, 24))


def sequence(
    folder: str, name: str, first: int, available: TimeRange, step: int = 1
) -> ImageSequenceReference:
    return ImageSequenceReference(folder, f"{name}.", ".png", first, step, 24, 4, available_range=available)


def batch(tmp_path: Path, *clips: Clip, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Cut the clips one after another, and convert the timeline to ``tmp_path/out``."""
    timeline = otio.schema.Timeline("cut", tracks=[otio.schema.Track("V1", children=clips)])
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    command = [sys.executable, EXAMPLES / "otio_batch.py", tmp_path / "cut.otio", "--to", "night"]
    return subprocess.run(
        [*map(str, command), "--out", str(tmp_path / "out"), *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def written(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))


def shown(clip: Clip) -> list[Path]:
    """Files that a sequence's clip shows over its source range, by OpenTimelineIO's own reckoning."""
    reference, seen = clip.media_reference, clip.trimmed_range()
    folder = Path(otio.url_utils.filepath_from_url(reference.target_url_base))
    times = [seen.start_time + RationalTime(frame, 24) for frame in range(int(seen.duration.value))]
    names = [f"{reference.name_prefix}{reference.frame_for_time(time):04d}.png" for time in times]
    return [folder / name for name in names]


def test_the_frames_of_the_cut_are_done_and_a_clip_without_media_is_named(
    tmp_path: Path, make_shot: MakeShot
) -> None:
    first = make_shot("plates/sh010", tuple(range(1001, 1013)))
    make_shot("plates/sh020", tuple(range(1, 9)))
    result = batch(
        tmp_path,
        Clip("sh010", sequence(first.as_uri(), "sh010", 1001, span(86400, 12)), span(86402, 3)),
        Clip("lost", None, span(0, 5)),
        Clip("sh020/a", ExternalReference("plates/sh020/sh020.%04d.png", span(1, 8)), span(3, 2)),
    )
    assert result.returncode == 1
    assert result.stderr.count("error: ") == 1
    assert "error: lost is skipped: lost: has no files (MissingReference); link its media" in result.stderr
    assert written(tmp_path) == [
        *(f"sh010/sh010.{number}.png" for number in (1003, 1004, 1005)),
        *(f"sh020_a/sh020.{number:04d}.png" for number in (3, 4)),
    ]
    dark, plate = (read_image(folder / "sh010.1004.png") for folder in (tmp_path / "out/sh010", first))
    assert dark.mean() < 0.8 * plate.mean()

    clips = otio.adapters.read_from_file(str(tmp_path / "out/cut.otio")).find_clips()
    assert [clip.trimmed_range() for clip in clips] == [span(86402, 3), span(0, 5), span(3, 2)]
    assert shown(clips[0]) == [tmp_path / f"out/sh010/sh010.{number}.png" for number in (1003, 1004, 1005)]
    assert clips[0].media_reference.number_of_images_in_sequence() == 3
    assert isinstance(clips[1].media_reference, otio.schema.MissingReference)
    assert clips[2].media_reference.target_url == str(tmp_path / "out/sh020_a/sh020.%04d.png")
    assert clips[2].media_reference.available_range == span(3, 2)


def test_handles_end_with_the_media_and_shared_frames_are_done_once(
    tmp_path: Path, make_shot: MakeShot
) -> None:
    folder = make_shot("my plates/sh010", tuple(range(11, 19)))
    media = sequence(folder.as_uri(), "sh010", 11, span(0, 8))
    still = write_image(tmp_path / "plates/matte.png", as_uint8(picture()))
    result = batch(
        tmp_path,
        Clip("sh010", media.clone(), span(1, 2)),  # 12 and 13, with handles 11 to 15
        Clip("again", media.clone(), span(4, 1)),  # 15, with handles 13 to 17
        Clip("still", ExternalReference(str(still)), span(0, 50)),
        options=("--handles", "2", "--out-timeline", str(tmp_path / "night.otio")),
    )
    assert result.returncode == 0, result.stderr
    assert "again: 2 frames" in result.stdout
    assert "3 already finished" in result.stdout
    assert written(tmp_path) == [
        *(f"sh010/sh010.00{number}.png" for number in range(11, 18)),
        "still/matte.png",
    ]
    clips = otio.adapters.read_from_file(str(tmp_path / "night.otio")).find_clips()
    assert shown(clips[0]) == [tmp_path / f"out/sh010/sh010.00{number}.png" for number in (12, 13)]
    assert shown(clips[1]) == [tmp_path / "out/sh010/sh010.0015.png"]
    assert clips[0].available_range() == span(0, 5)
    assert clips[1].available_range() == span(2, 5)
    assert clips[2].media_reference.target_url == str(tmp_path / "out/still/matte.png")


def test_a_sequence_on_twos_is_done_at_its_own_files(tmp_path: Path, make_shot: MakeShot) -> None:
    folder = make_shot("plates/sh010", (101, 103, 105, 107))
    media = sequence(str(folder), "sh010", 101, span(0, 8), step=2)
    result = batch(tmp_path, Clip("sh010", media, span(3, 2)))  # 1 and 2, of which the files are 103 and 105
    assert result.returncode == 0, result.stderr
    assert written(tmp_path) == ["sh010/sh010.0103.png", "sh010/sh010.0105.png"]
    (clip,) = otio.adapters.read_from_file(str(tmp_path / "out/cut.otio")).find_clips()
    assert clip.available_range() == span(2, 4)
    assert clip.media_reference.start_frame == 103
    assert clip.media_reference.number_of_images_in_sequence() == 2


def test_a_missing_frame_and_an_unreadable_file_are_named(tmp_path: Path, make_shot: MakeShot) -> None:
    make_shot("plates/sh010", (1, 2, 4))
    (tmp_path / "plates/cut.mov").write_bytes(b"no picture")
    movie = Clip("movie", ExternalReference("plates/cut.mov", span(0, 9)))
    result = batch(
        tmp_path, Clip("sh010", ExternalReference("plates/sh010/sh010.####.png"), span(1, 4)), movie
    )
    assert result.returncode == 1
    assert "sh010.####.png: frame 3 is missing; " in result.stderr
    assert "cut.mov: is not a readable .mov image" in result.stderr
    clips = otio.adapters.read_from_file(str(tmp_path / "out/cut.otio")).find_clips()
    assert clips[0].media_reference.target_url == str(tmp_path / "out/sh010/sh010.####.png")
    assert clips[1].media_reference.target_url == "plates/cut.mov"


def test_the_timeline_itself_is_never_written_over(tmp_path: Path) -> None:
    result = batch(tmp_path, Clip("a"), options=("--out-timeline", str(tmp_path / "cut.otio")))
    assert result.returncode == 2
    assert "would be written over" in result.stderr
