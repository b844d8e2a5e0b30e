"""Cutting a part out."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import picture

from daynight import Frame
from daynight.errors import PlateError
from daynight.frames.frame import Window

FRAME = Frame(picture(48, 64)[np.newaxis])

PARTS = {
    "centred": ({"width": 20, "height": 10}, (22, 19, 20, 10)),
    "placed": ({"width": 20, "height": 10, "x": 0, "y": 3}, (0, 3, 20, 10)),
    "square": ({"aspect": "1:1"}, (8, 0, 48, 48)),
    "wide": ({"aspect": "16:9"}, (0, 6, 64, 36)),
    "nothing asked": ({}, (0, 0, 64, 48)),
}


@pytest.mark.parametrize(("options", "part"), PARTS.values(), ids=PARTS)
def test_the_part(apply, options: dict[str, object], part: tuple[int, int, int, int]) -> None:
    x, y, width, height = part
    result = apply(FRAME, ("crop", options))
    np.testing.assert_array_equal(result.image, FRAME.image[y : y + height, x : x + width])
    assert result.data_window == Window(x, y, width, height)
    assert result.display_window == Window(0, 0, 64, 48)


def test_a_crop_that_leaves_the_frame_is_refused(apply) -> None:
    with pytest.raises(PlateError, match="crop 80x10 at -8,19 exceeds a frame of 64x48"):
        apply(FRAME, ("crop", {"width": 80, "height": 10}))
