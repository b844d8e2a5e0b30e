"""Curves of a run's losses over its steps, from the records in its ``metrics.jsonl``. Needs matplotlib."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from daynight.errors import UsageError, nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS: Final = "metrics.jsonl"

_ADVERSARIAL: Final = ("generator", "discriminator")
_COLOURS: Final = (
    *("#26468c", "#e18214", "#2a9d6f", "#b5388f", "#7a5c3d"),
    *("#4fa3d1", "#c0392b", "#8a8f1c", "#6c5bb5", "#5c5c5c"),
)
_WINDOW: Final = 0.05
"""Part of the records over which the strong lines are averaged."""
_WIDE: Final = 100
"""A loss this many times its median, or as little, has a logarithmic axis: the others would look flat."""
_LINEAR: Final = 1e-3
"""Where losses touch zero, the logarithmic axis is linear below this."""

Record = Mapping[str, float]
"""Mean losses by name, and the ``step`` they reach to."""


def read_records(run: Path) -> list[Record]:
    """Read a run's metrics, oldest first; none where it has not written any.

    A line cut short by a crash or a full disk is passed over.

    Raises:
        OSError: they can't be read.
    """
    path = run / METRICS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [record for line in lines if (record := _record(line))]


def draw_losses(records: Sequence[Record]) -> bytes:
    """Draw the losses of a run: the adversarial ones above, all others below on a logarithmic axis.

    Each loss has a faint line through its records, and a strong one through their running mean.
    Source: P0 figures 2 and 4.

    Args:
        records: at least one; a loss may be in some of them only.

    Returns:
        A PNG.
    """
    names = dict.fromkeys(name for record in records for name in record if name != "step")
    panels = [
        [name for name in names if name in _ADVERSARIAL],
        [name for name in names if name not in _ADVERSARIAL],
    ]
    panels = [panel for panel in panels if panel]
    figure = _figure(4 * len(panels))
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(len(panels), 1, number)
        for name, colour in zip(panel, _cycled(len(panel)), strict=True):
            _draw(axes, records, name, label=name, colour=colour)
        if panel[0] not in _ADVERSARIAL:
            _make_logarithmic(axes, [record[name] for record in records for name in panel if name in record])
        _finish(axes, "adversarial losses" if panel[0] in _ADVERSARIAL else "other losses")
    return _png(figure)


def draw_comparison(runs: Mapping[str, Sequence[Record]], name: str) -> bytes:
    """Draw one loss of several runs, a colour each; on a logarithmic axis where it spreads wide.

    Args:
        runs: each run's records by the label it is to have.
        name: the loss.

    Returns:
        A PNG.

    Raises:
        UsageError: a run has no such loss.
    """
    figure = _figure(4.5)
    axes = figure.add_subplot()
    for (label, records), colour in zip(runs.items(), _cycled(len(runs)), strict=True):
        known = {key for record in records for key in record} - {"step"}
        if name not in known:
            raise UsageError(f"run {label}", f"has no loss {name}", nearest(name, known))
        _draw(axes, records, name, label=label, colour=colour)
    values = [record[name] for records in runs.values() for record in records if name in record]
    middle = float(np.median(values))
    if max(values) > _WIDE * middle or min(values) < middle / _WIDE:
        _make_logarithmic(axes, values)
    _finish(axes, name)
    return _png(figure)


def _record(line: str) -> Record | None:
    try:
        record: Record = json.loads(line)
    except ValueError:
        return None
    return record


def _draw(axes: Axes, records: Iterable[Record], name: str, *, label: str, colour: str) -> None:
    points = [(record["step"], record[name]) for record in records if name in record]
    steps, values = np.array(points, np.float64).T  # (n,) each
    axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
    # A single point makes no line.
    marker = "o" if len(points) == 1 else ""
    axes.plot(steps, _running_mean(values), color=colour, linewidth=1.8, marker=marker, label=label)


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average each of n values with its neighbours on both sides, as many as there are at the ends."""
    window = np.ones(2 * int(len(values) * _WINDOW / 2) + 1)
    sums = np.convolve(values, window, "same")
    return sums / np.convolve(np.ones_like(values), window, "same")


def _make_logarithmic(axes: Axes, values: Iterable[float]) -> None:
    if min(values) > 0:
        axes.set_yscale("log")
    else:
        axes.set_yscale("symlog", linthresh=_LINEAR)


def _cycled(count: int) -> list[str]:
    return [_COLOURS[index % len(_COLOURS)] for index in range(count)]


def _figure(height: float) -> Figure:
    # The object interface: pyplot would keep figures in a global list, and open windows.
    from matplotlib.figure import Figure

    return Figure(figsize=(9, height), dpi=110, layout="constrained")


def _finish(axes: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
