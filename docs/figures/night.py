"""Draw one plate under each night look and some settings: ``python docs/figures/night.py OUT.jpg``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import daynight
from daynight.plates import read_frame

PLATE = Path(__file__).parents[2] / "examples/shots/city/city.1008.jpg"
CELLS: dict[str, tuple[str, list[str]]] = {
    "plate": ("passthrough", []),
    "night": ("night", []),
    "moonlight": ("moonlight", []),
    "blue-hour": ("blue-hour", []),
    "day-for-night": ("day-for-night", []),
    "ambient=2": ("night", ["night.ambient=2"]),
    "moon=4000": ("night", ["night.moon=4000"]),
    "saturation=1.2": ("night", ["night.saturation=1.2"]),
    "sun=0": ("night", ["night.sun=0"]),
    "sky_level=-4": ("night", ["night.sky_level=-4"]),
    "practicals=-1": ("night", ["night.practicals=-1"]),
    "practicals_on=false": ("night", ["night.practicals_on=false"]),
    "practicals_colour=5000": ("night", ["night.practicals_colour=5000"]),
    "lamps_on=false": ("night", ["night.lamps_on=false"]),
    "lit=0.3": ("night", ["night.lit=0.3"]),
    "seed=3": ("night", ["night.seed=3"]),
    "lamps_colour=2000": ("night", ["night.lamps_colour=2000"]),
    "glow=0.6": ("night", ["night.glow=0.6"]),
}
WIDTH, COLUMNS = 420, 3


def cell(name: str, look: str, settings: list[str], plate: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the plate under a look, small, with its name."""
    with daynight.open_look(look, settings=settings, device="cpu") as opened:
        result = opened(plate)
    height = round(WIDTH * plate.shape[0] / plate.shape[1])
    small = cv2.resize(result, (WIDTH, height), interpolation=cv2.INTER_AREA)
    for width, ink in ((3, (0, 0, 0)), (1, (255, 255, 255))):
        cv2.putText(small, name, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, ink, width, cv2.LINE_AA)
    return np.asarray(small, np.uint8)


def main() -> None:
    """Draw all cells."""
    plate = np.rint(read_frame(PLATE).image * 255).astype(np.uint8)
    cells = [cell(name, *spec, plate) for name, spec in CELLS.items()]
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    cv2.imwrite(sys.argv[1], np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


main()
