"""Figures of single pictures and of sets of pictures, each a pure function with its formula.

Pictures are display-encoded luma H×W in [0, 1] unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.frames.tiling import TileLayout

Luma: TypeAlias = NDArray[np.float32]
Features: TypeAlias = NDArray[np.float64]

BINS: Final = 32
"""Bins of a brightness histogram."""

_WINDOW: Final = (11, 11)
_SIGMA: Final = 1.5
"""The Gaussian window of SSIM, in pixels (Wang et al. 2004)."""
_NOISE: Final = 1 / 255
"""Local deviation below which contrast counts as none: one level of 8 bits."""
_BRIGHT: Final = 200 / 255
_C2: Final = 0.03**2
"""SSIM's constant against division by nothing."""


def gradient_correlation(plate: Luma, result: Luma, where: NDArray[np.bool_] | None = None) -> float:
    """Correlate the differences of neighbouring pixels of both: ``corr(∇plate, ∇result)``.

    1: every edge and grain of the plate is there; 0: nothing of it; NaN: one of both is flat.

    Args:
        plate: H×W.
        result: likewise.
        where: pixels that count, H×W; ``None``: all.
    """
    counted = np.ones(plate.shape, bool) if where is None else where
    both = counted[1:] & counted[:-1], counted[:, 1:] & counted[:, :-1]
    steps = [
        np.concatenate([np.diff(p, axis=axis)[both[axis]] for axis in range(2)]).astype(np.float64)
        for p in (plate, result)
    ]
    first, second = (step - step.mean() for step in steps)
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale > 0 else float("nan")


def contrast_ssim(plate: Luma, result: Luma) -> float:
    """Compare local contrast, whatever the level and the strength of contrast: 1 where all of it is kept.

    Each picture is normalised by its local mean and deviation, ``n = (Y - G*Y) / (s + 1/255)`` with
    ``s² = G*Y² - (G*Y)²`` and G a Gaussian of 1.5 pixels; of both, the contrast-structure term of SSIM is
    averaged over the picture, ``(2 cov(n, m) + C2) / (var(n) + var(m) + C2)``, ``C2 = 0.03²``.
    """
    n, m = _normalised(plate), _normalised(result)
    mean_n, mean_m = _blurred(n), _blurred(m)
    covariance = _blurred(n * m) - mean_n * mean_m
    variances = _blurred(n * n) - mean_n**2 + _blurred(m * m) - mean_m**2
    return float(np.mean((2 * covariance + _C2) / (variances + _C2)))


def histogram(luma: Luma) -> NDArray[np.float64]:
    """Return the share of pixels in each of :data:`BINS` equal bins of [0, 1]."""
    counts, _ = np.histogram(np.clip(luma, 0, 1), bins=BINS, range=(0, 1))
    return np.asarray(counts / luma.size, np.float64)


def histogram_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """How far brightness must move to turn one histogram into the other, in parts of the display range.

    The earth mover's distance: ``Σ |F1 - F2| / BINS`` over the cumulative shares F.
    """
    return float(np.abs(np.cumsum(first) - np.cumsum(second)).sum() / BINS)


def bright_share(luma: Luma) -> float:
    """Return the share of pixels above 200 of 255: by night, lamps and what they light."""
    return float((luma > _BRIGHT).mean())


def mmd2(x: Features, y: Features) -> float:
    """Squared distance between the sets that x (m×d) and y (n×d) are drawn from, without bias.

    ``Σ_{i≠j} k(x_i, x_j) / m(m-1) + Σ_{i≠j} k(y_i, y_j) / n(n-1) - 2 Σ_{ij} k(x_i, y_j) / mn`` with
    ``k(a, b) = (a·b / d + 1)³``: the kernel distance KID (Bińkowski et al. 2018) on the features given.
    Without bias it may fall a little below 0 for sets that are alike.
    """
    m, n = len(x), len(y)
    within_x, within_y, between = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    return float(
        (within_x.sum() - np.trace(within_x)) / (m * (m - 1))
        + (within_y.sum() - np.trace(within_y)) / (n * (n - 1))
        - 2 * between.mean()
    )


