"""Put plates and results side by side: ``python examples/sheet.py PLATES RESULTS... SHEET.jpg``.

PLATES and each RESULTS are folders of the same tree; the middle frame of each shot becomes a row.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, GAP = 1608, 8
"""Of the sheet, and between its pictures, in pixels."""


def shown(path: Path, width: int) -> NDArray[np.uint8]:
    """Read a picture, BGR, scaled to the width of the sheet's column."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise SystemExit(f"{path}: is no readable picture")
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def main(*columns: Path, sheet: Path) -> None:
    width = (WIDTH + GAP) // len(columns) - GAP
    rows: list[NDArray[np.uint8]] = []
    for shot in sorted(folder for folder in columns[-1].iterdir() if folder.is_dir()):
        frames = sorted(shot.iterdir())
        frame = frames[len(frames) // 2].relative_to(columns[-1])
        pictures = [shown(column / frame, width) for column in columns]
        gap = np.zeros((pictures[0].shape[0], GAP, 3), np.uint8)
        between = [part for picture in pictures for part in (gap, picture)]
        row = np.concatenate(between[1:], axis=1)
        rows += [np.zeros((GAP, row.shape[1], 3), np.uint8), row]
    if not rows:
        raise SystemExit(f"{columns[-1]}: holds no shots")
    cv2.imwrite(str(sheet), np.concatenate(rows[1:]), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:-1]), sheet=Path(sys.argv[-1]))
