"""The losses, one formula each: three adversarial ones, cycle, identity, attention, and our own regularisers.

P1 prints least squares and attention as ``D(x)^2 + (1 - D(G(x)))^2``: those targets are the
generator's, the discriminator's opponent. Here are the usual ones: real → 1 and generated → 0 for the
discriminator, generated → 1 for the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from daynight.colour.encoding import LUMINANCE


def discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """D = (D(b) - 1)^2 + D(G(a))^2, averaged over positions and scales.

    Args:
        real: scores of a photograph, one tensor per scale.
        generated: scores of a generated picture, likewise.

    Source: P0 eq. (1), (2).
    """
    terms = [
        ((score - 1) ** 2).mean() + (other**2).mean() for score, other in zip(real, generated, strict=True)
    ]
    return torch.stack(terms).mean()


def generator_loss(generated: Sequence[Tensor]) -> Tensor:
    """G = (D(G(a)) - 1)^2, averaged over positions and scales. Source: P0 eq. (5), (6), first term."""
    return torch.stack([((score - 1) ** 2).mean() for score in generated]).mean()


def hinge_discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """D = max(0, 1 - D(b)) + max(0, 1 + D(G(a))), averaged over positions and scales.

    Scores are linear, and have no effect beyond 1 on the correct side.

    Args:
        real: scores of a photograph, one tensor per scale.
        generated: scores of a generated picture, likewise.

    Source: Lim and Ye 2017 (Geometric GAN).
    """
    terms = [
        functional.relu(1 - score).mean() + functional.relu(1 + other).mean()
        for score, other in zip(real, generated, strict=True)
    ]
    return torch.stack(terms).mean()


def wasserstein_discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """D = D(G(a)) - D(b), averaged over positions and scales; :func:`gradient_penalty` goes with it.

    Args:
        real: scores of a photograph, one tensor per scale, linear.
        generated: scores of a generated picture, likewise.

    Source: Gulrajani et al. 2017, eq. (3), first two terms.
    """
    terms = [other.mean() - score.mean() for score, other in zip(real, generated, strict=True)]
    return torch.stack(terms).mean()


def linear_generator_loss(generated: Sequence[Tensor]) -> Tensor:
    """G = -D(G(a)), averaged over positions and scales: the generator's side of hinge and Wasserstein."""
    return -torch.stack([score.mean() for score in generated]).mean()


def gradient_penalty(
    discriminator: Callable[[Tensor], Sequence[Tensor]], real: Tensor, generated: Tensor, share: Tensor
) -> Tensor:
    """P = (|grad D(x)| - 1)^2 at x = share * b + (1 - share) * G(a), averaged over pictures.

    D(x) is a picture's mean score over positions and scales, and the norm is over all its pixels. Added to
    the Wasserstein loss with weight 10.

    Args:
        discriminator: returns the scores of a picture, one tensor per scale.
        real: photographs, N×3×H×W.
        generated: generated pictures, of the same shape.
        share: random in [0, 1], one value per picture, N×1×1×1.

    Raises:
        ValueError: the shapes differ: they can't be interpolated.

    Source: Gulrajani et al. 2017, eq. (3), last term.
    """
    if real.shape != generated.shape:
        raise ValueError(f"pictures of {tuple(real.shape)} and {tuple(generated.shape)} can't be mixed")
    between = torch.lerp(generated.detach(), real.detach(), share).requires_grad_()
    with torch.enable_grad():
        scores = torch.stack([score.flatten(1).mean(dim=1) for score in discriminator(between)])  # (S, N)
        # Pictures don't see each other, so the gradient of the sum holds that of each.
        (gradient,) = torch.autograd.grad(scores.mean(dim=0).sum(), between, create_graph=True)
    norm: Tensor = gradient.flatten(1).norm(dim=1)  # (N,)
    return ((norm - 1) ** 2).mean()


@dataclass(frozen=True)
class Adversarial:
    """The two sides of an adversarial loss."""

    discriminator: Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]
    """Takes scores of photographs and of generated pictures."""
    generator: Callable[[Sequence[Tensor]], Tensor]
    """Takes scores of generated pictures."""
    penalised: bool = False
    """Whether the discriminator's side needs the gradient penalty too."""


ADVERSARIAL: Final[Mapping[str, Adversarial]] = MappingProxyType(
    {
        "least-squares": Adversarial(discriminator_loss, generator_loss),
        "hinge": Adversarial(hinge_discriminator_loss, linear_generator_loss),
        "wasserstein": Adversarial(wasserstein_discriminator_loss, linear_generator_loss, penalised=True),
    }
)
"""The kinds of adversarial loss, by name. All but least squares need linear scores."""


