"""From a plate to the chain, and from the chain to a file: nothing changes that no step has touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import delivery, intake, open_spec, picture, write_image

from daynight.colour.spaces import ColourSpaces
from daynight.looks.chain import Chain
from daynight.plates import output_spec, read_frame
from daynight.plugin.look import LookSpec, StepSpec


@pytest.mark.parametrize(("ext", "kind"), [("tif", np.uint8), ("exr", np.float16)])
def test_an_empty_chain_gives_the_very_same_frame(tmp_path: Path, ext: str, kind: type) -> None:
    pixels = (picture(seed=1)[..., [0, 1, 2, 0]] * 200).astype(kind)
    frame = read_frame(write_image(tmp_path / f"a.{ext}", pixels, "RGBA"))
    assert frame.premultiplied
    empty, spaces = Chain("test"), ColourSpaces()
    frame = spaces.declared(frame)
    output = output_spec(frame, tmp_path / f"b.{ext}")
    result = empty.apply(intake(empty, spaces).working(frame))
    assert delivery(empty, spaces).filed(frame, result, output).pixels is frame.pixels


def test_premultiplied_pixels_are_divided_for_the_steps_and_multiplied_after(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 4), 0.1, np.float32)
    pixels[..., 3] = 0.25
    pixels[0, :, 3] = 0
    frame = read_frame(write_image(tmp_path / "a.exr", pixels, "RGBA"))
    spaces = ColourSpaces()
    darker = open_spec(LookSpec("test", (StepSpec("grade", {"exposure": -1}),)))
    seen = intake(darker, spaces).working(frame)
    np.testing.assert_allclose(seen.image[1:], 0.4, rtol=1e-6)
    np.testing.assert_allclose(seen.image[0], 0.1, rtol=1e-6, err_msg="a glow has light without coverage")
    output = output_spec(frame, tmp_path / "b.exr")
    result = delivery(darker, spaces).filed(frame, darker.apply(seen), output)
    np.testing.assert_allclose(result.image[1:], 0.05, rtol=1e-5)
    np.testing.assert_array_equal(result.image[0], np.float32(0.1), err_msg="without coverage: as it was")
    assert result.premultiplied
