"""From a training run to a model file: built by an exporter, compared with the network, and written whole.

Needs the extra ``train``; importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from daynight.errors import ModelError, UsageError, nearest
from daynight.frames.frame import NCHW

__all__ = ["export"]

if TYPE_CHECKING:
    from daynight.export.parity import Parity
    from daynight.frames.frame import NCHW
    from daynight.plugin.exporter import Artefact, Exporter, Trained


def export(
    run: Path | str,
    out: Path | str,
    direction: Literal["night", "day"] | None = None,
    *,
    to: str = "onnx",
    precision: str = "fp32",
    pictures: Path | str | None = None,
    best: bool = False,
    warn: Callable[[str], None] | None = None,
) -> Path:
    """Write a generator of a training run as one model file.

    Args:
        run: folder of the run.
        out: the file to write.
        direction: which of its two generators; ``None``: the run has one network.
        to: name of the exporter: ``onnx``, ``torchscript``, or a plugin's.
        precision: how the file computes and stores its weights; see ``docs/export.md``.
        pictures: folder of plates for the generator: the file is compared on them, and calibrated by them
            where its precision needs that. ``None``: it is compared on a few synthetic pictures.
        best: export the best checkpoint instead of the newest.
        warn: takes warnings, one line each; ``None``: Python warnings.

    Returns:
        ``out``.

    Raises:
        UsageError: an option is not valid, the run or the pictures can't be read, or PyTorch is missing.
        ModelError: the network can't be converted, or the file would differ from it beyond tolerance.
    """
    from daynight.training import require_torch

    require_torch()
    from daynight.export.parity import KEY
    from daynight.export.samples import load_samples
    from daynight.export.trained import facts_of, load_generator
    from daynight.plates import written_whole
    from daynight.plugin.exporter import ExportOptions
    from daynight.plugin.registry import Registry, python_warning

    run, out, warn = Path(run), Path(out), warn or python_warning
    folder = None if pictures is None else Path(pictures)
    registry = Registry.load(warn=warn)
    exporter = _exporter(registry.exporters, to, precision, folder)
    trained = load_generator(run, direction, registry.networks, best=best, warn=warn)
    metadata = facts_of(run, trained).to_metadata()
    pool = load_samples(folder, trained.short_side, trained.kind.size_multiple, warn)
    calibration, samples = _divided(pool, folder, calibrated=precision in exporter.calibrated)
    artefact, parity = _within_tolerance(
        exporter.build(trained, ExportOptions(precision, calibration)),
        lambda built: _compared(built, trained, samples, precision, real=folder is not None),
    )
    if parity is not None:
        if parity.fault:
            raise ModelError(out, parity.fault, f"nothing was written; {_remedy(exporter)}")
        metadata[KEY] = parity.model_dump_json()
    with written_whole(out) as temporary:
        temporary.write_bytes(artefact.content(metadata))
    return out


def _exporter(exporters: dict[str, type[Exporter]], to: str, precision: str, folder: Path | None) -> Exporter:
    if to not in exporters:
        raise UsageError(f"`to={to}`", "is not an exporter", nearest(to, exporters))
    exporter = exporters[to]()
    if precision not in exporter.precisions:
        known = nearest(precision, exporter.precisions)
        raise UsageError(f"`precision={precision}`", f"is not one that {to} writes", known)
    if precision in exporter.calibrated and folder is None:
        raise UsageError(
            f"`precision={precision}`", "must be calibrated", "give `pictures`, a folder of plates"
        )
    return exporter


def _divided(
    samples: Sequence[NCHW], folder: Path | None, *, calibrated: bool
) -> tuple[Sequence[NCHW], Sequence[NCHW]]:
    """Return what to calibrate by and what to compare on; a sample in both would flatter the report."""
    if not calibrated:
        return (), samples
    if len(samples) == 1:
        fault = "holds one picture; calibration and comparison need different ones"
        raise UsageError(folder, fault, "add more, as varied as possible")
    return samples[::2], samples[1::2]


def _within_tolerance(
    artefact: Artefact, compared: Callable[[Artefact], Parity | None]
) -> tuple[Artefact, Parity | None]:
    """Return the first of an artefact and its fallbacks that is within tolerance, else the last."""
    parity = compared(artefact)
    while parity is not None and parity.fault and artefact.fallback is not None:
        artefact = artefact.fallback()
        parity = compared(artefact)
    return artefact, parity


def _compared(
    artefact: Artefact, trained: Trained, samples: Sequence[NCHW], precision: str, *, real: bool
) -> Parity | None:
    from daynight.export.parity import compare

    if artefact.run is None:
        return None
    return compare(
        artefact.reference or trained,
        artefact.run,
        [artefact.as_input(sample) for sample in samples] if artefact.as_input else samples,
        artefact.outputs,
        precision=precision,
        real=real,
        versions=dict(artefact.versions),
    )


def _remedy(exporter: Exporter) -> str:
    if len(exporter.precisions) > 1:
        return "try another `precision`, or other `pictures`"
    return "report this"
