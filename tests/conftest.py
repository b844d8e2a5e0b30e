"""What many tests need: pictures of ours, shots on disk, and the command line run for real."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

SHARED = Path(__file__).parents[2] / "shared"
EXAMPLES = Path(__file__).parents[1] / "examples"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared is not here")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin of the machine's own may change a test."""
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "")
    monkeypatch.delenv("DAYNIGHT_PLUGIN_PATH", raising=False)


def picture(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """A smooth picture with some grain, H×W×3 in [0, 1]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [np.sin(x / 9 + k) * np.cos(y / 7 - k + seed) for k in range(3)]
    smooth = np.stack(planes, axis=2) * 0.4 + 0.5
    return np.clip(smooth + random.normal(0, 0.02, smooth.shape), 0, 1).astype(np.float32)


def write_image(path: Path, pixels: NDArray[np.generic], names: str = "RGB", **attributes: object) -> Path:
    """Write an array H×W×C as it stands, by OpenImageIO alone."""
    kinds = {"uint8": oiio.UINT8, "uint16": oiio.UINT16, "float16": oiio.HALF, "float32": oiio.FLOAT}
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kinds[str(pixels.dtype)])
    if pixels.shape[2] == len(names):
        spec.channelnames = tuple(names)
        spec.alpha_channel = names.find("A")
    for key, value in attributes.items():
        spec.attribute(key.replace("__", ":"), value)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(np.ascontiguousarray(pixels)), out.geterror()
    assert out.close()
    return path


def read_image(path: Path) -> NDArray[np.generic]:
    """Read a file's pixels as they stand, H×W×C in the file's own type."""
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    assert source is not None, oiio.geterror()
    spec = source.spec()
    pixels = source.read_image(0, 0, 0, spec.nchannels, spec.format)
    source.close()
    return pixels.reshape(spec.height, spec.width, spec.nchannels)


def as_uint8(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(pixels * 255).astype(np.uint8)


@pytest.fixture
def make_shot(tmp_path: Path) -> Callable[..., Path]:
    """Write a shot of 8-bit PNGs below ``tmp_path`` and give its folder."""

    def make(name: str = "shots/sh010", numbers: tuple[int, ...] = (1001, 1002, 1003), ext: str = "png") -> Path:
        folder = tmp_path / name
        for number in numbers:
            write_image(folder / f"{folder.name}.{number:04d}.{ext}", as_uint8(picture(seed=number % 97)))
        return folder

    return make


@pytest.fixture
def daynight() -> Callable[..., Result]:
    """Run the command line in this process."""
    from daynight.cli import main

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def daynight_process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command in a process of its own, in an empty folder."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("daynight")), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=empty,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )

    return run
