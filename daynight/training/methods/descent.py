"""Going down the losses: what the steps of adversarial methods have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from daynight.training.run.processes import ProcessGroup


def require_gradients(parameters: Iterable[Tensor], wanted: bool) -> None:
    """Let parameters take part in the gradient, or not: discriminators don't while their opponents learn."""
    for parameter in parameters:
        parameter.requires_grad_(wanted)


def descend(
    terms: Mapping[str, Tensor], weights: Mapping[str, float], parts: int, losses: dict[str, float]
) -> None:
    """Add one part's gradient of the weighted sum of its losses, and add the losses to the step's.

    Args:
        terms: losses by name, unweighted.
        weights: of each; 1 where one is absent.
        parts: into how many the step is divided.
        losses: of the step so far, by name, and ``total``, their weighted sum; added to.
    """
    loss = torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()
    (loss / parts).backward()  # type: ignore[no-untyped-call]
    for name, term in {**terms, "total": loss}.items():
        losses[name] += float(term.detach()) / parts


def move(
    adam: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], group: ProcessGroup, clip: float = 0.0
) -> None:
    """Move parameters along the gradient of all processes; with ``clip``, its norm is at most that."""
    group.average_gradients(parameters)
    if clip:
        nn.utils.clip_grad_norm_(parameters, clip)
    adam.step()
