"""About forty conversions, and the pixels they gave before the rooms were rearranged.

``tests/data/golden.npz`` holds them; ``python tests/test_golden.py`` writes it anew. Without arithmetic
pixels must be equal; else they may differ by what ``exp2`` and ``pow`` differ by between processors.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray
from onnx_models import affine, maps

import daynight

GOLDEN: Final = Path(__file__).parent / "data/golden.npz"
SIZE: Final = (24, 16)
OURS: Final = (
    "daynight:",
    "Software",
    "DateTime",
    "oiio:",
    "capDate",
    "ImageHistory",
    "openexr:",
    "FileName",
)
"""Attributes that name a version, a digest or a moment, or that the library adds."""

Plate = Callable[[Path], Path]
Channels = dict[str, NDArray[Any]]


def light(seed: int = 1) -> NDArray[np.float32]:
    """Scene-linear pixels with a sun, some noise and a dark corner: 16×24×3."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    ramp = np.stack([x / SIZE[0], y / SIZE[1], (x + y) / sum(SIZE)], axis=2)
    pixels = ramp**2 + random.random((*SIZE[::-1], 3)).astype(np.float32) * 0.05
    pixels[2:4, 2:4] = [9, 7, 4]
    return pixels.astype(np.float32)


def written(path: Path, pixels: NDArray[Any], names: str | list[str] = "RGB", **attributes: Any) -> Path:
    """Write one part by OpenImageIO alone; ``types`` and ``at`` (x, y, display window) are no attributes."""
    types = {"uint8": oiio.UINT8, "uint16": oiio.UINT16, "float16": oiio.HALF, "float32": oiio.FLOAT}
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], types[str(pixels.dtype)])
    spec.channelnames = tuple(names)
    spec.alpha_channel = list(names).index("A") if "A" in names else -1
    spec.channelformats = attributes.pop("types", ())
    if at := attributes.pop("at", None):
        spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height = at
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(np.ascontiguousarray(pixels)), out.geterror()
    assert out.close()
    return path


