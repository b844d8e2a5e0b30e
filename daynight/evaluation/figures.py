"""What is asked of an evaluation, and the figures that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from daynight.job import DeviceName

Target = Literal["night", "day"]
Kind = Literal["look", "baseline", "real"]


@dataclass(frozen=True)
class Asked:
    """What to evaluate."""

    plates: Path
    """Folder of plates, searched through."""
    to: str
    """The look."""
    judge: Path
    """Weights of the classifier."""
    out: Path
    """Folder for the report and for all that is converted."""
    converted: Path | None = None
    """Results that are there already, named like their plates."""
    real: Path | None = None
    """Folder of real photographs of the target."""
    sequences: Path | None = None
    """Folder of shots for flicker."""
    back: str | None = None
    """The look that leads back, for the cycle error."""
    target: Target | None = None
    """What results should read as; ``None``: as the look's model says."""
    limit: int | None = None
    """At most so many plates, and real photographs."""
    strong: bool = False
    """Whether to train a classifier of results against real photographs too."""
    inception: Path | None = None
    """Public Inception weights as safetensors, for FID and KID on them."""
    model: str | None = None
    """A model in the place of the look's."""
    settings: tuple[str, ...] = ()
    """Options of the chain."""
    device: DeviceName = "auto"
    """Where models run."""
    jobs: int | None = None
    """Processors to use; ``None``: all."""


@dataclass(frozen=True)
class Row:
    """Figures of one version of the plates; what was not taken is ``None``."""

    name: str
    kind: Kind
    pictures: int
    reads: float
    """Part of them that the judge reads as the target."""
    brightness: float
    """Mean display luma."""
    histogram: tuple[float, ...]
    """Shares of display luma in equal bins of [0, 1]."""
    kid: float | None = None
    """Squared kernel distance to the real photographs on the judge's features."""
    kid_error: float | None = None
    """Its standard error; the real photographs have no distance: how far apart halves of them lie."""
    kid_share: float | None = None
    """It, in parts of the best baseline's."""
    brightness_distance: float | None = None
    """Earth mover's distance of its histogram to the real photographs'."""
    gradient_correlation: float | None = None
    contrast_ssim: float | None = None
    difference: float | None = None
    """Mean absolute difference from the plates, display-encoded."""
    seam: float | None = None
    """At the borders of the look's tiles; ``None``: it has none."""
    strong_error: float | None = None
    """Error of the strong classifier; 0.5 is best."""
    fid: float | None = None
    """Fréchet distance to the real photographs on Inception features."""
    inception_kid: float | None = None
    """Squared kernel distance to the real photographs on Inception features."""
    inception_kid_error: float | None = None
    """As ``kid_error``."""


@dataclass(frozen=True)
class Flicker:
    """How steady one version of a shot is, beside its plates."""

    sequence: str
    frames: int
    name: str
    kind: Kind
    ratio: float | None
    """Flow-warped difference over the plates' own, levels matched."""
    unmatched: float | None
    """The same without matching levels."""
    pumping: float | None
    """Mean change of the mean level from frame to frame, relative."""
    difference: float | None
    """Flow-warped difference, in parts of the display range."""
    deviation: float
    level: float


@dataclass(frozen=True)
class Evaluation:
    """All figures of a look, and how they were taken."""

    look: str
    target: Target
    rows: tuple[Row, ...]
    flicker: tuple[Flicker, ...]
    cycle_error: float | None
    notes: tuple[str, ...]
    protocol: Mapping[str, Any]
    wipes: tuple[tuple[Path, Path], ...]
    """A few plates and their results."""
