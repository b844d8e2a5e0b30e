"""What of a plate the file of its result can't hold: named, so that nothing is lost unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from daynight.frames.frame import Frame
from daynight.plates.formats import OutputSpec

_LOSSY: Final = frozenset({"pxr24", "b44", "b44a", "dwaa", "dwab"})
_LARGEST_HALF: Final = 65504
_GRAIN: Final = 0.01
"""Light below black that is none of the picture's."""
_SHOWN: Final = 6
"""Names listed before the list is cut."""


def losses(plate: Frame, result: Frame, output: OutputSpec, compression: str | None = None) -> list[str]:
    """Name what is lost, in the words of a warning: ``no alpha: …``.

    Args:
        plate: as read.
        result: as it will be written.
        output: how it will be written.
        compression: what was asked for.
    """
    return [
        *_of_channels(plate, result, output, compression),
        *_of_place(plate, result, output),
        *_of_light(plate, result, output),
    ]


def _of_channels(plate: Frame, result: Frame, output: OutputSpec, compression: str | None) -> Iterator[str]:
    passengers = plate.file.passengers if plate.file else []
    if plate.alpha is not None and not output.format.alpha:
        yield "no alpha: the picture is written over black"
    if passengers and not output.same_format:
        yield f"no further channels: {_listed(passengers)} are left out"
    if result.aovs and not output.format.layers:
        yield f"no maps: {', '.join(result.aovs)} are left out"
    lossy = (compression or "").partition(":")[0]
    exact = [*(["alpha"] if plate.alpha is not None else []), *passengers]
    if lossy in _LOSSY and exact:
        yield f"no exact {_listed(exact)} under {lossy}"


def _of_place(plate: Frame, result: Frame, output: OutputSpec) -> Iterator[str]:
    whole = result.display_window in (None, result.window) or result.kept_part is not None
    if not (whole or output.same_format or output.format.windows):
        yield "no data window: black fills the display window, and overscan is cut off"
    if plate.metadata.get("Orientation", 1) != 1 and not (output.same_format or output.format.orientation):
        yield "no orientation: the picture lies as its pixels do"
    if plate.metadata.get("PixelAspectRatio", 1) != 1 and not output.format.pixel_aspect:
        yield "no pixel aspect: the picture looks squeezed"


def _of_light(plate: Frame, result: Frame, output: OutputSpec) -> Iterator[str]:
    own = plate.file.pixel_type if plate.file else "float"
    same_integer = output.same_format and plate.file is not None and plate.file.integer
    without_sign = output.integer or not output.format.negative
    if output.integer and plate.high_range and not same_integer and (result.pixels > 1).any():
        yield "no light above white: it is clipped"
    if without_sign and not output.same_format and _is_below_black(plate):
        yield "no light below black: it is clipped"
    if without_sign and plate.nonfinite:
        yield "no NaN or infinity: black and white stand for them"
    if output.pixel_type == "half" and own != "half" and _is_beyond_half(result):
        yield f"no light beyond {_LARGEST_HALF}: it is cut there"


def _is_below_black(plate: Frame) -> bool:
    return plate.high_range and plate.encoding == "scene-linear" and bool((plate.pixels < -_GRAIN).any())


def _is_beyond_half(result: Frame) -> bool:
    beyond = np.abs(result.pixels) > _LARGEST_HALF
    return bool(beyond.any() and np.isfinite(result.pixels[beyond]).any())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
