"""Checkpoints: all of a run's state in one safetensors file with a header of JSON. No pickle.

Each is written whole or not at all, and the last few are kept: should one be broken all the same, the one
before it is taken. The best of a run, by the sum of its losses, is kept beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from daynight.errors import UsageError
from daynight.plates import written_whole
from daynight.training.methods.cycle_gan.pool import ImagePool

_KEPT: Final = 2
"""Checkpoints that stay in a run's folder."""
_BEST: Final = "best.safetensors"


@dataclass(frozen=True)
class Parts:
    """What a checkpoint holds, each by name."""

    modules: Mapping[str, nn.Module]
    """Networks and running averages."""
    optimisers: Mapping[str, Optimizer] = field(default_factory=dict)
    pools: Mapping[str, ImagePool] = field(default_factory=dict)


def save_checkpoint(
    run: Path, step: int, parts: Parts, state: Mapping[str, Any] | None = None, *, best: bool = False
) -> Path:
    """Write a checkpoint, and remove the oldest beyond the last few.

    Args:
        run: folder of the run.
        step: steps done.
        parts: what it holds.
        state: what else, of JSON's types.
        best: whether it is the best so far, and is kept as that too.

    Returns:
        Its file, ``checkpoint-STEP.safetensors``.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in parts.modules.items():
        tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in parts.optimisers.items():
        for place, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{place}/{key}": value for key, value in moments.items()}
    for name, pool in parts.pools.items():
        tensors |= {f"{name}/{place}": picture for place, picture in enumerate(pool.pictures)}
    header = {"step": json.dumps(step), "state": json.dumps(dict(state or {}))}
    content = save({key: value.contiguous() for key, value in tensors.items()}, header)
    path = run / f"checkpoint-{step:06d}.safetensors"
    for each in (path, run / _BEST) if best else (path,):
        with written_whole(each) as temporary:
            temporary.write_bytes(content)
    for old in checkpoints(run)[_KEPT:]:
        old.unlink()
    return path


def load_checkpoint(
    run: Path, parts: Parts, warn: Callable[[str], None] = lambda _: None, *, best: bool = False
) -> tuple[int, dict[str, Any]]:
    """Read a run's newest checkpoint that is whole into ``parts``.

    Args:
        run: folder of the run.
        parts: what to read; the file may hold more.
        warn: takes one line for each checkpoint that is broken.
        best: take the best one instead of the newest.

    Returns:
        The steps done, and the state saved with them.

    Raises:
        UsageError: the run has no checkpoint that is whole, or it is not of these networks.
    """
    path, tensors, header = _newest(run, warn, best=best)
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
    return int(json.loads(header["step"])), json.loads(header["state"])


def checkpoints(run: Path) -> Sequence[Path]:
    """Give a run's checkpoints, the newest first."""
    found = run.glob("checkpoint-*.safetensors")
    return sorted(found, key=lambda path: int(path.stem.removeprefix("checkpoint-")), reverse=True)


def _newest(
    run: Path, warn: Callable[[str], None], *, best: bool = False
) -> tuple[Path, dict[str, Tensor], dict[str, Any]]:
    found = [path for path in (run / _BEST,) if path.is_file()] if best else checkpoints(run)
    if not found:
        fault = "holds no best checkpoint" if best else "holds no checkpoint"
        raise UsageError(run, fault, "give the folder of a training run")
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


def _load_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        place, _, name = key.partition("/")
        state.setdefault(int(place), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
