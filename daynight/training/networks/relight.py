"""The relighting generator: a U-Net that sees the whole frame and predicts stops and emission.

It paints no pixels. For a plate x in scene-linear light it gives, per pixel and channel, stops S and emitted
light E; the picture is ``y = x * 2^S + E``. So the plate's detail and range stay whatever the network does.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

LIMIT: Final = 8.0
"""Most stops that the network can give, either way."""

SIZE_MULTIPLE: Final = 64
"""Height and width of its input: six halvings."""

_OVER: Final = 0.05
"""How much of the logarithm of light above 1 the judges see."""

_WIDTHS: Final = (16, 32, 64, 96, 128, 128, 128)


class Relight(nn.Module):
    """U-Net to 1/64 of the frame, with replicate padding and bilinear up-sampling.

    Zero padding would give the frame's border away, and transposed convolutions would print a dot
    pattern: both were seen.

    Args:
        start: stops that it gives before training: negative for a night network.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.stem = _conv(3, _WIDTHS[0])
        self.down = nn.ModuleList(
            nn.Sequential(_conv(wide, wider, stride=2), _conv(wider, wider))
            for wide, wider in zip(_WIDTHS, _WIDTHS[1:], strict=False)
        )
        self.up = nn.ModuleList(
            nn.Sequential(_conv(wider + wide, wide), _conv(wide, wide))
            for wide, wider in reversed(list(zip(_WIDTHS, _WIDTHS[1:], strict=False)))
        )
        self.head = nn.Conv2d(_WIDTHS[0], 6, 3, padding=1, padding_mode="replicate")
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self._bias = math.atanh(start / LIMIT)

    def forward(self, plate: Tensor) -> tuple[Tensor, Tensor]:
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
        stops = LIMIT * torch.tanh(raw_stops / LIMIT + self._bias)
        # Not squared: a square's gradient vanishes near zero, and no lamp would ever light.
        emission = functional.softplus(2 * raw_emission - 5)
        return stops, emission


def relight(plate: Tensor, stops: Tensor, emission: Tensor) -> Tensor:
    """Apply the maps to a display-encoded plate, N×3×H×W: encode(decode(x) * 2^S + E)."""
    return encode_display(decode_display(plate) * torch.exp2(stops) + emission)


def encode_display(linear: Tensor) -> Tensor:
    """sRGB curve (IEC 61966-2-1) of scene-linear light ≥ 0.

    Light above 1 gives a little above 1, by a logarithm: a hard clip would leave a burnt-out picture
    without a gradient, and the network that made it could never come back.
    """
    below = linear.clamp(max=1)
    curve = torch.where(
        below <= 0.0031308, 12.92 * below, 1.055 * below.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    )
    return curve + _OVER * torch.log1p((linear - 1).clamp(min=0))


def decode_display(display: Tensor) -> Tensor:
    """Scene-linear light of a display-encoded picture; above 1 counts as 1."""
    display = display.clamp(max=1)
    return torch.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    # PyTorch's own small initial weights: with He's, which keep the variance, the maps of an untrained
    # network move by stops at each step, and the pictures burn out before the judges have an opinion.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, padding_mode="replicate"), nn.LeakyReLU(0.2)
    )
