"""The attention networks of P1, after U-GAT-IT in its light form (Kim et al. 2020), with 4 residual blocks.

The generator has 10,589,888 parameters (P1: 10.59 M), the global discriminator 53,130,176 (P1: 53.13 M) and
the local one 3,290,560. All see the whole picture, by instance norm or by attention: there is no
receptive-field radius, and tiles of a frame differ from the frame.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from daynight.training.networks.cyclegan import ResidualBlock
from daynight.training.networks.outputs import Translation

SIZE_MULTIPLE: Final = 4
"""Height and width that the generator takes: two halvings."""

LEAST_SIDE: Final = 96
"""Height and width for which the global discriminator returns one score: five halvings, and 2 lost."""

_WIDTH: Final = 64
_SLOPE: Final = 0.2


class AttentionScores(NamedTuple):
    """What a discriminator returns."""

    scores: Tensor
    """N×1×h×w, linear; 1 means real."""
    logits: Tensor
    """N×2 outputs of both auxiliary classifiers on the whole picture; 1 means real."""
    heat: Tensor
    """N×1×h×w attention heat map; its scale is arbitrary."""


class AttentionGenerator(nn.Module):
    """Generator of pictures N×3×H×W, display-encoded in [-1, 1], H and W multiples of 4.

    Down-sampling, residual blocks, class activation map, decoder blocks with AdaLIN, up-sampling by nearest
    neighbour. Only the convolution that joins both maps has a bias: a norm follows all others but the last.

    Args:
        blocks: residual blocks, and as many decoder blocks.

    Source: P1, modified model; U-GAT-IT appendix, light form.
    """

    def __init__(self, blocks: int = 4) -> None:
        super().__init__()
        wide = 4 * _WIDTH
        self.down = nn.Sequential(
            *_down(3, _WIDTH, kernel=7),  # (N, 64, H, W)
            *_down(_WIDTH, 2 * _WIDTH, stride=2),  # (N, 128, H/2, W/2)
            *_down(2 * _WIDTH, wide, stride=2),  # (N, 256, H/4, W/4)
        )
        self.encoder = nn.Sequential(*(ResidualBlock(wide, bias=False) for _ in range(blocks)))
        self.attention = ClassActivationMap(wide)
        self.join = nn.Sequential(nn.Conv2d(2 * wide, wide, 1), nn.ReLU())
        self.style = nn.Sequential(
            nn.Linear(wide, wide, bias=False), nn.ReLU(), nn.Linear(wide, wide, bias=False), nn.ReLU()
        )
        self.gamma = nn.Linear(wide, wide, bias=False)
        self.beta = nn.Linear(wide, wide, bias=False)
        self.decoder = nn.ModuleList(AdaLinBlock(wide) for _ in range(blocks))
        self.up = nn.Sequential(
            *_up(wide, 2 * _WIDTH),  # (N, 128, H/2, W/2)
            *_up(2 * _WIDTH, _WIDTH),  # (N, 64, H, W)
            nn.ReflectionPad2d(3),
            nn.Conv2d(_WIDTH, 3, 7, bias=False),
            nn.Tanh(),
        )

    def forward(self, picture: Tensor) -> Translation:
        """Translate a picture; the result includes logits and heat map."""
        features = self.encoder(self.down(picture))  # (N, 256, H/4, W/4)
        maps, logits = self.attention(features)
        features = self.join(maps)
        # Light form: the fully connected layers see each channel's mean, not every position of it.
        style = self.style(features.mean(dim=(2, 3)))  # (N, 256)
        gamma, beta = self.gamma(style), self.beta(style)
        heat = features.sum(dim=1, keepdim=True)
        for block in self.decoder:
            features = block(features, gamma, beta)
        return Translation(self.up(features), logits=logits, heat=heat)

    @torch.no_grad()
    def clip_rho(self) -> None:
        """Clip every rho of AdaLIN and LIN to [0, 1]; call it after each step. Source: P1."""
        for module in self.modules():
            if isinstance(module, (AdaLin, Lin)):
                module.rho.clamp_(0, 1)


class AttentionDiscriminator(nn.Module):
    """Discriminator of pictures N×3×H×W in [-1, 1], with spectral norm, leaky ReLU and attention of its own.

    4x4 convolutions: ``layers - 3`` that halve and one that doesn't, then attention and the last one. As in
    U-GAT-IT, every weight but that of the 1x1 convolution that joins both maps has spectral norm.

    Args:
        layers: convolutions as P1 counts them, the 1x1 among them. 7: global, features see 190 px before the
            last one, scores are (H/32-2)×(W/32-2). 5: local, 46 px, (H/8-2)×(W/8-2). Rounded down.

    Source: P1, modified model; U-GAT-IT appendix.
    """

    def __init__(self, layers: int) -> None:
        super().__init__()
        widths = [3, *(_WIDTH * 2**n for n in range(layers - 1))]  # global: 3, 64, 128, ... 2048
        steps = list(pairwise(widths))
        self.features = nn.Sequential(
            *(_halving(inputs, outputs, stride=2) for inputs, outputs in steps[:-1]),
            _halving(*steps[-1], stride=1),
        )
        self.attention = ClassActivationMap(widths[-1], bounded=True)
        self.join = nn.Sequential(nn.Conv2d(2 * widths[-1], widths[-1], 1), nn.LeakyReLU(_SLOPE))
        self.score = nn.Sequential(
            nn.ReflectionPad2d(1), spectral_norm(nn.Conv2d(widths[-1], 1, 4, bias=False))
        )

    def forward(self, picture: Tensor) -> AttentionScores:
        """Return scores per position, logits of the whole picture, and the heat map."""
        maps, logits = self.attention(self.features(picture))
        features = self.join(maps)
        return AttentionScores(self.score(features), logits, features.sum(dim=1, keepdim=True))


class ClassActivationMap(nn.Module):
    """Auxiliary classifiers on pooled features, whose weights scale the features (CAM).

    One sees each channel's mean, the other its largest value: ``logit = w · pool(x)``, ``map = w * x``.

    Args:
        channels: of the features.
        bounded: whether the weights have spectral norm.

    Source: P1; U-GAT-IT section 2.1.
    """

    def __init__(self, channels: int, *, bounded: bool = False) -> None:
        super().__init__()
        self.mean, self.largest = _classifier(channels, bounded), _classifier(channels, bounded)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return both maps, N×2C×h×w, and both logits, N×2, of features N×C×h×w."""
        mean, largest = self.mean.weight, self.largest.weight  # (1, C); with spectral norm, made here once
        logits = torch.cat(
            [
                functional.linear(features.mean(dim=(2, 3)), mean),
                functional.linear(features.amax(dim=(2, 3)), largest),
            ],
            dim=1,
        )
        maps = torch.cat([features * mean[..., None, None], features * largest[..., None, None]], dim=1)
        return maps, logits


