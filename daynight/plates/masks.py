"""Masks: where a look applies. One file for all frames, a sequence, or a channel of the plates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from daynight.errors import DaynightError, PlateError, UsageError
from daynight.frames.frame import Frame, Plane
from daynight.frames.plate import Window
from daynight.plates import EXTENSIONS, LIMITS, Limits, channel_of, read_matte
from daynight.plates.sequences import discover

_WILDCARDS: Final = frozenset("#%@")


class Masks:
    """Finds each plate's mask: white is changed, black is not.

    Args:
        source: an image, a pattern such as ``matte.####.exr``, or a channel or layer of the plates.
        limits: what a mask's header may claim.

    Raises:
        UsageError: the file or sequence does not exist, or there are several.
    """

    def __init__(self, source: str, limits: Limits = LIMITS) -> None:
        self._source = source
        self._limits = limits
        self._paths: dict[int | None, Path] = {}
        if _is_file(source):
            self._paths = _sequence(source)
        # One image is for all frames; a pattern with only one file so far is not.
        self._single = (
            Path(source) if len(self._paths) == 1 and Path(source) in self._paths.values() else None
        )
        self._last: tuple[Path, tuple[Plane, Window, Window]] | None = None

    def of(self, plate: Frame) -> Plane:
        """Return a plate's mask, H×W float32, on the plate's data window; its values as in the mask's file.

        Raises:
            PlateError: it has none, or one of another size.
        """
        if not self._paths:
            return channel_of(plate, self._source)
        path = self._single or self._paths.get(_number(plate))
        if path is None:
            raise PlateError(
                plate.source or "frame", f"has no mask of its number in {self._source}", "render the mask"
            )
        last = self._last
        matte = last[1] if last and last[0] == path else read_matte(path, limits=self._limits)
        self._last = (path, matte)
        return _on_plate(*matte, plate, path)


def _number(plate: Frame) -> int | None:
    """Return a plate's frame number; of a single file, as a farm converts it, the last number in its name."""
    if plate.number is not None or plate.source is None:
        return plate.number
    number = re.search(r"-?\d+$", plate.source.stem)
    return int(number[0]) if number else None


def _is_file(source: str) -> bool:
    path = Path(source)
    return path.suffix.lower() in EXTENSIONS or bool(_WILDCARDS & set(path.name)) or path.exists()


def _sequence(source: str) -> dict[int | None, Path]:
    faults: list[DaynightError] = []
    try:
        shots = discover(Path(source), EXTENSIONS, on_fault=faults.append)
    except UsageError as error:
        shots, faults = [], [error]
    if faults or len(shots) != 1:
        fault = faults[0].fault if faults else f"holds {len(shots)} sequences"
        raise UsageError(f"`mask={source}`", fault, "give one image, or a pattern like matte.####.exr")
    return dict(shots[0].frames)


def _on_plate(plane: Plane, data: Window, display: Window, plate: Frame, path: Path) -> Plane:
    """Return a matte on a plate's data window, display window on display window; black outside the matte."""
    shown = plate.picture_window
    if (display.width, display.height) != (shown.width, shown.height):
        own, wanted = f"{display.width}x{display.height}", f"{shown.width}x{shown.height}"
        raise PlateError(path, f"is a mask of {own} for a plate of {wanted}", "render it at the plate's size")
    return data.moved(display, shown).aligned(plane, plate.window)
