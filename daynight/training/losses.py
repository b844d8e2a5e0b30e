"""The losses of P0, equations (1) to (6), in least-squares form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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


def tint_loss(stops: Tensor) -> Tensor:
    """Mean distance of each channel's stops from their mean: keeps burnt-out whites free of blotches."""
    return (stops - stops.mean(dim=1, keepdim=True)).abs().mean()
