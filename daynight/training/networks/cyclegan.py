"""The well-known cycle GAN, P1's baseline: 11,378,179 parameters a generator, 2,764,737 a discriminator.

Layers are named as its authors name them: ``c7s1-k`` is a 7x7 convolution of stride 1 to k channels, ``dk``
halves by a 3x3 convolution of stride 2, ``Rk`` is a residual block, ``uk`` doubles by a transposed
convolution. Instance norm sees the whole picture: the generator has no receptive-field radius, and tiles of a
frame differ from the frame.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

from daynight.training.networks.outputs import Translation

SIZE_MULTIPLE: Final = 4
"""Height and width that the generator takes: two halvings."""

LEAST_SIDE: Final = 24
"""Height and width for which the discriminator returns one score."""


class CycleGanGenerator(nn.Sequential):
    """Generator N×3×H×W → N×3×H×W, H and W multiples of 4, pictures display-encoded in [-1, 1].

    A bias in every convolution, instance norm without parameters, reflection padding, tanh at the end.

    Args:
        blocks: residual blocks; 9 for pictures of 256 px and more.

    Source: P1, baseline; Zhu et al. 2017, appendix 7.2.
    """

    def __init__(self, blocks: int = 9) -> None:
        super().__init__(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, 64, 7),  # c7s1-64: (N, 64, H, W)
            *_normed(64),
            nn.Conv2d(64, 128, 3, 2, padding=1),  # d128: (N, 128, H/2, W/2)
            *_normed(128),
            nn.Conv2d(128, 256, 3, 2, padding=1),  # d256: (N, 256, H/4, W/4)
            *_normed(256),
            *(ResidualBlock(256, bias=True) for _ in range(blocks)),  # R256
            nn.ConvTranspose2d(256, 128, 3, 2, padding=1, output_padding=1),  # u128: (N, 128, H/2, W/2)
            *_normed(128),
            nn.ConvTranspose2d(128, 64, 3, 2, padding=1, output_padding=1),  # u64: (N, 64, H, W)
            *_normed(64),
            nn.ReflectionPad2d(3),
            nn.Conv2d(64, 3, 7),  # c7s1-3: (N, 3, H, W)
            nn.Tanh(),
        )

    def forward(self, picture: Tensor) -> Translation:
        """Translate a picture."""
        picture = super().forward(picture)  # type: ignore[no-untyped-call]
        return Translation(picture)


class ResidualBlock(nn.Module):
    """Residual block N×C×H×W → N×C×H×W: x + IN(conv(ReLU(IN(conv(x))))), 3x3, reflection padding."""

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            *_normed(channels),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Add the result of two convolutions to the features."""
        change: Tensor = self.change(features)
        return features + change


class PatchDiscriminator(nn.Sequential):
    """Discriminator N×3×H×W in [-1, 1] → linear scores N×1×(H/8-2)×(W/8-2), rounded down; 1 means real.

    Each score is of a patch of 70x70 px. 4x4 kernels, leaky ReLU of slope 0.2.

    Source: P1, baseline; Zhu et al. 2017, appendix 7.2 (C64-C128-C256-C512).
    """

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 64, 4, 2, padding=1),  # C64, without norm: (N, 64, H/2, W/2)
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, 2, padding=1),  # C128: (N, 128, H/4, W/4)
            nn.InstanceNorm2d(128),
            nn.LeakyReLU(0.2),
            nn.Conv2d(128, 256, 4, 2, padding=1),  # C256: (N, 256, H/8, W/8)
            nn.InstanceNorm2d(256),
            nn.LeakyReLU(0.2),
            nn.Conv2d(256, 512, 4, 1, padding=1),  # C512: (N, 512, H/8-1, W/8-1)
            nn.InstanceNorm2d(512),
            nn.LeakyReLU(0.2),
            nn.Conv2d(512, 1, 4, 1, padding=1),  # (N, 1, H/8-2, W/8-2)
        )


def _normed(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(channels), nn.ReLU()
