"""The decoder of a pretrained encoder: from its coarsest features back to half the frame's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

DEVIATION: Final = 6.0
"""Standard deviation of EfficientNet-Lite0's features, which is much the same at every stride (4 to 9)."""


class Decoder(nn.Module):
    """Joins features from coarse to fine; bilinear up-sampling and replicate padding leave no dots or rims.

    Args:
        inputs: channels of the encoder's features, from fine to coarse.
        widths: channels of its own, likewise.
    """

    def __init__(self, inputs: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.deepest = conv(inputs[-1], widths[-1], kernel=1)
        self.context = conv(widths[-1], widths[-1])
        self.joins = nn.ModuleList(
            conv(widths[level + 1] + inputs[level], widths[level])
            for level in reversed(range(len(inputs) - 1))
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return its own features, from fine to coarse.

        Args:
            features: of the encoder, from fine to coarse; each is half as large as the one before.
        """
        scaled = [each / DEVIATION for each in features]
        own = [self.context(self.deepest(scaled.pop()))]
        for join in self.joins:
            own.append(join(torch.cat([doubled(own[-1]), scaled.pop()], dim=1)))
        return own[::-1]


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """Return a convolution that keeps the size, with a leaky ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="replicate")
    nn.init.kaiming_normal_(layer.weight, a=0.1)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return nn.Sequential(layer, nn.LeakyReLU(0.1))


def doubled(features: Tensor) -> Tensor:
    """Return features N×C×H×W at twice the size."""
    return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
