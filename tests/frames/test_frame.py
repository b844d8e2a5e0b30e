"""The value that walks through the house."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import picture

from daynight import Frame
from daynight.frames.frame import Window
from daynight.frames.tiling import cut, plan_tiles


def test_pixels_of_another_shape_or_type_are_refused() -> None:
    with pytest.raises(ValueError, match="float32 N×H×W×3, not float64 1×4×4×3"):
        Frame(np.zeros((1, 4, 4, 3)))
    with pytest.raises(ValueError, match="not float32 4×4×3"):
        Frame(np.zeros((4, 4, 3), np.float32))


def test_the_image_is_a_view() -> None:
    frame = Frame(picture()[np.newaxis])
    assert np.shares_memory(frame.image, frame.pixels)
    assert (frame.height, frame.width) == (48, 64)


def test_a_tiled_frame_knows_its_size_but_has_no_image() -> None:
    layout = plan_tiles(48, 64, 32, 32, halo=4)
    frame = Frame(cut(picture(), layout), tiles=layout)
    assert (frame.height, frame.width) == (48, 64)
    with pytest.raises(ValueError, match="reassemble it first"):
        _ = frame.image


def test_a_crop_takes_alpha_mask_maps_plate_and_windows_along() -> None:
    image = picture()
    plate = Frame(image[np.newaxis])
    frame = Frame(
        image[np.newaxis],
        alpha=image[..., 0],
        mask=image[..., 1],
        aovs={"map": image},
        data_window=Window(-10, 5, 64, 48),
        display_window=Window(0, 0, 100, 80),
        plate=plate,
    )
    part = frame.cropped(4, 6, 20, 10)
    np.testing.assert_array_equal(part.image, image[6:16, 4:24])
    np.testing.assert_array_equal(part.alpha, image[6:16, 4:24, 0])
    np.testing.assert_array_equal(part.mask, image[6:16, 4:24, 1])
    np.testing.assert_array_equal(part.aovs["map"], image[6:16, 4:24])
    assert part.data_window == Window(-6, 11, 20, 10)
    assert part.display_window == Window(0, 0, 100, 80)
    assert part.plate is not None
    np.testing.assert_array_equal(part.plate.image, image[6:16, 4:24])
