"""The losses of the light network, one formula each. Adversarial ones are the hinge's of :mod:`..losses`."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from daynight.training.networks.night import box, log_luminance

_EDGE: Final = 0.3
"""Stops of the plate from which a step of the maps is free."""


def kept_structure_loss(plate: Tensor, unlit: Tensor, sky: Tensor) -> Tensor:
    """1 - corr(grad log a, grad log b): how much of the plate's detail the light outside lamps loses.

    Lamps are left out: a window that lights is no loss of structure, and a loss that saw it would put it out.
    The sky is too: its clouds are meant to fade.

    Args:
        plate: a, N×3×H×W in scene-linear light.
        unlit: b, ambient and practicals.
        sky: matte, N×1×H×W.
    """
    ground = 1 - sky
    steps = [_steps(log_luminance(each), ground) for each in (plate, unlit)]
    first, second = (each - each.mean(dim=1, keepdim=True) for each in steps)
    return 1 - functional.cosine_similarity(first, second, dim=1, eps=1e-6).mean()


def edge_aware_loss(maps: Tensor, plate: Tensor) -> Tensor:
    """Mean step of maps N×C×H×W where the plate has none: ``|grad m| exp(-|grad log x| / e)``."""
    luma = log_luminance(plate)
    loss = maps.new_zeros(())
    for axis in (-1, -2):
        step, edge = maps.diff(dim=axis).abs(), luma.diff(dim=axis).abs()
        loss = loss + (step * torch.exp(-edge / _EDGE)).mean()
    return loss


def uneven_loss(stops: Tensor) -> Tensor:
    """Mean distance of a map N×1×H×W from its frame's mean: moon and sky light all of a place alike.

    Without it, what lamps throw on the ground ends up in the ambient light, where no control can put it out.
    """
    return (stops - stops.mean(dim=(2, 3), keepdim=True)).abs().mean()


def ceiling_loss(unlit: Tensor, practicals: Tensor, sky: Tensor, ceiling: float) -> Tensor:
    """Mean stops by which ground without lamplight lies above a ceiling: nights are dark between their lamps.

    Args:
        unlit: ambient light, N×3×H×W.
        practicals: practical light, which may be as bright as it likes.
        sky: matte, N×1×H×W.
        ceiling: log2 of light.
    """
    dark = (log_luminance(unlit) > log_luminance(practicals)).float() * (1 - sky)
    return (dark * functional.relu(log_luminance(unlit) - ceiling)).mean()


def wide_lamps_loss(emission: Tensor) -> Tensor:
    """Share of the lamps' light that makes white patches: lamps are small, and a lit wall has panes.

    ``sum max(b - 1/2, 0) / sum b`` with b the emission up to white, averaged over a twentieth of the short
    side.

    Args:
        emission: N×3×H×W in scene-linear light.
    """
    mean = box(emission.mean(dim=1, keepdim=True).clamp(max=1), min(emission.shape[-2:]) // 40)
    return functional.relu(mean - 0.5).sum() / mean.sum().clamp(min=1)


def steadiness_loss(changed: Tensor, kept: Tensor, same: Tensor) -> Tensor:
    """Mean change of the maps where the plate is the same but for noise, and something passes elsewhere.

    Args:
        changed: maps of the plate with a thing in it that was not there, N×C×H×W, in units of their ranges.
        kept: maps of the plate itself, likewise.
        same: where both show the same, N×1×H×W in [0, 1].
    """
    return ((changed - kept).abs() * same).mean()


def _steps(plane: Tensor, weight: Tensor) -> Tensor:
    parts = []
    for axis in (-1, -2):
        length = plane.shape[axis] - 1
        both = weight.narrow(axis, 0, length) * weight.narrow(axis, 1, length)
        parts.append((plane.diff(dim=axis) * both).flatten(1))
    return torch.cat(parts, dim=1)
