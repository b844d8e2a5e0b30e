"""Putting tiles together again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx_models import affine
from pictures import picture

from daynight import Frame


def test_tile_and_reassemble_alone_change_nothing(apply, tmp_path: Path) -> None:
    frame = Frame(picture(100, 140)[np.newaxis], "display")
    result = apply(frame, ("tile", {"size": 32, "halo": 0}), "reassemble", model=affine(tmp_path / "a.onnx"))
    assert result.tiles is None
    np.testing.assert_allclose(result.image, frame.image, atol=2e-7)
