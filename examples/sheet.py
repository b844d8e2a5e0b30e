"""Put plates and results side by side: ``python examples/sheet.py BEFORE AFTER SHEET.jpg``.

BEFORE and AFTER are two folders of the same tree; the middle frame of each shot becomes a row.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, GAP = 800, 8


def shown(path: Path) -> NDArray[np.uint8]:
    """Read a picture, BGR, scaled to the sheet's column."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise SystemExit(f"{path}: is no readable picture")
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    return np.asarray(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def main(before: Path, after: Path, sheet: Path) -> None:
    rows = []
    for shot in sorted(folder for folder in after.iterdir() if folder.is_dir()):
        frames = sorted(shot.iterdir())
        result = frames[len(frames) // 2]
        pair = [shown(before / result.relative_to(after)), shown(result)]
        gap = np.zeros((pair[0].shape[0], GAP, 3), np.uint8)
        rows.append(np.concatenate([pair[0], gap, pair[1]], axis=1))
        rows.append(np.zeros((GAP, rows[-1].shape[1], 3), np.uint8))
    if not rows:
        raise SystemExit(f"{after}: holds no shots")
    cv2.imwrite(str(sheet), np.concatenate(rows[:-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
