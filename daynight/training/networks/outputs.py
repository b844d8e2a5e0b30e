"""What a generator returns, whichever network it is."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Translation(NamedTuple):
    """What a generator returns for a picture N×3×H×W: a picture, or maps that relight the plate."""

    picture: Tensor | None = None
    """N×3×H×W, display-encoded in [-1, 1] or slightly beyond; only of networks that return pixels."""
    stops: Tensor | None = None
    """N×3×H×W; only of networks that return maps."""
    emission: Tensor | None = None
    """N×3×H×W ≥ 0, in scene-linear light; only of networks that return maps."""
    logits: Tensor | None = None
    """N×2 logits of both auxiliary classifiers on the input; positive: of the source domain. Only of networks
    with attention."""
    heat: Tensor | None = None
    """N×1×h×w, ≥ 0: attention heat map; only of networks with attention."""
