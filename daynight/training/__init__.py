"""Training with PyTorch: methods, networks, losses, data, and the run.

Needs the extra ``train``; importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from daynight.errors import UsageError
from daynight.training.options import TrainOptions
from daynight.training.run.callbacks import Callback

__all__ = ["Callback", "TrainOptions", "TrainingResult", "train"]


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training run."""

    run: Path
    """Folder of the run: checkpoints, recipe, metrics, curves and sample grids."""
    steps: int
    """Steps done."""


def train(
    day: Path | str,
    night: Path | str,
    out: Path | str,
    *,
    minutes: float | None = None,
    callbacks: Sequence[Callback] = (),
    **options: Unpack[TrainOptions],
) -> TrainingResult:
    """Train on photographs by day and by night.

    Args:
        day: a folder (searched through), a pattern such as ``shot.####.exr``, or one image.
        night: likewise.
        out: folder of the run.
        minutes: stop after this long, with a checkpoint.
        callbacks: called in addition to those that write metrics, curves and sample grids into the folder.
        options: ``preset``, ``settings``, ``pairs``, ``start``, ``resume``, ``device``, ``jobs`` and
            ``warn``; see :class:`TrainOptions`.

    Raises:
        UsageError: an option or the recipe is not valid, there is nothing to train on, or PyTorch is not
            installed.
        OSError: a checkpoint can't be written.
    """
    require_torch()
    from daynight.training.run.callbacks import file_callbacks
    from daynight.training.session import open_session

    with open_session(Path(day), Path(night), Path(out), **options) as session:
        files = file_callbacks(options.get("warn", lambda _: None))
        steps = session.train(minutes=minutes, callbacks=[*callbacks, *files])
    return TrainingResult(Path(out), steps)


def require_torch() -> None:
    """Check that PyTorch is installed.

    Raises:
        UsageError: it is not.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("safetensors") is None:
        raise UsageError("training", "needs PyTorch, which is not installed", "pip install 'daynight[train]'")
