"""The frame: its checks, views, crops and alignment."""

from __future__ import annotations

from typing import Any

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


class TestAligned:
    """A frame on another data window."""

    OWN = Window(10, -5, 64, 48)
    PART = Window(20, 0, 30, 20)

    def frame(self, **fields: Any) -> Frame:
        return Frame(picture()[np.newaxis], data_window=self.OWN, number=7, **fields)

    def test_its_own_window_copies_nothing(self) -> None:
        frame = self.frame()
        assert frame.aligned(Window(10, -5, 64, 48)) is frame
        at_origin = Frame(picture()[np.newaxis])
        assert at_origin.aligned(Window(0, 0, 64, 48)) is at_origin

    @pytest.mark.parametrize(
        "window",
        [
            PART,
            Window(0, -20, 100, 90),
            Window(-30, -30, 64, 48),
            Window(60, 30, 5, 50),
            Window(200, 0, 3, 4),
        ],
        ids=["inside", "around", "upper left", "across an edge", "elsewhere"],
    )
    def test_each_pixel_stays_in_its_place_and_is_black_and_transparent_outside(self, window: Window) -> None:
        plane = picture()[..., 0]
        frame = self.frame(alpha=plane, mask=plane, aovs={"map": picture()})
        aligned = frame.aligned(window)
        assert aligned.data_window == aligned.window == window
        assert (aligned.height, aligned.width) == (window.height, window.width)
        assert (aligned.display_window, aligned.number) == (self.OWN, 7)
        for row in range(window.height):
            for column in range(window.width):
                y, x = row + window.y - self.OWN.y, column + window.x - self.OWN.x
                pixel = picture()[y, x] if 0 <= y < 48 and 0 <= x < 64 else np.zeros(3)
                assert aligned.image[row, column].tolist() == pixel.tolist()
                assert aligned.aovs["map"][row, column].tolist() == pixel.tolist()
                assert aligned.alpha[row, column] == aligned.mask[row, column] == pixel[0]

    def test_the_frame_before_the_chain_comes_along(self) -> None:
        frame = self.frame(plate=self.frame())
        aligned = frame.aligned(self.PART)
        assert aligned.plate is not None
        assert aligned.plate.window == self.PART
        np.testing.assert_array_equal(aligned.plate.image, aligned.image)

    def test_a_frame_without_alpha_gets_one_where_it_has_no_pixels(self) -> None:
        assert self.frame().aligned(self.PART).alpha is None
        alpha = self.frame().aligned(Window(0, -5, 64, 48)).alpha
        assert alpha is not None
        assert not alpha[:, :10].any()
        assert (alpha[:, 10:] == 1).all()

    def test_a_tiled_frame_is_refused(self) -> None:
        layout = plan_tiles(48, 64, 32, 32, halo=4)
        tiled = Frame(cut(picture(), layout), tiles=layout, data_window=self.OWN)
        assert tiled.aligned(self.OWN) is tiled
        with pytest.raises(ValueError, match="reassemble it first"):
            tiled.aligned(self.PART)


def test_values_of_any_type_are_aligned() -> None:
    own = Window(2, 1, 4, 3)
    for kind in (np.uint8, np.uint32, np.float16):
        values = np.arange(1, 13, dtype=kind).reshape(3, 4)
        assert own.aligned(values, own) is values
        aligned = own.aligned(values, Window(4, 0, 3, 3))
        assert aligned.dtype == kind
        assert aligned.tolist() == [[0, 0, 0], [3, 4, 0], [7, 8, 0]]
