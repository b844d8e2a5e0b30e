"""What a result's format drops of its plate: named, so that nothing is lost without a warning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from daynight.frames.frame import Frame
from daynight.plates.formats import OutputSpec

_LOSSY: Final = frozenset({"pxr24", "b44", "b44a", "dwaa", "dwab"})
_LARGEST_HALF: Final = 65504
_GRAIN: Final = 0.01
"""Light this far below black is noise, not picture."""
_SHOWN: Final = 6
"""Most names that a warning lists."""


def dropped_data(
    plate: Frame, result: Frame, output: OutputSpec, compression: str | None = None
) -> list[str]:
    """Return what a result's file can't hold, in the words of a warning: ``no alpha: …``.

    Args:
        plate: as read.
        result: as it will be written.
        output: how it will be written.
        compression: that was asked for; ``None``: the plate's.
    """
    return [
        *_of_channels(plate, result, output, compression),
        *_of_geometry(plate, result, output),
        *_of_light(plate, result, output),
    ]


def _of_channels(plate: Frame, result: Frame, output: OutputSpec, compression: str | None) -> Iterator[str]:
    extra = plate.file.extra_channels if plate.file else []
    if plate.alpha is not None and not output.format.alpha:
        yield "no alpha: the picture is written over black"
    if extra and not output.same_format:
        yield f"no extra channels: {_listed(extra)} are left out"
    if result.aovs and not output.format.layers:
        yield f"no AOVs: {', '.join(result.aovs)} are left out"
    lossy = (compression or "").partition(":")[0]
    exact = [*(["alpha"] if plate.alpha is not None else []), *extra]
    if lossy in _LOSSY and exact:
        yield f"no exact {_listed(exact)} under {lossy}"


def _of_geometry(plate: Frame, result: Frame, output: OutputSpec) -> Iterator[str]:
    whole = result.display_window in (None, result.window) or result.kept_part is not None
    if not (whole or output.same_format or output.format.windows):
        yield "no data window: black fills the display window, and overscan is cut off"
    if plate.metadata.get("Orientation", 1) != 1 and not (output.same_format or output.format.orientation):
        yield "no orientation: the picture appears as stored"
    if plate.metadata.get("PixelAspectRatio", 1) != 1 and not output.format.pixel_aspect:
        yield "no pixel aspect ratio: the picture appears squeezed"


def _of_light(plate: Frame, result: Frame, output: OutputSpec) -> Iterator[str]:
    own = plate.file.pixel_type if plate.file else "float"
    same_integer = output.same_format and plate.file is not None and plate.file.integer
    unsigned = output.integer or not output.format.negative
    if output.integer and plate.high_range and not same_integer and (result.pixels > 1).any():
        yield "no light above white: it is clipped"
    if unsigned and not output.same_format and _is_below_black(plate):
        yield "no light below black: it is clipped"
    if unsigned and plate.nonfinite:
        yield "no NaN or infinity: they become black and white"
    if output.pixel_type == "half" and own != "half" and _is_beyond_half(result):
        yield f"no light beyond {_LARGEST_HALF}: it is clipped"


def _is_below_black(plate: Frame) -> bool:
    return plate.high_range and plate.encoding == "scene-linear" and bool((plate.pixels < -_GRAIN).any())


def _is_beyond_half(result: Frame) -> bool:
    beyond = np.abs(result.pixels) > _LARGEST_HALF
    return bool(beyond.any() and np.isfinite(result.pixels[beyond]).any())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
