"""What a generator returns, whichever network it is."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Translation(NamedTuple):
    """What a generator makes of a picture N×3×H×W: a picture, or maps to relight the plate by."""

    picture: Tensor | None = None
    """N×3×H×W, display-encoded in [-1, 1] and perhaps a little beyond; of networks that give pixels."""
    stops: Tensor | None = None
    """N×3×H×W; of networks that give maps."""
    emission: Tensor | None = None
    """N×3×H×W ≥ 0, in scene-linear light; of networks that give maps."""
    logits: Tensor | None = None
    """N×2: what both auxiliary classifiers make of the input; positive: of the source domain. Of networks
    that attend."""
    heat: Tensor | None = None
    """N×1×h×w, ≥ 0: where the network looks; of networks that attend."""
