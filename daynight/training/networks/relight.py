"""The relighting generator: a U-Net that sees the whole frame and predicts stops and emission.

It paints no pixels. For a plate x in scene-linear light it returns stops S and emitted light E, per pixel
and channel; the picture is ``y = x * 2^S + E``. The plate's detail and range survive
whatever the network does.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.training.networks.outputs import Translation

LIMIT: Final = 8.0
"""Largest number of stops that the network can predict, up or down."""

SIZE_MULTIPLE: Final = 64
"""Height and width of its input: six halvings."""

_OVER: Final = 0.05
"""How much of the logarithm of light above 1 the discriminators see."""

_WIDTHS: Final = (16, 32, 64, 96, 128, 128, 128)


class Relight(nn.Module):
    """U-Net to 1/64 of the frame, with replicate padding and bilinear up-sampling.

    Zero padding would reveal the frame's border, and transposed convolutions would print a dot pattern:
    both have been observed.

    Args:
        start: stops that it predicts before training: negative for a night network.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.stem = _conv(3, _WIDTHS[0])
        self.down = nn.ModuleList(
            nn.Sequential(_conv(wide, wider, stride=2), _conv(wider, wider))
            for wide, wider in pairwise(_WIDTHS)
        )
        self.up = nn.ModuleList(
            nn.Sequential(_conv(wider + wide, wide), _conv(wide, wide))
            for wide, wider in reversed(list(pairwise(_WIDTHS)))
        )
        self.head = nn.Conv2d(_WIDTHS[0], 6, 3, padding=1, padding_mode="replicate")
        nn.init.normal_(self.head.weight, std=0.01)
        if self.head.bias is not None:
            nn.init.zeros_(self.head.bias)
            nn.init.constant_(self.head.bias[:3], LIMIT * math.atanh(start / LIMIT))

    def forward(self, plate: Tensor) -> Translation:
        """Predict the maps of a plate.

        Args:
            plate: N×3×H×W, display-encoded in [-1, 1], H and W multiples of 64.

        Returns:
            Stops in (-8, 8) and emission ≥ 0 in scene-linear light, both N×3×H×W float32.
        """
        features = self.stem(plate)
        skips = []
        for halve in self.down:
            skips.append(features)
            features = halve(features)
        for join in self.up:
            skip = skips.pop()
            features = functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
            features = join(torch.cat([features, skip], dim=1))
        raw_stops, raw_emission = self.head(features).float().chunk(2, dim=1)
        stops = LIMIT * torch.tanh(raw_stops / LIMIT)
        # Not squared: a square's gradient vanishes near zero, and no lamp would ever light.
        emission = functional.softplus(2 * raw_emission - 5)
        return Translation(stops=stops, emission=emission)


def apply_maps(linear: Tensor, stops: Tensor, emission: Tensor) -> Tensor:
    """Apply the maps to a plate: y = x * 2^S + E, all N×3×H×W in scene-linear light."""
    return linear * torch.exp2(stops) + emission


def encode_display(linear: Tensor) -> Tensor:
    """Encode scene-linear light by the sRGB curve (IEC 61966-2-1), with a shoulder above 1.

    A clip has no gradient: a network that once burns a picture out never recovers (observed). So light
    x > 1 becomes ``1 + 0.05 ln x``: slightly more than any photograph contains, with a gradient per stop.
    """
    inside = linear.clamp(0, 1)
    curve = torch.where(
        inside <= 0.0031308, 12.92 * inside, 1.055 * inside.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    )
    return curve + _OVER * linear.clamp(min=1).log()


def decode_display(display: Tensor) -> Tensor:
    """Decode a photograph, display-encoded in [0, 1], to scene-linear light."""
    return torch.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    # PyTorch's own small initial weights: with He's, which keep the variance, the maps of an untrained
    # network move by stops at each step, and pictures burn out before the discriminators have learnt.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, padding_mode="replicate"), nn.LeakyReLU(0.2)
    )
