"""Checkpoints: all of a run's state in one safetensors file with a header of JSON. No pickle.

Each is written whole or not at all, and the last few are kept: should one be broken all the same, the one
before it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.images import written_whole
from daynight.training.image_pool import ImagePool

_KEPT: Final = 2
"""Checkpoints that stay in a run's folder."""
_CHANCE: Final = "chance/torch"


@dataclass(frozen=True)
class Parts:
    """What a checkpoint holds, each by name."""

    modules: Mapping[str, nn.Module]
    """Networks and running averages."""
    optimisers: Mapping[str, torch.optim.Optimizer] = field(default_factory=dict)
    pools: Mapping[str, ImagePool] = field(default_factory=dict)
    random: np.random.Generator | None = None
    """Where the order of the data comes from; with it PyTorch's own chance is kept too."""


def save_checkpoint(run: Path, step: int, parts: Parts) -> Path:
    """Write a checkpoint, and remove the oldest beyond the last few.

    Args:
        run: folder of the run.
        step: steps done.
        parts: what it holds.

    Returns:
        Its file, ``checkpoint-STEP.safetensors``.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in parts.modules.items():
        tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in parts.optimisers.items():
        for place, state in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{place}/{key}": value for key, value in state.items()}
    for name, pool in parts.pools.items():
        tensors |= {f"{name}/{place}": picture for place, picture in enumerate(pool.pictures)}
    header = {"step": json.dumps(step)}
    if parts.random is not None:
        tensors[_CHANCE] = torch.get_rng_state()
        header["random"] = json.dumps(parts.random.bit_generator.state)
    path = run / f"checkpoint-{step:06d}.safetensors"
    with written_whole(path) as temporary:
        temporary.write_bytes(save({key: value.contiguous() for key, value in tensors.items()}, header))
    for old in checkpoints(run)[_KEPT:]:
        old.unlink()
    return path


def load_checkpoint(run: Path, parts: Parts, warn: Callable[[str], None] = lambda _: None) -> int:
    """Read a run's newest checkpoint that is whole into ``parts``, and give the steps done.

    Args:
        run: folder of the run.
        parts: what to read; the file may hold more.
        warn: takes one line for each checkpoint that is broken.

    Raises:
        UsageError: the run has no checkpoint that is whole, or it is not of these networks.
    """
    path, tensors, header = _newest(run, warn)
    try:
        for name, module in parts.modules.items():
            module.load_state_dict(_below(tensors, name))
    except RuntimeError as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(path, f"can't be taken ({line})", "train anew, or give another run") from None
    for name, optimiser in parts.optimisers.items():
        _load_optimiser(optimiser, _below(tensors, name))
    for name, pool in parts.pools.items():
        pictures = _below(tensors, name)
        pool.pictures = [pictures[place] for place in sorted(pictures, key=int)]
    if parts.random is not None:
        parts.random.bit_generator.state = json.loads(header["random"])
        torch.set_rng_state(tensors[_CHANCE])
    return int(json.loads(header["step"]))


def checkpoints(run: Path) -> Sequence[Path]:
    """Give a run's checkpoints, the newest first."""
    return sorted(run.glob("checkpoint-*.safetensors"), reverse=True)


def checkpoint_step(run: Path) -> int:
    """Steps that a run's newest whole checkpoint has done."""
    _, _, header = _newest(run, lambda _: None)
    return int(json.loads(header["step"]))


def _newest(run: Path, warn: Callable[[str], None]) -> tuple[Path, dict[str, Tensor], dict[str, Any]]:
    found = checkpoints(run)
    if not found:
        raise UsageError(run, "holds no checkpoint", "give the folder of a training run")
    for path in found:
        content = _content(path, warn)
        if content:
            return path, *content
    raise UsageError(found[0], "can't be taken, nor can one before it", "train anew, or give another run")


def _content(path: Path, warn: Callable[[str], None]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    except SafetensorError as error:
        warn(f"{path} is broken ({error}); the one before it is taken")
        return None


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
