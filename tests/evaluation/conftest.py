from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, picture, write_image


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of small pictures: bright as day, dark as night."""
    root = tmp_path_factory.mktemp("sides")
    for number in range(4):
        day = picture(64, 96, seed=number)
        write_image(root / f"day/made_{number:04d}.png", as_uint8(day * np.float32(0.5) + np.float32(0.5)))
        write_image(root / f"night/made_{number:04d}.png", as_uint8(day * np.float32(0.15)))
    return root / "day", root / "night"


@pytest.fixture(scope="session")
def classifier_file(sides: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier trained for a few steps."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from daynight.evaluation.classifier import train_classifier

    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("classifier") / "classifier.safetensors"
    save_file(train_classifier(*sides, steps=40, seed=1).state_dict(), path)
    return path
