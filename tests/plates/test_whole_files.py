"""Results are under their final name whole, or not at all."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, picture, save, write_image

from daynight.errors import PlateError
from daynight.plates import read_frame, writing


def test_a_failed_write_leaves_nothing_behind_and_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", as_uint8(picture())))
    target = tmp_path / "out" / "b.png"
    save(frame, target)
    before = target.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(PlateError, match="No space left on device"):
        save(frame, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["b.png"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", as_uint8(picture())))
    (tmp_path / "out").write_text("")
    with pytest.raises(PlateError, match=re.escape("can't be written")):
        save(frame, tmp_path / "out" / "b.png")


@pytest.mark.parametrize("ext", ["png", "jpg", "exr"])
def test_a_full_disk_leaves_no_file(tmp_path: Path, ext: str) -> None:
    """A disk that is really full: a small file system in memory, where this process may mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1300k", "none", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        noise = np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8)
        frame = read_frame(write_image(tmp_path / "a.png", noise))
        with pytest.raises(PlateError, match=rf"b\.{ext}: can't be written \(No space left on device\)"):
            save(frame, small / f"b.{ext}")
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_png_or_jpeg_without_its_end_gets_no_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", as_uint8(picture())))
    whole = writing._write

    def cut(path: Path, *rest: object) -> None:
        whole(path, *rest)
        os.truncate(path, path.stat().st_size - 20)

    monkeypatch.setattr(writing, "_write", cut)
    for ext in ("png", "jpg"):
        with pytest.raises(PlateError, match="No space left on device"):
            save(frame, tmp_path / f"out/b.{ext}")
    assert not list((tmp_path / "out").iterdir())
