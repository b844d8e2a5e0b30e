"""A discriminator on frozen pretrained features, and one that sees colour.

Source: Sauer et al. 2021 (Projected GANs): features of a pretrained network are mixed by random frozen
convolutions, across channels and across scales, and a small head judges each scale. The pretrained network
is half blind to colour, so a plain discriminator looks at the picture itself, at half its size and an eighth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from daynight.training.networks.decoder import DEVIATION, doubled

_MIXED: Final = 48
"""Channels of the mixed features."""


class ProjectedDiscriminator(nn.Module):
    """Judges the features of a pretrained encoder at strides 4 to 32.

    Args:
        widths: channels of the encoder's features at strides 2 to 32.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.across_channels = nn.ModuleList(_frozen(width, 1) for width in widths[1:])
        self.across_scales = nn.ModuleList(_frozen(_MIXED, 3) for _ in widths[1:])
        self.heads = nn.ModuleList(_head(_MIXED) for _ in widths[1:])

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return a map of linear scores for each scale, from coarse to fine; 1 means real.

        Args:
            features: of the frozen encoder at strides 2 to 32; the first is not used.
        """
        scores, above = [], None
        for level in reversed(range(len(self.heads))):
            each = self.across_channels[level](features[level + 1] / DEVIATION)
            if above is not None:
                each = each + doubled(above)
            above = self.across_scales[level](each)
            scores.append(self.heads[level](above))
        return scores


class ColourDiscriminator(nn.Module):
    """Judges pictures N×3×H×W in [-1, 1] by small patches, at half and an eighth of their size."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = _patches()
        self.coarse = _patches()

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return a map of linear scores for each size; 1 means real."""
        half = functional.avg_pool2d(picture, 2)
        return [self.fine(half), self.coarse(functional.avg_pool2d(half, 4))]


def _frozen(inputs: int, kernel: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, _MIXED, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    return layer.requires_grad_(False)


def _head(width: int) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(width, 64, 3, padding=1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 1, 3, padding=1)),
    )


def _patches() -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(3, 32, 4, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(32, 64, 4, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 64, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 1, 3, 1, 1)),
    )
