"""Pairs of one view by day and by night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from pictures import as_uint8, write_image

from daynight.dataset import find_pairs
from daynight.errors import UsageError


def view(seed: int) -> NDArray[np.float32]:
    """A view of its own: walls here and there."""
    random = np.random.default_rng(seed)
    picture = np.full((144, 192, 3), 0.4, np.float32)
    for _ in range(30):
        top, left = random.integers(0, 130), random.integers(0, 170)
        picture[top : top + random.integers(8, 40), left : left + random.integers(8, 40)] = random.random(3)
    return picture


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Two cameras by day and by night; one of the nights has moved, and there is a lone photograph."""
    random = np.random.default_rng(0)

    def write(side: str, name: str, picture: NDArray[np.float32]) -> None:
        noisy = picture + random.normal(0, 0.01, picture.shape)
        write_image(tmp_path / side / f"{name}.png", as_uint8(np.clip(noisy, 0, 1).astype(np.float32)))

    for number, (camera, seed) in enumerate([("north", 1), ("north", 1), ("south", 2)]):
        write("day", f"{camera}_{number:04d}", view(seed))
    write("night", "north_0000", view(1) * 0.2)
    write("night", "north_0001", view(5) * 0.2)
    write("night", "south_0000", view(2) * 0.3)
    write("night", "east_0000", view(1) * 0.2)
    return tmp_path / "day", tmp_path / "night"


def test_a_view_is_found_again_within_its_source(sides: tuple[Path, Path]) -> None:
    found = [(pair.day, pair.night) for pair in find_pairs(*sides)]
    assert found == [
        ("north_0000.png", "north_0000.png"),
        ("north_0001.png", "north_0000.png"),
        ("south_0002.png", "south_0000.png"),
    ]


def test_the_command_writes_what_training_reads(
    sides: tuple[Path, Path], tmp_path: Path, daynight: Callable[..., Result]
) -> None:
    from daynight.training.data.pairs import read_pairs

    result = daynight("dataset", "pairs", *sides, "--out", tmp_path / "pairs.csv")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"3 pairs of 3 by day and 2 by night → {tmp_path / 'pairs.csv'}\n"
    assert [row.night for row in read_pairs(tmp_path / "pairs.csv")] == ["north_0000.png"] * 2 + [
        "south_0000.png"
    ]


def test_a_higher_least_leaves_fewer(sides: tuple[Path, Path]) -> None:
    assert all(pair.correlation > 0.33 for pair in find_pairs(*sides))
    assert not find_pairs(*sides, least=0.9999)


def test_wrong_folders_and_broken_files_are_named(sides: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none: is not a folder"):
        find_pairs(tmp_path / "none", sides[1])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty"):
        find_pairs(sides[0], tmp_path / "empty")
    (sides[0] / "north_0009.png").write_bytes(b"no picture")
    told: list[str] = []
    assert len(find_pairs(*sides, warn=told.append)) == 3
    assert len(told) == 1
    assert "north_0009.png" in told[0]
