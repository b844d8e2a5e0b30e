"""Pictures of ours, and files written and read by OpenImageIO alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from daynight import api
from daynight.colour.spaces import ColourSpaces
from daynight.engine.delivery import Delivery
from daynight.engine.events import Summary
from daynight.engine.intake import Intake
from daynight.frames.frame import Frame
from daynight.job import Job
from daynight.looks.chain import Chain
from daynight.looks.opening import open_chain
from daynight.models.session import ModelCache
from daynight.plates import WriteOptions, output_spec, read_frame, write_frame
from daynight.plugin.look import LookSpec
from daynight.plugin.registry import Registry

SHARED = Path(__file__).parents[2] / "shared"
EXAMPLES = Path(__file__).parents[1] / "examples"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared is not here")


def picture(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """A smooth picture with some grain, H×W×3 in [0, 1]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [np.sin(x / 9 + k) * np.cos(y / 7 - k + seed) for k in range(3)]
    smooth = np.stack(planes, axis=2) * 0.4 + 0.5
    return np.clip(smooth + random.normal(0, 0.02, smooth.shape), 0, 1).astype(np.float32)


def write_image(path: Path, pixels: NDArray[np.generic], names: str = "RGB", **attributes: object) -> Path:
    """Write an array H×W×C as it stands, by OpenImageIO alone."""
    kinds = {"uint8": oiio.UINT8, "uint16": oiio.UINT16, "float16": oiio.HALF, "float32": oiio.FLOAT}
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kinds[str(pixels.dtype)])
    if pixels.shape[2] == len(names):
        spec.channelnames = tuple(names)
        spec.alpha_channel = names.find("A")
    for key, value in attributes.items():
        spec.attribute(key.replace("__", ":"), value)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(np.ascontiguousarray(pixels)), out.geterror()
    assert out.close()
    return path


def read_image(path: Path) -> NDArray[np.generic]:
    """Read a file's pixels as they stand, H×W×C in the file's own type."""
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    assert source is not None, oiio.geterror()
    spec = source.spec()
    pixels = source.read_image(0, 0, 0, spec.nchannels, spec.format)
    source.close()
    return pixels.reshape(spec.height, spec.width, spec.nchannels)


def save(frame: Frame, target: Path, *, untouched: bool = True, **options: object) -> None:
    """Write a frame as a conversion without a step does."""
    spaces = ColourSpaces()
    plate = spaces.declared(frame)
    output = output_spec(plate, target, options.get("depth"))
    result = delivery(Chain("passthrough"), spaces).filed(plate, plate, output)
    write_frame(result, output, options=WriteOptions(**options), untouched=untouched)


def delivery(chain: Chain, spaces: ColourSpaces, **options: object) -> Delivery:
    return Delivery(Job((), "test", **options), spaces, chain, pytest.fail)


def intake(chain: Chain, spaces: ColourSpaces, **options: object) -> Intake:
    return Intake(Job((), "test", **options), spaces, chain)


def open_spec(look: LookSpec, *, warn: Callable[[str], None] = pytest.fail, **options: object) -> Chain:
    """Open a look on the CPU, with the steps that there are."""
    registry = registered()
    spaces = options.pop("spaces", ColourSpaces())
    return open_chain(
        look,
        registry,
        ModelCache(registry.models, "cpu"),
        warn=warn,
        still=lambda path: spaces.without_overrides().displayed(read_frame(path)),
        **options,
    )


def convert(
    sources: object, to: str | None = None, *, warn: object = None, observe: object = None, **options: object
) -> Summary:
    """Convert as ``daynight.convert`` does, and hear of what happens."""
    hooks = {"warn": warn, "observe": observe, "registry": options.pop("registry", None)}
    hooks = {name: hook for name, hook in hooks.items() if hook is not None}
    return api.run(Job(sources, to, **options), **hooks)


