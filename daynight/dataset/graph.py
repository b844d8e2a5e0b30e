"""The graph of sorted brightness (P0, figure 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.dataset.brightness import DAY, NIGHT, Judged, class_of
from daynight.plates import (
    written_whole,
)

GRAPH: Final = "brightness.png"


_GRAPH_SIZE: Final = (960, 540)
_AREA: Final = (70, 60, 930, 480)
"""Left, top, right and bottom of the graph's axes, in pixels."""
_INK, _FAINT, _BETWEEN = (60, 60, 60), (225, 225, 225), (244, 241, 236)
_COLOURS: Final = {
    "night": (38, 70, 140),
    "undecided": (140, 140, 140),
    "day": (225, 130, 20),
}


def brightness_graph(
    values: Sequence[float], day: float = DAY, night: float = NIGHT, *, caption: str = ""
) -> NDArray[np.uint8]:
    """Draw P0's figure 1: the brightness of each photograph, from dark to bright, and the thresholds.

    Args:
        values: sorted, in [0, 1].
        day: upper threshold.
        night: lower threshold.
        caption: a line above, ASCII.

    Returns:
        540×960×3, red, green, blue. Photograph i of n stands at ``x = 70 + 860 (i + 0.5) / n`` and
        ``y = 480 - 420 value``, in pixels.
    """
    left, top, right, bottom = _AREA
    graph = np.full((_GRAPH_SIZE[1], _GRAPH_SIZE[0], 3), 255, np.uint8)
    heights = {mark: _row(mark) for mark in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)}
    cv2.rectangle(graph, (left, _row(day)), (right, _row(night)), _BETWEEN, cv2.FILLED)
    for mark, y in heights.items():
        cv2.line(graph, (left, y), (right, y), _FAINT, 1)
        _write(graph, f"{mark:.1f}", (left - 10, y + 5), align=1.0)
    for threshold, kind in ((day, "day"), (night, "night")):
        cv2.line(graph, (left, _row(threshold)), (right, _row(threshold)), _COLOURS[kind], 1)
        above = kind == "day"
        text = f"{kind} {'above' if above else 'below'} {threshold:g}"
        _write(graph, text, (left + 8, _row(threshold) + (-8 if above else 18)), colour=_COLOURS[kind])
    points = [(round(left + (right - left) * (i + 0.5) / len(values)), _row(v)) for i, v in enumerate(values)]
    kinds = [class_of(value, day, night) for value in values]
    for start, end, kind in zip(points, [*points[1:], *points[-1:]], kinds, strict=True):
        cv2.line(graph, start, end, _COLOURS[kind], 2, cv2.LINE_AA)
    cv2.line(graph, (left, top), (left, bottom), _INK, 1)
    cv2.line(graph, (left, bottom), (right, bottom), _INK, 1)
    _write(graph, caption, (left, top - 25))
    counts: Counter[str] = Counter(kinds)
    for place, kind in ((0.0, "night"), (0.5, "undecided"), (1.0, "day")):
        x = round(left + (right - left) * place)
        _write(graph, f"{counts[kind]} {kind}", (x, bottom + 35), align=place, colour=_COLOURS[kind])
    return graph


def _row(value: float) -> int:
    _, top, _, bottom = _AREA
    return round(bottom - (bottom - top) * min(value, 1.0))


def _write(
    graph: NDArray[np.uint8],
    text: str,
    place: tuple[int, int],
    *,
    align: float = 0.0,
    colour: tuple[int, int, int] = _INK,
) -> None:
    """Write a text whose baseline begins (``align`` 0), is centred (0.5) or ends (1) at a place."""
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    start = (round(place[0] - align * width), place[1])
    cv2.putText(graph, text, start, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def write_graph(path: Path, judged: Sequence[Judged], day: float, night: float) -> None:
    """Write the graph of a split as a PNG, whole or not at all."""
    caption = f"mean HSP brightness of {len(judged)} photographs, sorted"
    if any(each.normalised != each.brightness for each in judged):
        caption += f"; 1.0 is {max(each.brightness for each in judged):.3f}, the largest"
    graph = brightness_graph([each.normalised for each in judged], day, night, caption=caption)
    _, content = cv2.imencode(".png", graph[..., ::-1])
    with written_whole(path) as temporary:
        temporary.write_bytes(content.tobytes())
