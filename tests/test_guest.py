"""Daynight is a guest in a host's process: what the host set for the whole process stays as it was."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HOST = """
import json, sys
import cv2
import numpy as np
import OpenImageIO as oiio

oiio.attribute("threads", 3)
oiio.attribute("exr_threads", 5)
oiio.attribute("try_all_readers", 1)
cv2.setNumThreads(2)

def settings():
    numbers = {name: oiio.get_int_attribute(name) for name in ("threads", "exr_threads", "try_all_readers")}
    return {**numbers, "cv2": cv2.getNumThreads()}

def visit(name, shots, out):
    import daynight
    if name == "import":
        import daynight.api
    elif name == "convert":
        assert daynight.convert(shots, "night", out=out, jobs=1, device="cpu") is not None
    elif name == "open_look":
        look = daynight.open_look("night", jobs=1, device="cpu")
        look(np.full((32, 48, 3), 0.5, np.float32))
        look.close()

before = settings()
visit(*sys.argv[1:])
print(json.dumps([before, settings()]))
"""


@pytest.mark.parametrize("visit", ["import", "convert", "open_look"])
def test_a_host_keeps_its_settings(visit, make_shot, tmp_path):
    shot = make_shot(numbers=(1001,))
    done = subprocess.run(
        [sys.executable, "-c", HOST, visit, str(shot), str(tmp_path / "night")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout.splitlines()[-1])
    assert before == {"threads": 3, "exr_threads": 5, "try_all_readers": 1, "cv2": 2}, "the host's own"
    assert after == before
    if visit == "convert":
        assert list((tmp_path / "night").rglob("*.png")), "the frame was written"
