"""What a generator returns, whichever network it is."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Translation(NamedTuple):
    """What a network returns for a picture N×3×H×W: a picture, maps that relight it, or what it shows."""

    picture: Tensor | None = None
    """N×3×H×W, display-encoded in [-1, 1] or slightly beyond; only of networks that return pixels."""
    stops: Tensor | None = None
    """N×3×H×W; only of networks that return maps."""
    emission: Tensor | None = None
    """N×3×H×W ≥ 0, in scene-linear light; only of networks that return maps."""
    mattes: Tensor | None = None
    """N×8×H×W in [0, 1], :data:`daynight.models.scene.MATTES`; only of a scene network."""
    lights: Tensor | None = None
    """N×11×H×W, :data:`daynight.models.lights.MAPS`; only of a light network."""
    logits: Tensor | None = None
    """N×2 logits of both auxiliary classifiers on the input; positive: of the source domain. Only of networks
    with attention."""
    heat: Tensor | None = None
    """N×1×h×w, ≥ 0: attention heat map; only of networks with attention."""
