"""Discriminators: networks that score whether a picture is a photograph, at several scales."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class MultiScaleDiscriminator(nn.Module):
    """Patch discriminators at full and half size, and one that sees only the layout of light.

    The patch discriminators normalise each instance, which keeps them in balance with the generator but
    hides the overall brightness from them. The third has no such norm and looks at 1/8 of the size.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fine = _patch_discriminator()
        self.coarse = _patch_discriminator()
        self.layout = _layout_discriminator()

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Score a picture N×3×H×W in [-1, 1]: one map of linear scores per scale; 1 means real."""
        half = functional.avg_pool2d(picture, 2)
        eighth = functional.avg_pool2d(half, 4)
        return [self.fine(picture).float(), self.coarse(half).float(), self.layout(eighth).float()]


def _patch_discriminator() -> nn.Sequential:
    """Score patches of 46 px: three convs of stride 2 and one of stride 1, after P1's local discriminator."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 2, 1),
        nn.InstanceNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, 2, 1),
        nn.InstanceNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Conv2d(128, 1, 4, 1, 1),
    )


def _layout_discriminator() -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(3, 32, 3, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(32, 64, 3, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 64, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 1, 3, 1, 1)),
    )
