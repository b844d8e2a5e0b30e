"""Checkpoints: all of a run's state in one safetensors file with a header of JSON. No pickle.

Each is written whole or not at all, and the last few are kept: if one is broken, the one before it is
used. The best of a run, by the sum of its losses, is kept beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from daynight.errors import UsageError
from daynight.plates import written_whole

_KEPT: Final = 2
"""Checkpoints that stay in a run's folder."""
_BEST: Final = "best.safetensors"


class Pool(Protocol):
    """A store of pictures that belongs to a run's state."""

    pictures: list[Tensor]


@dataclass(frozen=True)
class Parts:
    """What a checkpoint holds, each by name."""

    modules: Mapping[str, nn.Module]
    """Networks and running averages."""
    optimisers: Mapping[str, Optimizer] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)


def save_checkpoint(
    run: Path, step: int, parts: Parts, state: Mapping[str, Any] | None = None, *, best: bool = False
) -> Path:
    """Write a checkpoint, and remove the oldest beyond the last few.

    Args:
        run: folder of the run.
        step: steps done.
        parts: what it holds.
        state: anything else to save, of JSON's types.
        best: whether it is the best so far: it is then kept as the best, too.

    Returns:
        Its file, ``checkpoint-STEP.safetensors``.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in parts.modules.items():
        tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in parts.optimisers.items():
        for index, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{index}/{key}": value for key, value in moments.items()}
    for name, pool in parts.pools.items():
        tensors |= {f"{name}/{index}": picture for index, picture in enumerate(pool.pictures)}
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
    """Load a run's newest intact checkpoint into ``parts``.

    Args:
        run: folder of the run.
        parts: what to read into; the file may hold more.
        warn: called with one line for each broken checkpoint.
        best: read the best one instead of the newest.

    Returns:
        The steps done, and the state saved with them.

    Raises:
        UsageError: the run has no intact checkpoint, or it belongs to other networks.
    """
    path, tensors, header = _newest(run, warn, best=best)
    try:
        for name, module in parts.modules.items():
            module.load_state_dict(_below(tensors, name))
    except RuntimeError as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(
            path, f"does not fit the networks ({line})", "start a new run, or give another one"
        ) from None
    for name, optimiser in parts.optimisers.items():
        _load_optimiser(optimiser, _below(tensors, name))
    for name, pool in parts.pools.items():
        pictures = _below(tensors, name)
        pool.pictures = [pictures[index] for index in sorted(pictures, key=int)]
    return int(json.loads(header["step"])), json.loads(header["state"])


def checkpoints(run: Path) -> Sequence[Path]:
    """Return a run's checkpoints, the newest first."""
    paths = run.glob("checkpoint-*.safetensors")
    return sorted(paths, key=lambda path: int(path.stem.removeprefix("checkpoint-")), reverse=True)


def _newest(
    run: Path, warn: Callable[[str], None], *, best: bool = False
) -> tuple[Path, dict[str, Tensor], dict[str, Any]]:
    candidates = [path for path in (run / _BEST,) if path.is_file()] if best else checkpoints(run)
    if not candidates:
        fault = "holds no best checkpoint" if best else "holds no checkpoint"
        raise UsageError(run, fault, "give the folder of a training run")
    for path in candidates:
        content = _content(path, warn)
        if content:
            return path, *content
    raise UsageError(
        candidates[0], "can't be read, nor can an earlier one", "start a new run, or give another one"
    )


def _content(path: Path, warn: Callable[[str], None]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    except SafetensorError as error:
        warn(f"{path} is broken ({error}); using the one before it")
        return None


def _below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")
    }


def _load_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
