"""Between float32 and the numbers that files hold."""

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
"""Pixel types that are read and written as they stand, by OpenImageIO's names."""

_LARGEST_HALF: Final = np.float32(65504)
_TILE: Final = 256
"""Side of the square of noise that dithers a picture, in pixels."""


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return floats as float32, and unsigned integers as float32 in [0, 1]; always a new array."""
    if values.dtype.kind == "u":
        scale = np.float32(1 / np.iinfo(values.dtype).max)
        return np.asarray(np.multiply(values, scale, dtype=np.float32))
    return values.astype(np.float32)


def as_kind(
    values: NDArray[np.float32], kind: str, *, bits: int = 0, dither: int | None = None
) -> NDArray[Any]:
    """Return float32 as a file's own numbers: the inverse of :func:`as_float`, and exact for what it gave.

    Args:
        values: integers' levels as [0, 1]; clipped to it.
        kind: a name of :data:`DTYPES`.
        bits: of an integer that holds fewer than its type could (10 and 12 bits in 16): these levels only,
            spread over the type's whole range, as OpenImageIO wants them.
        dither: a seed: noise of half a level either way, so that dark gradients don't band. What stands on a
            level stays on it. ``None``: round to the nearest level.

    Returns:
        An array of the same shape. Light beyond the largest half float is that, not infinite.
    """
    if kind == "float":
        return values
    if kind == "half":
        return _as_half(values)
    dtype = np.dtype(DTYPES[kind])
    held = dtype.itemsize * 8
    bits = bits or held
    whitest = 2**bits - 1
    levels = np.multiply(values, np.float32(whitest))  # a new array; the others below work in it
    if dither is not None:
        _add_noise(levels, dither)
    np.rint(levels, out=levels)
    np.clip(levels, 0, whitest, out=levels)
    np.nan_to_num(levels, copy=False, nan=0.0)
    codes: NDArray[Any] = levels.astype(dtype)
    spare = held - bits
    if not spare:
        return codes
    return np.asarray((codes << spare) | (codes >> (bits - spare)), dtype)


def _as_half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore", invalid="ignore"):
        half: NDArray[np.float16] = values.astype(np.float16)
    beyond = np.isinf(half)
    if beyond.any():
        beyond &= np.isfinite(values)
        half[beyond] = np.copysign(_LARGEST_HALF, values[beyond]).astype(np.float16)
    return half


def _add_noise(levels: NDArray[np.float32], seed: int) -> None:
    """Add noise in (-0.5, 0.5) to an array H×W×C, the same for the same seed."""
    random = np.random.default_rng(seed)
    noise = random.random((_TILE, _TILE, levels.shape[2]), np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(0.998)  # never a whole half: a value that stands on a level must stay there
    for top in range(0, levels.shape[0], _TILE):
        for left in range(0, levels.shape[1], _TILE):
            square = levels[top : top + _TILE, left : left + _TILE]
            down, along = random.integers(0, _TILE, 2)
            square += np.roll(noise, (down, along), (0, 1))[: square.shape[0], : square.shape[1]]