def as_uint8(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(pixels * 255).astype(np.uint8)


TYPES = {
    "half": oiio.HALF,
    "float": oiio.FLOAT,
    "uint": oiio.UINT32,
    "uint8": oiio.UINT8,
    "uint16": oiio.UINT16,
}


def part(
    channels: dict[str, str],
    *,
    size: tuple[int, int] = (64, 48),
    at: tuple[int, int] = (0, 0),
    display: tuple[int, int, int, int] | None = None,
    tile: int = 0,
    **attributes: object,
) -> oiio.ImageSpec:
    """Describe one part of a file: its channels' types by name, its windows (x, y, width, height)."""
    width, height = size
    spec = oiio.ImageSpec(width, height, len(channels), oiio.FLOAT)
    kinds = [TYPES[kind] for kind in channels.values()]
    spec.channelnames = tuple(channels)
    spec.set_format(kinds[0])
    spec.channelformats = tuple(kinds) if len(set(kinds)) > 1 else ()
    spec.alpha_channel = list(channels).index("A") if "A" in channels else -1
    spec.tile_width = spec.tile_height = tile
    spec.x, spec.y = at
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = display or (*at, width, height)
    for key, value in attributes.items():
        spec.attribute(key.replace("__", ":"), *(value if isinstance(value, tuple) else (value,)))
    return spec


def write_parts(path: Path, *parts: tuple[oiio.ImageSpec, NDArray[np.generic]]) -> Path:
    """Write a file of these parts by OpenImageIO alone, which converts each array to its channels' types."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = oiio.ImageOutput.create(str(path))
    specs = tuple(spec for spec, _ in parts)
    for index, (spec, pixels) in enumerate(parts):
        if index:
            assert out.open(str(path), spec, "AppendSubimage"), out.geterror()
        else:
            assert out.open(str(path), specs if len(specs) > 1 else spec), out.geterror()
        assert out.write_image(np.ascontiguousarray(pixels)), out.geterror()
    assert out.close(), out.geterror()
    return path


def specs_of(path: Path) -> list[oiio.ImageSpec]:
    """Describe all parts of a file, in order."""
    source = oiio.ImageInput.open(str(path))
    assert source is not None, oiio.geterror()
    specs = []
    while source.seek_subimage(len(specs), 0):
        specs.append(oiio.ImageSpec(source.spec()))
    source.geterror()
    source.close()
    return specs


def channel_bits(path: Path) -> dict[tuple[int, str, str], bytes]:
    """Return the bits of every channel, read as its own type, by part, name and type; in the file's order."""
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    assert source is not None, oiio.geterror()
    bits = {}
    for index, spec in enumerate(specs_of(path)):
        kinds = spec.channelformats or (spec.format,) * spec.nchannels
        for kind, run in groupby(range(spec.nchannels), key=lambda place: str(kinds[place])):
            places = list(run)
            pixels = source.read_image(index, 0, places[0], places[-1] + 1, kinds[places[0]])
            assert pixels is not None, source.geterror()
            planes = pixels.reshape(spec.height, spec.width, len(places))
            for plane, place in enumerate(places):
                bits[index, spec.channelnames[place], kind] = planes[..., plane].tobytes()
    source.close()
    return bits


@cache
def registered() -> Registry:
    return Registry.load()


def run_convert(source: Path, to: str = "passthrough", **options: object) -> tuple[Summary, list[str]]:
    """Convert as ``daynight.convert`` does; return the summary and the warnings."""
    warnings: list[str] = []
    options.setdefault("out", source.parent / "out")
    summary = convert(source, to, registry=registered(), warn=warnings.append, **options)
    return summary, warnings


def converted(source: Path, to: str = "passthrough", **options: object) -> Path:
    """Convert one file without fault or warning, and return the result's path."""
    summary, warnings = run_convert(source, to, **options)
    assert not warnings
    assert not [str(each.fault) for each in summary.failed]
    assert summary.done == 1
    (result,) = [path for path in summary.outputs[0].rglob("*") if path.stem == source.stem]
    return result
