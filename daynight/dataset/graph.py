"""The graph of sorted brightness (P0, figure 1). Needs matplotlib."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from daynight.dataset.brightness import DAY, NIGHT, Class, Classified, class_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI: Final = 100
_SIZE: Final = (960, 540)
_AXES: Final = (70, 60, 860, 420)
"""Left, bottom, width and height of the axes, in pixels."""
_COLOURS: Final[dict[Class, str]] = {"night": "#26468c", "undecided": "#8c8c8c", "day": "#e18214"}
_BETWEEN: Final = "#f4f1ec"


def brightness_graph(
    values: Sequence[float], day: float = DAY, night: float = NIGHT, *, caption: str = ""
) -> Figure:
    """Draw P0's figure 1: the brightness of each photograph, from dark to bright, and the thresholds.

    Args:
        values: sorted, in [0, 1].
        day: upper threshold.
        night: lower threshold.
        caption: a line above.

    Returns:
        A figure of 960×540 pixels, in which photograph i of n is at ``x = 70 + 860 (i + 0.5) / n`` and
        ``y = 480 - 420 value``.
    """
    # The object interface: pyplot would keep figures in a global list, and open windows.
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_SIZE[0] / _DPI, _SIZE[1] / _DPI), dpi=_DPI)
    left, bottom, width, height = _AXES
    axes = figure.add_axes((left / _SIZE[0], bottom / _SIZE[1], width / _SIZE[0], height / _SIZE[1]))
    axes.set(xlim=(0, len(values)), ylim=(0, 1), xticks=[])
    axes.set_title(caption, loc="left", fontsize=10)
    axes.grid(axis="y", color="#e1e1e1")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _draw_thresholds(axes, day, night)
    classes = [class_of(value, day, night) for value in values]
    colours = [_COLOURS[each] for each in classes]
    points = [(index + 0.5, value) for index, value in enumerate(values)]
    axes.scatter([x for x, _ in points], values, s=4, c=colours)
    # From each photograph to the next, in the colour of the first.
    lines = LineCollection(list(pairwise(points)), colors=colours, linewidths=2, capstyle="round")
    axes.add_collection(lines)
    counts = Counter(classes)
    ends: tuple[tuple[float, Class, str], ...] = (
        (0.0, "night", "left"),
        (0.5, "undecided", "center"),
        (1.0, "day", "right"),
    )
    for x, name, align in ends:
        axes.text(
            x,
            -0.08,
            f"{counts[name]} {name}",
            color=_COLOURS[name],
            ha=align,
            va="top",
            transform=axes.transAxes,
        )
    return figure


def _draw_thresholds(axes: Axes, day: float, night: float) -> None:
    axes.axhspan(night, day, color=_BETWEEN, zorder=0)
    thresholds: tuple[tuple[float, Class, str, int], ...] = (
        (day, "day", "above", 6),
        (night, "night", "below", -14),
    )
    for threshold, name, side, offset in thresholds:
        axes.axhline(threshold, color=_COLOURS[name], linewidth=1, antialiased=False)
        axes.annotate(
            f"{name} {side} {threshold:g}",
            (0, threshold),
            (6, offset),
            color=_COLOURS[name],
            textcoords="offset points",
            fontsize=9,
        )


def graph_of(photographs: Sequence[Classified], day: float, night: float) -> bytes:
    """Return the graph of a split as a PNG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    caption = f"mean HSP brightness of {len(photographs)} photographs, sorted"
    if any(each.normalised != each.brightness for each in photographs):
        caption += f"; 1.0 is {max(each.brightness for each in photographs):.3f}, the largest"
    figure = brightness_graph([each.normalised for each in photographs], day, night, caption=caption)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
