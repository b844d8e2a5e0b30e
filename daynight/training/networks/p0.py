"""The networks of P0: a generator of 1,813,987 parameters and a discriminator of 167,649.

Both have a bias in every convolution and no normalisation, so a pixel of the result depends only on the
pixels within :data:`RADIUS`, and tiles with that halo equal the whole frame.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from torch import Tensor, nn

from daynight.training.networks.outputs import Translation

Activation = Literal["linear", "sigmoid"]

SIZE_MULTIPLE: Final = 8
"""Height and width that the generator takes: three halvings."""

RADIUS: Final = 103
"""Pixels to each side that a pixel of the generator's result depends on, at most.

11 convolutions at 1/8 size make 88. The transposed convolutions with the last one reach up to 8 px to the
nearest cell of that grid, and a cell sees 7 px on each side through the first three convolutions.
"""

LEAST_SIDE: Final = 256
"""Height and width for which the discriminator returns one score: four convolutions of stride 4."""


class P0Generator(nn.Sequential):
    """Generator N×3×H×W → N×3×H×W, H and W multiples of 8, pictures display-encoded in [-1, 1].

    3x3 kernels, ReLU after every layer but the last. The table names no activation of the output, so there
    is none: values are unbounded, training brings them into the range of pictures, and they are clipped when
    shown or written. The table prints stride 2 for the fourth convolution; 1 is the only stride with which
    its own sizes agree.

    Source: P0 table I.
    """

    def __init__(self) -> None:
        super().__init__(
            _conv(3, 32, stride=2),  # 256x256x3 -> 128x128x32
            _conv(32, 64, stride=2),  # -> 64x64x64
            _conv(64, 128, stride=2),  # -> 32x32x128
            _conv(128, 128),
            *(P0Block(128) for _ in range(5)),
            _transposed(128, 64),  # -> 64x64x64
            _transposed(64, 32),  # -> 128x128x32
            _transposed(32, 16),  # -> 256x256x16
            nn.Conv2d(16, 3, 3, padding=1),  # -> 256x256x3
        )

    def forward(self, picture: Tensor) -> Translation:
        """Translate a picture."""
        picture = super().forward(picture)  # type: ignore[no-untyped-call]
        return Translation(picture)


class P0Block(nn.Module):
    """ResNet block N×C×H×W → N×C×H×W: ReLU(x + conv(ReLU(conv(x)))). Source: P0 table I."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Add the result of two convolutions to the features."""
        return nn.functional.relu(features + self.second(self.first(features)))


class P0Discriminator(nn.Sequential):
    """Discriminator N×3×H×W in [-1, 1] → scores N×1×⌊H/256⌋×⌊W/256⌋; 1 means real.

    The table prints "Softmax" at the end, which is constant on one unit, while the losses want a score in
    [0, 1]. With ``sigmoid``, that score, the discriminator may saturate: its loss falls towards 0, where the
    sigmoid has no gradient and the generator learns nothing. Some runs come back from there, some don't
    (docs/experiments.md). With ``linear`` the least-squares loss itself pulls scores to 0 and 1, and its
    gradient grows with the distance; so that's the default.

    Args:
        score: activation after the last convolution: nothing (``linear``), or a ``sigmoid``.

    Raises:
        ValueError: ``score`` is neither.

    Source: P0 table II.
    """

    def __init__(self, score: Activation = "linear") -> None:
        if score not in get_args(Activation):
            raise ValueError(f"score {score!r} is neither linear nor sigmoid")
        super().__init__(
            nn.Conv2d(3, 32, 4, 4),  # 256x256x3 -> 64x64x32
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, 4),  # -> 16x16x64
            nn.ReLU(),
            nn.Conv2d(64, 128, 4, 4),  # -> 4x4x128
            nn.ReLU(),
            nn.Conv2d(128, 1, 4, 4),  # -> 1x1x1
            *([nn.Sigmoid()] if score == "sigmoid" else []),
        )


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.ReLU())


def _transposed(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 3, 2, padding=1, output_padding=1), nn.ReLU())
