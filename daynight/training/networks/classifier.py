"""A small classifier: whether a picture reads as night."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from torch import Tensor, nn
from torch.nn import functional

SIZE: Final = (128, 192)
"""Height and width at which it sees a whole frame."""


class Classifier(nn.Module):
    """Five convolutions of stride 2, a spatial mean and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 96, 96)
        layers: list[nn.Module] = []
        for wide, wider in pairwise(widths):
            layers += [nn.Conv2d(wide, wider, 3, 2, 1), nn.BatchNorm2d(wider), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Score pictures N×3×H×W, display-encoded in [0, 1]: N values, above 0 for night."""
        small = functional.interpolate(picture, size=SIZE, mode="bilinear", antialias=True)
        features: Tensor = self.features(small * 2 - 1).mean(dim=(2, 3))  # (N, 96)
        score: Tensor = self.score(features)  # (N, 1)
        return score.squeeze(1)
