"""Features of EfficientNet-Lite2, which judges alone: the bundled networks learned with Lite0's."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import torch

from daynight.errors import UsageError
from daynight.evaluation.formulas import Features
from daynight.frames.frame import Pixels
from daynight.training.networks.decoder import DEVIATION
from daynight.training.networks.efficientnet import pretrained

_SHORT_SIDE: Final = 288
_MULTIPLE: Final = 32
_SEEN: Final = slice(2, 4)
"""The maps at an eighth and a sixteenth of the size: the pooled last layer is too heavy-tailed."""


class Lite2:
    """EfficientNet-Lite2 on ImageNet's weights.

    Raises:
        UsageError: the package that holds the weights is not installed.
    """

    def __init__(self) -> None:
        self._network = pretrained("lite2")

    @classmethod
    def installed(cls) -> Lite2 | None:
        """Return the network, or ``None`` where its weights are not installed."""
        try:
            return cls()
        except UsageError:
            return None

    @torch.no_grad()
    def __call__(self, picture: Pixels) -> Features:
        """Return the mean and the deviation of each map, of a display-encoded picture H×W×3 in [0, 1]."""
        height, width = picture.shape[:2]
        scale = _SHORT_SIDE / min(height, width)
        size = [max(round(side * scale / _MULTIPLE), 1) * _MULTIPLE for side in (width, height)]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        whole = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)[np.newaxis])) * 2 - 1
        maps = [each[0].flatten(1) / DEVIATION for each in self._network(whole)[_SEEN]]  # C×hw each
        values = torch.cat([part for each in maps for part in (each.mean(dim=1), each.std(dim=1))])
        return np.asarray(values.double().numpy(), np.float64)
