"""Between float32 and the pixel types of files."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DTYPES: Final[dict[str, type[np.generic]]] = {
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint": np.uint32,
    "half": np.float16,
    "float": np.float32,
}
"""Pixel types that are read and written without conversion, by OpenImageIO's names."""

_LARGEST_HALF: Final = np.float32(65504)
_TILE: Final = 256
"""Side of the square of dither noise, in pixels."""


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return floats as float32, and unsigned integers as float32 in [0, 1]; always a new array."""
    if values.dtype.kind == "u":
        scale = np.float32(1 / np.iinfo(values.dtype).max)
        return np.asarray(np.multiply(values, scale, dtype=np.float32))
    return values.astype(np.float32)


def quantise(
    values: NDArray[np.float32], pixel_type: str, *, bits: int = 0, dither: int | None = None
) -> NDArray[Any]:
    """Return float32 as a file's pixel type: the exact inverse of :func:`as_float`.

    Args:
        values: of any shape; for integers [0, 1], and clipped to it.
        pixel_type: a name of :data:`DTYPES`.
        bits: significant bits of an integer, if fewer than its type has (10 or 12 in ``uint16``): code values
            of so many bits, spread over the type's whole range as OpenImageIO expects them.
        dither: seed of noise of half a code value either way, against banding in dark gradients; values
            must then be H×W×C. Exact code values are not changed by it. ``None``: round to the nearest code
            value.

    Returns:
        An array of the same shape. Finite values beyond the range of half are clipped to it: 65504.
    """
    if pixel_type == "float":
        return values
    if pixel_type == "half":
        return _as_half(values)
    dtype = np.dtype(DTYPES[pixel_type])
    type_bits = dtype.itemsize * 8
    bits = bits or type_bits
    white = 2**bits - 1
    codes = np.multiply(values, np.float32(white))  # a new array, in which the lines below work
    if dither is not None:
        _add_noise(codes, dither)
    np.rint(codes, out=codes)
    np.clip(codes, 0, white, out=codes)
    np.nan_to_num(codes, copy=False, nan=0.0)
    integers: NDArray[Any] = codes.astype(dtype)
    spare = type_bits - bits
    if not spare:
        return integers
    return np.asarray((integers << spare) | (integers >> (bits - spare)), dtype)


def _as_half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore", invalid="ignore"):
        half: NDArray[np.float16] = values.astype(np.float16)
    beyond = np.isinf(half)
    if beyond.any():
        beyond &= np.isfinite(values)
        half[beyond] = np.copysign(_LARGEST_HALF, values[beyond]).astype(np.float16)
    return half


def _add_noise(codes: NDArray[np.float32], seed: int) -> None:
    """Add noise in (-0.5, 0.5) to code values H×W×C, in place; the same noise for the same seed."""
    random = np.random.default_rng(seed)
    noise = random.random((_TILE, _TILE, codes.shape[2]), np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(0.998)  # less than half: an exact code value must round to itself
    for top in range(0, codes.shape[0], _TILE):
        for left in range(0, codes.shape[1], _TILE):
            square = codes[top : top + _TILE, left : left + _TILE]
            down, along = random.integers(0, _TILE, 2)
            square += np.roll(noise, (down, along), (0, 1))[: square.shape[0], : square.shape[1]]
