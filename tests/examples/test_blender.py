"""The example for Blender, run by Blender: rendered, converted and composited without a display."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pictures import EXAMPLES, converted, read_image, write_image

pytestmark = pytest.mark.skipif(shutil.which("blender") is None, reason="blender is not on PATH")

# Blender's own scene with a transparent film, and the cube elsewhere in each frame.
SCENE = """
import bpy
bpy.context.scene.render.film_transparent = True
cube = bpy.data.objects["Cube"]
for frame, place in ((1, -2), (2, 2)):
    cube.location.x = place
    cube.keyframe_insert("location", frame=frame)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def blender(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["blender", "--background", "--factory-startup", "--python-exit-code", "1", *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture(scope="module")
def site() -> str:
    """The packages of this environment, where Blender's Python can load them."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    said = blender("--python-expr", "import sys; print('Python {}.{}'.format(*sys.version_info))").stdout
    if f"Python {version}\n" not in said:
        pytest.skip(f"blender runs another Python than {version}")
    return sysconfig.get_path("purelib")


@pytest.fixture
def comp(site: str, tmp_path: Path) -> Run:
    """Run the example on two tiny frames."""

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        script = str(EXAMPLES / "blender/daynight_comp.py")
        small = ["--size", "64x48", "--samples", "4", "--out", str(tmp_path), "--site", site]
        return blender("--python-expr", SCENE, "--python", script, "--", *small, *options)

    return run


def test_the_composite_is_the_night_of_the_render_with_its_alpha(comp: Run, tmp_path: Path) -> None:
    # By the moon alone: a grey cube, lit, may pass for a house and get windows.
    result = comp("--to", "moonlight", "--frames", "1-2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(path.name for path in (tmp_path / "comp").iterdir()) == ["comp.0001.exr", "comp.0002.exr"]
    plates = [read_image(tmp_path / f"plates/plate.000{number}.exr") for number in (1, 2)]
    finals = [read_image(tmp_path / f"comp/comp.000{number}.exr") for number in (1, 2)]
    for plate, final in zip(plates, finals, strict=True):
        assert final.dtype == np.float16
        assert final.shape == (48, 64, 4)
        assert (plate[..., 3].min(), plate[..., 3].max()) == (0, 1)
        np.testing.assert_array_equal(final[..., 3], plate[..., 3])
        assert 0 < final[..., :3].mean(dtype=np.float64) < 0.8 * plate[..., :3].mean(dtype=np.float64)
    assert not np.array_equal(*plates)


def test_a_share_of_the_night_is_mixed_into_one_frame(comp: Run, tmp_path: Path) -> None:
    result = comp("--to", "night", "--frames", "2", "--mix", "0.25")
    assert result.returncode == 0, result.stdout + result.stderr
    (final,) = (tmp_path / "comp").iterdir()
    plate, night = (
        read_image(tmp_path / name).astype(np.float32)
        for name in ("plates/plate.0002.exr", "night/plate.0002.exr")
    )
    np.testing.assert_allclose(read_image(final), 0.75 * plate + 0.25 * night, atol=1e-3)


def test_a_failure_is_blenders_exit_code(comp: Run) -> None:
    result = comp("--to", "nigth", "--frames", "1")
    assert result.returncode == 1
    assert "did you mean 'night'" in result.stdout + result.stderr


def test_light_groups_are_balanced_in_the_compositor(site: str, tmp_path: Path) -> None:
    light = np.full((48, 64, 3), 0.3, np.float16)
    light[:16] = 0.9
    plate = write_image(tmp_path / "plate/sh.0001.exr", light)
    night = converted(plate, "night", out=tmp_path / "night", aovs=True)
    script = str(EXAMPLES / "blender/balance_groups.py")

    def balanced(*factors: str) -> np.ndarray:
        out = tmp_path / "-".join(("out", *factors))
        result = blender(
            *("--python", script, "--", str(night), "--size", "64x48", "--out", str(out), *factors)
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return read_image(out / "night.0001.exr")[..., :3].astype(np.float32)

    picture = read_image(night)[..., :3].astype(np.float32)
    np.testing.assert_array_equal(balanced(), picture)
    dark = balanced("--ambient", "0.5", "--practicals", "0", "--emission", "0")
    assert 0 < dark.mean() < 0.6 * picture.mean()
