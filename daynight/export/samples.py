"""Pictures on which a model file is compared with its network: the user's, else synthetic ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from daynight.colour.encoding import decode_display, encode_display
from daynight.frames.frame import NCHW, Pixels
from daynight.looks.relight import make_proxy, proxy_size
from daynight.plates.photographs import find_photographs, nothing_readable, open_spaces, read_picture

_MOST: Final = 32
"""Pictures read from a folder, spread evenly over it."""
_SHAPES: Final = ((9, 16), (5, 4), (1, 1))
"""Heights and widths of synthetic pictures, as proportions."""


def load_samples(
    folder: Path | None, short_side: int, multiple: int, warn: Callable[[str], None]
) -> list[NCHW]:
    """Read pictures of a folder and its subfolders, scaled to the size of a proxy; or make synthetic ones.

    Args:
        folder: plates or photographs, as ``daynight convert`` takes them; ``None``: synthetic pictures of
            several shapes, with gradients, edges and grain.
        short_side: approximate short side of each picture, in pixels.
        multiple: height and width are multiples of this, in pixels.
        warn: called with one line for each picture whose color space is unknown.

    Returns:
        At most 32, each 1×3×H×W, display-encoded in [-1, 1].

    Raises:
        UsageError: the folder does not exist, or holds no picture.
        PlateError: a picture can't be read.
    """
    if folder is None:
        return [_synthetic(*proxy_size(high, wide, short_side, multiple)) for high, wide in _SHAPES]
    found = find_photographs(folder)
    if not found:
        raise nothing_readable(folder)
    indices = np.linspace(0, len(found) - 1, min(len(found), _MOST)).round().astype(int)
    spaces = open_spaces(warn)
    return [
        _scaled(read_picture(found[index].path, spaces).pixels, short_side, multiple) for index in indices
    ]


def _scaled(picture: Pixels, short_side: int, multiple: int) -> NCHW:
    height, width = picture.shape[:2]
    proxy = make_proxy(decode_display(picture), *proxy_size(height, width, short_side, multiple))
    display = encode_display(proxy)  # (h, w, 3) in [0, 1]
    return np.ascontiguousarray(display.transpose(2, 0, 1)[np.newaxis] * 2 - 1)


def _synthetic(height: int, width: int) -> NCHW:
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.where(y < 0.3 * np.sin(4 * x), 0.7 - 0.3 * y, 0.4 * np.sign(np.sin(20 * x)) - 0.3)
    channels = np.stack([light * 0.8, light, light * 0.9 + 0.1])  # (3, H, W)
    picture = np.clip(channels + random.normal(0, 0.05, channels.shape), -1, 1)
    return picture[np.newaxis].astype(np.float32)
