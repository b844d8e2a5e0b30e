"""Which frame goes where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import as_uint8, picture, write_image

from daynight.engine.planning import Plan, make_plan
from daynight.errors import UsageError
from daynight.job import Job

MakeShot = Callable[..., Path]


def plan_of(sources: list[Path], look: str, *, frames: str | None = None, **options: object) -> Plan:
    return make_plan(Job(sources, look, frames=frames, **options), look)


def targets(plan: Plan, root: Path) -> list[str]:
    return [str(job.target.relative_to(root)) for job in plan.jobs]


def test_results_lie_beside_a_folder_and_mirror_it(make_shot: MakeShot, tmp_path: Path) -> None:
    make_shot("shots/sh010", (1001, 1002))
    make_shot("shots/day/sh020", (7, 8))
    plan = plan_of([tmp_path / "shots"], "night")
    assert targets(plan, tmp_path) == [
        "shots_night/day/sh020/sh020.0007.png",
        "shots_night/day/sh020/sh020.0008.png",
        "shots_night/sh010/sh010.1001.png",
        "shots_night/sh010/sh010.1002.png",
    ]


def test_results_of_an_image_or_pattern_lie_in_a_folder_beside_it(
    make_shot: MakeShot, tmp_path: Path
) -> None:
    folder = make_shot("sh010", (1001, 1002))
    plan = plan_of([folder / "sh010.%04d.png"], "night", ext="exr")
    assert targets(plan, folder) == ["night/sh010.1001.exr", "night/sh010.1002.exr"]
    plan = plan_of([folder / "sh010.1002.png"], "night", out=tmp_path / "out")
    assert targets(plan, tmp_path) == ["out/sh010.1002.png"]


def test_several_folders_get_a_folder_each(make_shot: MakeShot, tmp_path: Path) -> None:
    a, b = make_shot("a/sh", (1, 2)), make_shot("b/other", (1, 2))
    plan = plan_of([a.parent, b.parent], "night", out=tmp_path / "out")
    assert targets(plan, tmp_path)[::2] == ["out/a/sh/sh.0001.png", "out/b/other/other.0001.png"]


def test_finished_frames_are_left_alone_unless_asked(make_shot: MakeShot, tmp_path: Path) -> None:
    make_shot("shots/sh", (1, 2, 3))
    write_image(tmp_path / "shots_night/sh/sh.0002.png", as_uint8(picture()))
    plan = plan_of([tmp_path / "shots"], "night")
    assert [job.number for job in plan.jobs] == [1, 3]
    assert plan.finished == 1
    assert len(plan_of([tmp_path / "shots"], "night", overwrite=True).jobs) == 3


@pytest.mark.parametrize(
    ("on_missing", "numbers", "stand_ins"),
    [
        ("error", [1, 2, 4], {}),
        ("skip", [1, 2, 4], {}),
        ("hold", [1, 2, 3, 4], {3: "sh.0002.png"}),
        ("black", [1, 2, 3, 4], {3: "sh.0002.png"}),
    ],
)
def test_gaps(make_shot: MakeShot, on_missing: str, numbers: list[int], stand_ins: dict[int, str]) -> None:
    folder = make_shot("sh", (1, 2, 4))
    plan = plan_of([folder], "night", on_missing=on_missing)  # type: ignore[arg-type]
    assert [job.number for job in plan.jobs] == numbers
    assert {job.number: job.source.name for job in plan.jobs if job.missing} == stand_ins
    assert plan.skipped == (on_missing == "skip")
    assert [gap.numbers for gap in plan.missing] == ([(3,)] if on_missing == "error" else [])


def test_a_result_over_a_plate_is_refused(make_shot: MakeShot) -> None:
    folder = make_shot("sh", (1, 2))
    with pytest.raises(UsageError, match=r"sh\.0001\.png: is a plate and would be overwritten"):
        plan_of([folder], "night", out=folder)
    plan_of([folder], "night", out=folder, ext="exr")


def test_a_result_over_a_plate_through_a_link_is_refused(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2))
    (tmp_path / "out").symlink_to(folder)
    with pytest.raises(UsageError, match="would be overwritten"):
        plan_of([folder], "night", out=tmp_path / "out")


def test_two_plates_for_one_result_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "in/a.png", as_uint8(picture()))
    write_image(tmp_path / "in/a.tif", as_uint8(picture()))
    with pytest.raises(UsageError, match=r"a\.exr: would be the result of both a\.\w+ and a\.\w+"):
        plan_of([tmp_path / "in"], "night", ext="exr")


def test_an_unknown_ending_is_refused(make_shot: MakeShot) -> None:
    with pytest.raises(UsageError, match=r"`ext=webm`: can't be written; known: bmp dpx exr"):
        plan_of([make_shot()], "night", ext="webm")


def test_a_plate_that_was_not_asked_for_is_not_written_over_either(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_image(tmp_path / f"in/sh.{number:04d}.tif", as_uint8(picture()))
    write_image(tmp_path / "in/sh.0001.png", as_uint8(picture()))
    with pytest.raises(UsageError, match=r"sh\.0001\.png: is a plate"):
        plan_of([tmp_path / "in"], "night", frames="1-2", ext="png", out=tmp_path / "in")


def test_results_inside_the_source_are_no_plates_of_the_next_run(make_shot: MakeShot) -> None:
    folder = make_shot("sh", (1, 2))
    write_image(folder / "night/sh.0001.png", as_uint8(picture()))
    plan = plan_of([folder], "night", out=folder / "night")
    assert [job.number for job in plan.jobs] == [2]
    assert plan.finished == 1


def test_an_output_that_is_a_file_is_refused(make_shot: MakeShot, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="out: is not a folder"):
        plan_of([make_shot()], "night", out=tmp_path / "out")
    with pytest.raises(UsageError, match="give `out`"):
        plan_of([Path("/")], "night")
