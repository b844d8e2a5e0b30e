"""Make a plate out of one photograph: a slow camera move, one JPEG a frame.

    python examples/make_shots.py PHOTO OUT_DIR --name street --frames 14 --start x,y,w --end x,y,w

A window of the photograph is what the camera sees: x,y is its top left corner and w its width, in pixels of
the photograph; its height follows from the frame's shape. The window goes from --start to --end at constant
speed. Positions are sub-pixel: each frame is sampled with Lanczos on a grid that is at least as fine as the
photograph, then averaged over each pixel's area, so that nothing shimmers as the camera moves.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Window = tuple[float, float, float]
Image = NDArray[np.uint8]


def window(text: str) -> Window:
    """Read ``x,y,w``, a window's top left corner and its width."""
    x, y, w = (float(part) for part in text.split(","))
    if w <= 0:
        raise ValueError("the window's width must be above 0")
    return x, y, w


def frame(photo: Image, view: Window, width: int, height: int) -> Image:
    """What the camera sees through ``view``, as ``width`` x ``height`` pixels."""
    x, y, w = view
    if x < 0 or y < 0 or x + w > photo.shape[1] or y + w * height / width > photo.shape[0]:
        raise SystemExit(f"the window {view} leaves the photograph, {photo.shape[1]} x {photo.shape[0]}")
    fine = max(1, math.ceil(w / width))  # samples a pixel, each way
    step = w / (width * fine)  # pixels of the photograph from one sample to the next
    to_photo = np.array([[step, 0, x + step / 2 - 0.5], [0, step, y + step / 2 - 0.5]])
    samples = cv2.warpAffine(
        photo,
        to_photo,
        (width * fine, height * fine),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        samples = cv2.resize(samples, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(samples, dtype=np.uint8)


def main() -> None:
    """Write the frames of the move, numbered from --first."""
    parser = argparse.ArgumentParser(description="Make a plate out of one photograph.")
    parser.add_argument("photo", type=Path, help="the photograph")
    parser.add_argument("out_dir", type=Path, help="the folder for the frames")
    parser.add_argument("--name", required=True, help="the shot's name: NAME.1001.jpg and so on")
    parser.add_argument("--frames", type=int, default=14, help="how many frames")
    parser.add_argument("--first", type=int, default=1001, help="the first frame's number")
    parser.add_argument("--start", type=window, required=True, metavar="x,y,w", help="the first window")
    parser.add_argument("--end", type=window, required=True, metavar="x,y,w", help="the last window")
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 720), metavar=("W", "H"))
    parser.add_argument("--quality", type=int, default=87, help="JPEG quality, 0 to 100")
    args = parser.parse_args()
    photo = cv2.imread(str(args.photo), cv2.IMREAD_COLOR)
    if photo is None:
        raise SystemExit(f"no photograph that can be read: {args.photo}")
    args.out_dir.mkdir(parents=True, exist_ok=True)
    for k in range(args.frames):
        t = k / max(1, args.frames - 1)
        x, y, w = (a + (b - a) * t for a, b in zip(args.start, args.end, strict=True))
        path = args.out_dir / f"{args.name}.{args.first + k:04d}.jpg"
        flags = [cv2.IMWRITE_JPEG_QUALITY, args.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        if not cv2.imwrite(str(path), frame(np.asarray(photo, dtype=np.uint8), (x, y, w), *args.size), flags):
            raise SystemExit(f"could not write {path}")


if __name__ == "__main__":
    main()