def codes(bits: int = 8) -> NDArray[Any]:
    return np.rint(np.clip(light(), 0, 1) * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def exr(folder: Path) -> Path:
    attributes = {"compression": "piz", "owner": "us", "smpte__TimeCode": "01:00:00:01"}
    return written(folder / "a.exr", light().astype(np.float16), **attributes)


def exr_of_all(folder: Path) -> Path:
    alpha = np.linspace(0, 1, SIZE[0] * SIZE[1], dtype=np.float32).reshape(*SIZE[::-1], 1)
    depth, ids = light(2)[..., :1] * 100, np.arange(SIZE[0] * SIZE[1], dtype=np.float32)
    channels = np.concatenate([light() * alpha, alpha, depth, ids.reshape(alpha.shape), light(3)], axis=2)
    names = ["R", "G", "B", "A", "Z", "id", "diffuse.R", "diffuse.G", "diffuse.B"]
    types = (*[oiio.HALF] * 4, oiio.FLOAT, oiio.FLOAT, *[oiio.HALF] * 3)
    return written(folder / "a.exr", channels, names, types=types, compression="zips")


def exr_in_windows(folder: Path) -> Path:
    return written(folder / "a.exr", light(), at=(-3, 5, 0, 0, 30, 20), compression="zip")


def dpx(folder: Path, **attributes: Any) -> Path:
    ten = np.rint(np.clip(light() ** 0.4, 0, 1) * 1023).astype(np.uint16)
    return written(folder / "a.dpx", (ten << 6) | (ten >> 4), **{"oiio__BitsPerSample": 10, **attributes})


def film(folder: Path) -> Path:
    return dpx(folder, dpx__Transfer="Printing density", dpx__Colorimetric="Printing density")


def still(ext: str, bits: int = 8, names: str = "RGB") -> Plate:
    def write(folder: Path) -> Path:
        pixels = codes(bits)
        if "A" in names:
            pixels = np.concatenate([pixels, pixels[..., :1]], axis=2)
        return written(folder / f"a.{ext}", pixels, names)

    return write


def floats(ext: str) -> Plate:
    return lambda folder: written(folder / f"a.{ext}", light())


def grey(folder: Path) -> Path:
    return written(folder / "a.tif", codes()[..., :1], "Y")


def nan(folder: Path) -> Path:
    pixels = light()
    pixels[5, 5], pixels[6, 6] = np.nan, np.inf
    return written(folder / "a.exr", pixels)


def shot(folder: Path) -> Path:
    for number in (1, 2, 4):
        written(folder / f"sh/a.{number:04d}.exr", light(number))
    return folder / "sh"


def of_maps(folder: Path) -> dict[str, Any]:
    return {"model": maps(folder / "m.onnx", (-2, -1.5, -1), (0.01, 0, 0.02))}


def of_pixels(folder: Path) -> dict[str, Any]:
    return {"model": affine(folder / "p.onnx", 0.5, -0.25), "settings": ["tile.size=16", "tile.halo=2"]}


def matte(folder: Path) -> dict[str, Any]:
    return {"mask": written(folder / "matte/m.png", codes()[..., :1], "Y")}


def reference(folder: Path) -> dict[str, Any]:
    still = written(folder / "still/warm.png", codes()[..., ::-1])
    text = f'[[step]]\nuse = "color_match"\nreference = "{still}"\nmethod = "histogram"\nstrength = 0.5\n'
    (folder / "match.toml").write_text(text)
    return {"chain": folder / "match.toml"}


def crop(folder: Path) -> dict[str, Any]:
    steps = '[[step]]\nuse = "crop"\nwidth = 10\nheight = 8\n[[step]]\nuse = "grade"\nexposure = -1.5\n'
    (folder / "crop.toml").write_text(steps)
    return {"chain": folder / "crop.toml"}


GRADE: Final = {"to": "grade"}
CASES: Final[dict[str, tuple[Plate, Any]]] = {
    "exr": (exr, {}),
    "exr, all kinds of channels": (exr_of_all, {}),
    "exr, windows": (exr_in_windows, {}),
    "exr, NaN": (nan, {}),
    "dpx": (dpx, {}),
    "dpx, film": (film, {}),
    "png": (still("png"), {}),
    "png, 16 bits and alpha": (still("png", 16, "RGBA"), {}),
    "tif": (still("tif"), {}),
    "tif, 16 bits": (still("tif", 16), {}),
    "tif, floats": (floats("tif"), {}),
    "tif, grey": (grey, {}),
    "bmp": (still("bmp"), {}),
    "tga": (still("tga", 8, "RGBA"), {}),
    "hdr": (floats("hdr"), {}),
    "exr, grade": (exr, GRADE),
    "exr, all kinds of channels, grade": (exr_of_all, GRADE),
    "exr, windows, grade": (exr_in_windows, GRADE),
    "exr, NaN to zero, grade": (nan, {**GRADE, "nonfinite": "zero"}),
    "dpx, film, grade": (film, GRADE),
    "png, grade": (still("png"), GRADE),
    "jpg, grade": (still("jpg"), GRADE),
    "tif, grey, grade": (grey, GRADE),
    "exr, settings": (exr, {**GRADE, "settings": ["grade.exposure=-1", "grade.tint=[1, 0.9, 0.8]"]}),
    "exr, half strength": (exr, {**GRADE, "strength": 0.5}),
    "exr, no strength": (exr, {**GRADE, "strength": 0.0}),
    "exr, lights": (exr, {**GRADE, "protect_lights": True}),
    "exr, mask": (exr, lambda folder: {**GRADE, **matte(folder)}),
    "exr, layer": (exr_of_all, {**GRADE, "layer": "diffuse"}),
    "exr, ACEScg": (exr, {**GRADE, "colorspace": "ACEScg"}),
    "exr to ACES2065-1": (exr, {"out_colorspace": "ACES2065-1"}),
    "exr to png": (exr_of_all, {**GRADE, "ext": "png"}),
    "exr to 10-bit dpx": (exr, {"ext": "dpx", "depth": "10"}),
    "png to exr": (still("png"), {**GRADE, "ext": "exr", "compression": "zips"}),
    "png to 16-bit tif": (still("png"), {"ext": "tif", "depth": "16"}),
    "exr to float": (exr, {"depth": "float", "compression": "zip"}),
    "tif, stripped": (still("tif"), {"strip_metadata": True}),
    "maps": (exr, lambda folder: {"to": "night", **of_maps(folder)}),
    "maps, AOVs": (exr, lambda folder: {"to": "night", "aovs": True, **of_maps(folder)}),
    "pictures in tiles": (still("png"), lambda folder: {"to": "night", **of_pixels(folder)}),
    "matched": (still("png"), reference),
    "cropped": (exr_in_windows, crop),
    "shot, held": (shot, {**GRADE, "on_missing": "hold"}),
    "shot, black": (shot, {**GRADE, "on_missing": "black", "frames": "2-3"}),
}


def converted(case: str, folder: Path) -> tuple[dict[str, Any], Channels]:
    """Convert, and return what the files say of themselves, and their channels."""
    plate, options = CASES[case]
    source = plate(folder / "in")
    options = dict(options(folder) if callable(options) else options)
    if "chain" not in options:
        options.setdefault("to", "passthrough")
    summary = daynight.convert(source, out=folder / "out", device="cpu", **options)
    assert not summary.failed, summary.failed
    files: dict[str, Any] = {}
    channels: Channels = {}
    for path in sorted(each for each in (folder / "out").rglob("*") if each.is_file()):
        image = oiio.ImageInput.open(str(path))
        spec = image.spec()
        attributes = {each.name: str(each.value) for each in spec.extra_attribs}
        files[path.name] = {
            "channels": list(spec.channelnames),
            "types": [str(each) for each in spec.channelformats or [spec.format]],
            "windows": [spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height],
            "attributes": {name: text for name, text in attributes.items() if not name.startswith(OURS)},
        }
        values = image.read_image(0, 0, 0, spec.nchannels, spec.format)
        channels[path.name] = values.reshape(spec.height, spec.width, -1)
        image.close()
    return files, channels


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", CASES)
def test_a_conversion_gives_what_it_gave(case: str, tmp_path: Path) -> None:
    with np.load(GOLDEN) as golden:
        known = json.loads(str(golden[f"{case}|files"]))
        files, channels = converted(case, tmp_path)
        assert files == known
        for name, values in channels.items():
            expected = golden[f"{case}|{name}"]
            exact = CASES[case][1] == {}
            unit = 1.0 if values.dtype.kind == "u" else 0.0
            steps = 0 if exact else (4 if name.endswith("jpg") else 2)
            np.testing.assert_allclose(
                values.astype(np.float64),
                expected.astype(np.float64),
                atol=steps * unit,
                rtol=0 if exact or unit else steps * 2.0**-11,
                err_msg=name,
            )


def write() -> None:
    """Write ``tests/data/golden.npz`` from what conversions give now."""
    arrays: dict[str, NDArray[Any]] = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            files, channels = converted(case, Path(folder))
        arrays[f"{case}|files"] = np.array(json.dumps(files))
        arrays |= {f"{case}|{name}": values for name, values in channels.items()}
    np.savez_compressed(GOLDEN, allow_pickle=False, **arrays)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    write()
