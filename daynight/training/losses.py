"""The losses of P0, equations (1) to (6), in least-squares form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """D = (D(b) - 1)^2 + D(G(a))^2, averaged over places and scales.

    Args:
        real: scores of a photograph, one tensor a scale.
        generated: scores of a generated picture, likewise.

    Source: P0 eq. (1), (2).
    """
    terms = [
        ((score - 1) ** 2).mean() + (other**2).mean() for score, other in zip(real, generated, strict=True)
    ]
    return torch.stack(terms).mean()


def generator_loss(generated: Sequence[Tensor]) -> Tensor:
    """G = (D(G(a)) - 1)^2, averaged over places and scales. Source: P0 eq. (5), (6), first term."""
    return torch.stack([((score - 1) ** 2).mean() for score in generated]).mean()


def cycle_loss(day: Tensor, day_again: Tensor, night: Tensor, night_again: Tensor) -> Tensor:
    """C = 1/2 (mean |a - G_BA(G_AB(a))| + mean |b - G_AB(G_BA(b))|). Source: P0 eq. (3), (4)."""
    return ((day - day_again).abs().mean() + (night - night_again).abs().mean()) / 2


def burn_loss(light: Tensor) -> Tensor:
    """Mean of log2(1 + max(y - 1, 0)): the stops by which scene-linear light y burns out.

    A burnt-out picture looks the same to the judges however far it is beyond white, so without this a
    network that went there would not come back; its gradient on the stops is constant.
    """
    return torch.log2(1 + (light - 1).clamp(min=0)).mean()


def tint_loss(stops: Tensor) -> Tensor:
    """Mean distance of each channel's stops from their mean: keeps burnt-out whites free of blotches."""
    return (stops - stops.mean(dim=1, keepdim=True)).abs().mean()


def smoothness_loss(maps: Tensor) -> Tensor:
    """Mean step of maps N×C×H×W from pixel to pixel: total variation, down and across."""
    down = (maps[..., 1:, :] - maps[..., :-1, :]).abs().mean()
    across = (maps[..., 1:] - maps[..., :-1]).abs().mean()
    return down + across


def level_loss(picture: Tensor, darkest: Tensor, brightest: Tensor) -> Tensor:
    """Mean distance of a picture's brightness, place by place, from the band that photographs fill.

    Discriminators with instance norm are blind to the level itself: ground stayed at daylight under a
    black sky.

    Args:
        picture: N×3×H×W, display-encoded.
        darkest: lower end of the band, rows×columns, brightness of each part of the frame.
        brightest: its upper end, likewise.
    """
    rows, columns = darkest.shape
    level = functional.adaptive_avg_pool2d(picture.mean(dim=1), (rows, columns))  # (N, rows, columns)
    return (functional.relu(level - brightest) + functional.relu(darkest - level)).mean()
