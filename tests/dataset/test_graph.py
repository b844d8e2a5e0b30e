"""The graph of a split: P0's figure 1."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import read_image, write_image

from daynight.dataset import SplitOptions, brightness_graph, split

pytest.importorskip("matplotlib", reason="needs the extra `figures`")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NIGHT, UNDECIDED, DAY = (38, 70, 140), (140, 140, 140), (225, 130, 20)


def drawn(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure's pixels, H×W×3."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def test_the_graph_shows_each_photograph_at_its_position() -> None:
    values = [0.1, 0.3, 0.5, 0.7, 0.9]
    graph = drawn(brightness_graph(values))
    assert graph.shape == (540, 960, 3)
    for number, (value, colour) in enumerate(zip(values, (NIGHT, NIGHT, UNDECIDED, DAY, DAY), strict=True)):
        x, y = 70 + 860 * (number + 0.5) / 5, 480 - 420 * value
        np.testing.assert_allclose(graph[round(y), round(x)], colour, atol=30)
        assert (graph[round(y) - 25, round(x)] >= 225).all()
        assert (graph[round(y) + 25, round(x)] >= 225).all()


def test_the_graph_shows_the_thresholds() -> None:
    graph = drawn(brightness_graph([0.1, 0.9], 0.52, 0.48))
    for x in (400, 900):
        assert tuple(graph[round(480 - 420 * 0.52), x]) == DAY
        assert tuple(graph[round(480 - 420 * 0.48), x]) == NIGHT
    assert not (graph == DAY).all(axis=2)[round(480 - 420 * 0.6)].any()


def test_the_graph_of_one_photograph_has_a_dot() -> None:
    graph = drawn(brightness_graph([0.8]))
    np.testing.assert_allclose(graph[round(480 - 420 * 0.8), 500], DAY, atol=30)


def test_the_graph_is_written_as_png_in_its_own_colours(tmp_path: Path) -> None:
    for value in (51, 128, 230):
        write_image(tmp_path / f"photos/{value}.png", np.full((8, 12, 3), value, np.uint8))
    result = split(tmp_path / "photos", tmp_path / "out")
    pixels = read_image(tmp_path / "out/brightness.png")
    assert (tmp_path / "out/brightness.png").read_bytes().startswith(b"\x89PNG")
    values = [each.normalised for each in result.photographs]
    # Below the axes and above them stand counts and caption.
    np.testing.assert_array_equal(pixels[60:480, :, :3], drawn(brightness_graph(values))[60:480])


def test_without_matplotlib_all_but_the_graph_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "photos/a.png", np.full((8, 12, 3), 200, np.uint8))
    split(tmp_path / "photos", tmp_path / "out")
    assert (tmp_path / "out/brightness.png").exists()
    for name in [each for each in sys.modules if each.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    warnings: list[str] = []
    split(tmp_path / "photos", tmp_path / "out", warn=warnings.append)
    assert warnings == ["brightness.png is left out: it needs matplotlib; pip install 'daynight[figures]'"]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == [
        "a.png",
        "brightness.csv",
        "day",
        "night",
    ]
    (tmp_path / "other").mkdir()
    (tmp_path / "other/brightness.png").write_text("not a result of ours")
    split(tmp_path / "photos", tmp_path / "other", SplitOptions(overwrite=True), warn=warnings.append)
    assert (tmp_path / "other/brightness.png").read_text() == "not a result of ours"
