"""Pictures of ours, and files written and read by OpenImageIO alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from daynight.chain import Chain
from daynight.frame import Frame
from daynight.images import WriteOptions, form_of, write_frame
from daynight.mixing import Controls
from daynight.spaces import ColourSpaces

SHARED = Path(__file__).parents[2] / "shared"
EXAMPLES = Path(__file__).parents[1] / "examples"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared is not here")


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


def save(frame: Frame, target: Path, *, untouched: bool = True, **options: object) -> None:
    """Write a frame as a conversion without a step does."""
    chain = Chain("passthrough", (), None, ColourSpaces(), Controls())
    plate = chain.spaces.declared(frame)
    form = form_of(plate, target, options.get("depth"))
    result = chain.leave(plate, plate, form)
    write_frame(result, form, options=WriteOptions(**options), untouched=untouched)


def as_uint8(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(pixels * 255).astype(np.uint8)
