"""The rows of the file formats: against OpenImageIO, against the docs, and at the end of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from pictures import as_uint8, picture, read_image, run_convert, write_image

from daynight.plates.atomic import require_end
from daynight.plates.formats import FORMATS, Format

DOCS = Path(__file__).parents[2] / "docs/colour.md"
ROWS = {each.name: each for each in FORMATS.values()}
WRITABLE = {name: each for name, each in ROWS.items() if each.depths}
formats = pytest.mark.parametrize("row", WRITABLE.values(), ids=WRITABLE)


def rgba(path: Path) -> Path:
    pixels = np.concatenate([picture(), picture()[..., :1]], axis=2)
    return write_image(path, pixels.astype(np.float16), "RGBA")


@pytest.mark.parametrize("extension", FORMATS)
def test_an_extension_is_its_formats_in_openimageio(extension: str) -> None:
    listed = (each.partition(":") for each in oiio.get_string_attribute("extension_list").split(";"))
    (name,) = [name for name, _, extensions in listed if extension[1:] in extensions.split(",")]
    assert FORMATS[extension].name == name


@formats
def test_the_docs_say_what_a_format_holds(row: Format) -> None:
    title = {"openexr": "EXR", "targa": "TGA"}.get(row.name, row.name.upper())
    (line,) = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith(f"| {title} |")]
    _, depths, _, alpha, windows, layers, attributes = (cell.strip() for cell in line.strip("| ").split("|"))
    assert tuple(depths.split(", ")) == row.depths
    assert (alpha != "over black") == row.alpha
    assert (alpha == "premultiplied") == row.premultiplied
    assert (windows == "yes") == row.windows
    assert (layers == "yes") == row.layers
    assert attributes.startswith("any") == row.attributes


@formats
def test_alpha_is_written_where_the_row_has_it(tmp_path: Path, row: Format) -> None:
    extension = row.extensions[0]
    run_convert(rgba(tmp_path / "a.exr"), ext=extension)
    assert read_image(tmp_path / f"out/a{extension}").shape[2] == (4 if row.alpha else 3)


@pytest.mark.parametrize("extension", [".png", ".jpg", ".jpeg"])
def test_a_file_that_lacks_its_end_marker_is_noticed(tmp_path: Path, extension: str) -> None:
    """The disk may run full while a file is written, and libpng and libjpeg don't report it."""
    run_convert(write_image(tmp_path / "a.tif", as_uint8(picture())), ext=extension)
    path, marker = tmp_path / f"out/a{extension}", FORMATS[extension].end_marker
    require_end(path, marker)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="No space left"):
        require_end(path, marker)