class AdaLin(nn.Module):
    """Adaptive layer-instance norm: gamma * (rho * IN(x) + (1 - rho) * LN(x)) + beta, one rho per channel.

    Source: P1; U-GAT-IT eq. (1). Rho starts at 0.9, as in its authors' code.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rho = nn.Parameter(torch.full((1, channels, 1, 1), 0.9))

    def forward(self, features: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Norm features N×C×h×w, with gamma and beta N×C of each picture."""
        return gamma[..., None, None] * _layer_instance_norm(features, self.rho) + beta[..., None, None]


class Lin(nn.Module):
    """Layer-instance norm: AdaLIN with learnt gamma and beta, one per channel; rho starts at 0.

    Source: P1, the up-sampling blocks; U-GAT-IT appendix.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rho = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Norm features N×C×h×w."""
        return self.gamma * _layer_instance_norm(features, self.rho) + self.beta


class AdaLinBlock(nn.Module):
    """Decoder block N×C×h×w → N×C×h×w: x + AdaLIN(conv(ReLU(AdaLIN(conv(x))))). Source: P1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = (
            nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=False))
            for _ in range(2)
        )
        self.first_norm, self.second_norm = AdaLin(channels), AdaLin(channels)

    def forward(self, features: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Add the result of two convolutions, normalised with gamma and beta (N×C), to the features."""
        middle = functional.relu(self.first_norm(self.first(features), gamma, beta))
        change: Tensor = self.second_norm(self.second(middle), gamma, beta)
        return features + change


def _layer_instance_norm(features: Tensor, rho: Tensor) -> Tensor:
    """Mix both norms: over each channel, and over all channels of a picture."""
    instance = functional.instance_norm(features)
    layer = functional.group_norm(features, 1)  # one group: all channels
    return rho * instance + (1 - rho) * layer


def _classifier(channels: int, bounded: bool) -> nn.Linear:
    classifier = nn.Linear(channels, 1, bias=False)
    if bounded:
        spectral_norm(classifier)
    return classifier


def _down(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.ReflectionPad2d(kernel // 2),
        nn.Conv2d(inputs, outputs, kernel, stride, bias=False),
        nn.InstanceNorm2d(outputs),
        nn.ReLU(),
    )


def _up(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return (
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.ReflectionPad2d(1),
        nn.Conv2d(inputs, outputs, 3, bias=False),
        Lin(outputs),
        nn.ReLU(),
    )


def _halving(inputs: int, outputs: int, *, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(1),
        spectral_norm(nn.Conv2d(inputs, outputs, 4, stride)),
        nn.LeakyReLU(_SLOPE),
    )