def mmd2_error(x: Features, y: Features, *, subsets: int = 100, seed: int = 0) -> float:
    """Standard error of :func:`mmd2`: the deviation of its values on random halves of both sets.

    A half is drawn without putting back, so for a mean its deviation ``sqrt(s²/(n/2) · (1 - 1/2))`` is
    just the standard error ``sqrt(s²/n)`` of the whole set. For sets that are alike it is rather too large.
    """
    random = np.random.default_rng(seed)
    values = [mmd2(_half(x, random)[0], _half(y, random)[0]) for _ in range(subsets)]
    return float(np.std(values, ddof=1))


def mmd2_of_halves(x: Features, *, subsets: int = 100, seed: int = 0) -> float:
    """Deviation of :func:`mmd2` between random halves of one set: how far from 0 like sets come out.

    Its mean says nothing: over all ways to halve a set it is 0, whatever the set.
    """
    random = np.random.default_rng(seed)
    return float(np.std([mmd2(*_half(x, random)) for _ in range(subsets)], ddof=1))


def frechet(x: Features, y: Features) -> float:
    """Squared Fréchet distance between normal distributions fitted to x (m×d) and y (n×d).

    ``|μx - μy|² + tr Σx + tr Σy - 2 tr (Σx Σy)^½``: FID on the features given (Heusel et al. 2017). With
    centred features X and Y over √(m-1) and √(n-1), the last trace is the sum of the singular values of
    ``X Yᵀ``: a matrix of m×n, where the covariances are of d×d. Biased: the fewer the pictures, the larger.
    """
    means = x.mean(axis=0), y.mean(axis=0)
    first, second = ((side - mean) / np.sqrt(len(side) - 1) for side, mean in zip((x, y), means, strict=True))
    offset = means[0] - means[1]
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    return float(offset @ offset + (first**2).sum() + (second**2).sum() - 2 * shared)


def seam(luma: Luma, rows: Sequence[int], columns: Sequence[int]) -> float:
    """Mean absolute second difference across tile borders, over the same away from them.

    ``|Y[i-1] - 2 Y[i] + Y[i+1]|`` across the border, for the two pixels on either side of it; 1: no seam is
    seen; NaN: no border lies inside the picture, or the picture is flat away from them.

    Args:
        luma: the picture.
        rows: first row below each border.
        columns: first column right of each border.
    """
    at, away = [], []
    for picture, borders in ((luma, rows), (luma.T, columns)):
        bent = np.abs(picture[:-2] - 2 * picture[1:-1] + picture[2:])  # bent[i] is centred on row i + 1
        beside = np.zeros(len(bent), bool)
        for border in borders:
            beside[[row for row in (border - 2, border - 1) if 0 <= row < len(bent)]] = True
        if beside.any():
            at.append(bent[beside].ravel())
            away.append(bent[~beside].ravel())
    if not at:
        return float("nan")
    usual = np.concatenate(away).mean(dtype=np.float64)
    return float(np.concatenate(at).mean(dtype=np.float64) / usual) if usual > 0 else float("nan")


def borders(layout: TileLayout) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first rows and columns after tiles' borders: where cores meet, or blends are half done."""
    return (
        tuple(top + layout.halo for top in layout.tops[1:]),
        tuple(left + layout.halo for left in layout.lefts[1:]),
    )


def _normalised(luma: Luma) -> NDArray[np.float64]:
    wide = luma.astype(np.float64)
    mean = _blurred(wide)
    deviation = np.sqrt(np.maximum(_blurred(wide * wide) - mean**2, 0))
    return np.asarray((wide - mean) / (deviation + _NOISE), np.float64)


def _blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, _WINDOW, _SIGMA), np.float64)


def _kernel(x: Features, y: Features) -> NDArray[np.float64]:
    return np.asarray((x @ y.T / x.shape[1] + 1) ** 3, np.float64)


def _half(x: Features, random: np.random.Generator) -> tuple[Features, Features]:
    """Deal a set into two random halves."""
    order = random.permutation(len(x))
    return x[order[: len(x) // 2]], x[order[len(x) // 2 :]]
