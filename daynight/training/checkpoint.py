"""Checkpoints: one safetensors file and one line of JSON, each written whole or not at all. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.images import written_whole

_TENSORS: Final = "checkpoint.safetensors"
_STEP: Final = "step"


def save_checkpoint(
    run: Path,
    step: int,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> None:
    """Write networks and optimisers of a run; the step stands in the file's own header.

    Args:
        run: folder of the run.
        step: steps done.
        modules: networks and running averages by name.
        optimisers: by name.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"{name}/{key}": value.contiguous() for key, value in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        for place, state in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{place}/{key}": value.contiguous() for key, value in state.items()}
    with written_whole(run / _TENSORS) as temporary:
        temporary.write_bytes(save(tensors, {_STEP: json.dumps(step)}))


def load_checkpoint(
    run: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer] | None = None,
) -> int:
    """Read a run's networks, and its optimisers where asked for, and give the steps done.

    Raises:
        UsageError: the run has no checkpoint, or it is not of these networks, or it is broken.
    """
    path = run / _TENSORS
    if not path.is_file():
        raise UsageError(run, "holds no checkpoint", "give the folder of a training run")
    try:
        tensors = load_file(path)
        for name, module in modules.items():
            module.load_state_dict(_below(tensors, name))
    except (SafetensorError, RuntimeError) as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(path, f"can't be taken ({line})", "train anew, or give another run") from None
    for name, optimiser in (optimisers or {}).items():
        _load_optimiser(optimiser, _below(tensors, name))
    return checkpoint_step(run)


def checkpoint_step(run: Path) -> int:
    """Steps that a run's checkpoint has done."""
    from safetensors import safe_open

    with safe_open(run / _TENSORS, "pt") as checkpoint:
        return int(json.loads(checkpoint.metadata()[_STEP]))


def _below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")
    }


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        place, _, name = key.partition("/")
        state.setdefault(int(place), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