def total_loss(losses: Sequence[Tensor]) -> Tensor:
    """Sum of the losses of several discriminators, or of their scores and their attention. Source: P1.

    Unlike scales of one discriminator, which are averaged: a second one adds to the first.
    """
    return torch.stack(tuple(losses)).sum()


def cycle_loss(day: Tensor, day_again: Tensor, night: Tensor, night_again: Tensor) -> Tensor:
    """C = 1/2 (mean |a - G_BA(G_AB(a))| + mean |b - G_AB(G_BA(b))|). Source: P0 eq. (3), (4)."""
    return ((day - day_again).abs().mean() + (night - night_again).abs().mean()) / 2


def identity_loss(photograph: Tensor, unchanged: Tensor) -> Tensor:
    """I = mean |G(y) - y|: a generator does not change a picture that is already in its target domain.

    Args:
        photograph: y, of G's target domain, N×3×H×W.
        unchanged: G(y).

    Source: P1, identity loss (weight 10).
    """
    return (unchanged - photograph).abs().mean()


def pair_loss(picture: Tensor, wanted: Tensor) -> Tensor:
    """L1 = mean |G(a) - b|, where b is the photograph of the same view.

    Args:
        picture: G(a), N×3×H×W.
        wanted: b, likewise.

    Source: Isola et al. 2017, eq. (3).
    """
    return (picture - wanted).abs().mean()


def cam_generator_loss(source: Tensor, target: Tensor) -> Tensor:
    """CAM = -log s(eta(x)) - log(1 - s(eta(y))), averaged; s is the logistic function.

    The generator's auxiliary classifiers distinguish pictures x of its source domain from pictures y of its
    target domain: it should attend to where they differ.

    Args:
        source: logits of x, as G(x) returns them, N×2.
        target: logits of y, as G(y) returns them (the identity pass), N×2.

    Source: P1, CAM loss of the generator (binary cross-entropy, weight 100).
    """
    # log s(t) = -softplus(-t) and log(1 - s(t)) = -softplus(t), without overflow.
    return functional.softplus(-source).mean() + functional.softplus(target).mean()


def cam_discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """CAM = (eta(y) - 1)^2 + eta(G(x))^2, averaged: the auxiliary classifiers of a discriminator.

    The generator's side is ``generator_loss([eta(G(x))])``: generated → 1.

    Args:
        real: logits of a photograph, N×2.
        generated: logits of a generated picture, N×2.

    Source: P1, CAM loss of the discriminator (squared error), with the targets of this module's head.
    """
    return ((real - 1) ** 2).mean() + (generated**2).mean()


def burn_loss(light: Tensor) -> Tensor:
    """Mean of log2(1 + max(y - 1, 0)): the stops by which scene-linear light y exceeds white.

    A burnt-out picture looks the same to the discriminators however far it exceeds white, so a network that
    went there would not come back without this loss; its gradient on the stops is constant.
    """
    return torch.log2(1 + (light - 1).clamp(min=0)).mean()


def tint_loss(stops: Tensor) -> Tensor:
    """Mean distance of each channel's stops from their mean: keeps burnt-out whites free of blotches."""
    return (stops - stops.mean(dim=1, keepdim=True)).abs().mean()


def structure_loss(photograph: Tensor, picture: Tensor) -> Tensor:
    """1 - corr(grad a, grad G(a)): how much edge and texture is lost, regardless of contrast.

    The differences of neighbouring pixels of luma are correlated over the frame, so a frame that is darkened
    by one factor loses nothing, while a sky that turns black above ground in daylight does.

    Args:
        photograph: a, N×3×H×W, display-encoded.
        picture: G(a), likewise.
    """
    first, second = _luma_steps(photograph), _luma_steps(picture)  # (N, 2HW - H - W)
    first, second = (steps - steps.mean(dim=1, keepdim=True) for steps in (first, second))
    return 1 - functional.cosine_similarity(first, second, dim=1, eps=1e-6).mean()


def smoothness_loss(maps: Tensor) -> Tensor:
    """Mean step of maps N×C×H×W from pixel to pixel: total variation, down and across."""
    down = (maps[..., 1:, :] - maps[..., :-1, :]).abs().mean()
    across = (maps[..., 1:] - maps[..., :-1]).abs().mean()
    return down + across


def _luma_steps(picture: Tensor) -> Tensor:
    luma = (picture * picture.new_tensor(LUMINANCE)[:, None, None]).sum(dim=1)  # (N, H, W)
    down, across = luma[:, 1:] - luma[:, :-1], luma[..., 1:] - luma[..., :-1]
    return torch.cat([down.flatten(1), across.flatten(1)], dim=1)


def level_loss(picture: Tensor, darkest: Tensor, brightest: Tensor) -> Tensor:
    """Mean distance of a picture's brightness, part by part, from the range of the photographs.

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
