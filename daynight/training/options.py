"""The options of a training run, for Python and for ``daynight train``. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict

Setting: TypeAlias = bool | int | float | str
Warn: TypeAlias = Callable[[str], None]


class TrainOptions(TypedDict, total=False):
    """Options of a training run; each may be left out."""

    preset: str | None
    """Name of a preset, or your own TOML file; ``relight`` by default. New runs only."""
    settings: Mapping[str, Setting]
    """Hyper-parameters to change from the preset's values, by name: ``size``, ``run.steps``."""
    pairs: Path | None
    """CSV of day and night photographs of the same views, with the header ``day,night``."""
    start: Sequence[str] | None
    """Models to start from, by name or as ONNX files: night, then day. New runs only."""
    resume: bool
    """Resume the run from its checkpoint."""
    device: Literal["auto", "cpu", "cuda"]
    """``auto`` uses CUDA if PyTorch finds a GPU, otherwise the CPU."""
    jobs: int | None
    """CPU cores to use; all available by default."""
    warn: Warn
    """Called with one line for each file that can't be read and each plugin that can't be loaded."""
