"""The before/after page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import cv2
import numpy as np
from pictures import as_uint8, picture, write_image

from daynight import convert

MakeShot = Callable[..., Path]


def wipes(page: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), 1)[..., ::-1] for text in found]


def test_the_page_holds_samples_faults_and_timings_and_needs_no_other_file(
    make_shot: MakeShot, tmp_path: Path
) -> None:
    folder = make_shot("shots/<sh>", tuple(range(1, 10)))
    (folder / "<sh>.0002.png").write_text("oops")
    page = tmp_path / "report.html"
    convert(tmp_path / "shots", "grade", report=page)
    text = page.read_text(encoding="utf-8")
    pictures = wipes(text)
    assert len(pictures) == 6, "first, middle and last frame, before and after"
    for before, after in zip(pictures[::2], pictures[1::2], strict=True):
        assert before.shape == after.shape == (48, 64, 3)
        assert after.mean() < 0.7 * before.mean()
    assert np.abs(pictures[0].astype(int) - as_uint8(picture(seed=1))).mean() < 8
    assert "&lt;sh&gt;.0002.png: is not a readable .png image" in text
    assert "<sh>" not in text
    assert not re.search(r'(src|href)="(?!data:)', text)
    for stage in ("read", "compute", "write"):
        assert re.search(rf"<th>{stage}<td>\d+<td>\d+<td>\d+", text)


def test_many_shots_and_bright_plates(tmp_path: Path) -> None:
    for number in range(30):
        write_image(tmp_path / f"in/sh{number}/a.0001.exr", picture(seed=number) * np.float32(40))
    convert(tmp_path / "in", "passthrough", report=tmp_path / "r.html")
    pictures = wipes((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert 10 <= len(pictures) <= 24
    assert all(image.max() > 250 for image in pictures)


def test_a_chain_that_crops_is_shown_beside_the_same_part_and_nan_as_black(tmp_path: Path) -> None:
    light = picture() * np.float32(0.5)
    light[:24] = 0.0
    light[30, 30] = np.nan
    write_image(tmp_path / "in/a.exr", light)
    (tmp_path / "crop.toml").write_text('[[step]]\nuse = "crop"\nwidth = 32\nheight = 20\nx = 8\ny = 26\n')
    convert(tmp_path / "in", chain=tmp_path / "crop.toml", report=tmp_path / "r.html")
    before, after = wipes((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert before.shape == after.shape == (20, 32, 3)
    assert np.abs(before.astype(int) - after).mean() < 1
    assert before.mean() > 80


def test_the_page_lists_gaps_and_folders_that_cannot_be_read(
    make_shot: MakeShot, tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    make_shot("shots/sh", (1, 2, 4))
    locked = make_shot("shots/locked")
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    locked.chmod(0)
    try:
        with as_nobody():
            summary = convert(
                tmp_path / "shots", "grade", out=tmp_path / "out", report=tmp_path / "out/r.html"
            )
    finally:
        locked.chmod(0o755)
    text = (tmp_path / "out/r.html").read_text(encoding="utf-8")
    assert len(summary.faults) == 2
    assert "frame 3" in text
    assert "locked" in text
