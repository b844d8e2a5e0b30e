"""What a file says beside its pixels: kept, carried to another format, stripped, and added to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import OpenImageIO as oiio

from daynight.errors import UsageError
from daynight.plates.formats import Form

_JPEG_QUALITY: Final = 95
_OURS: Final = "daynight:"
_OF_THE_FILE: Final = (
    "oiio",
    "openexr",
    "png",
    "jpeg",
    "tiff",
    "dpx",
    "cineon",
    "targa",
    "bmp",
    "iccprofile",
)
"""Prefixes of attributes that describe the plate's own file, and mean nothing in another format's."""
_OF_THE_PIXELS: Final = frozenset(
    {
        "colorinteropid",
        "chromaticities",
        "compression",
        "dpx:colorimetric",
        "dpx:imagedescriptor",
        "dpx:packing",
        "dpx:transfer",
        "iccprofile",
        "multiview",
        "name",
        "oiio:bitspersample",
        "oiio:colorspace",
        "oiio:subimagename",
        "oiio:unassociatedalpha",
        "openexr:dwacompressionlevel",
        "openexr:lineorder",
        "orientation",
        "pixelaspectratio",
        "planarconfig",
        "screenwindowcenter",
        "screenwindowwidth",
        "view",
    }
)
"""Attributes without which the pixels would be read wrongly: all that is left by stripping."""
_NO_LEVEL: Final = range(0)
_LEVELS: Final = range(1, 10)
_COMPRESSIONS: Final = {
    "openexr": {
        **dict.fromkeys(("none", "rle", "piz", "pxr24", "b44", "b44a"), _NO_LEVEL),
        **dict.fromkeys(("zip", "zips"), _LEVELS),
        **dict.fromkeys(("dwaa", "dwab"), range(1, 100001)),
    },
    "tiff": {**dict.fromkeys(("none", "lzw", "packbits"), _NO_LEVEL), "zip": _LEVELS},
    "jpeg": {"jpeg": range(1, 101)},
    "png": {"png": range(10)},
    "targa": dict.fromkeys(("none", "rle"), _NO_LEVEL),
}
"""What each format can be compressed by, and the levels that it takes."""


def describe(
    spec: Any,
    plate: Any | None,
    form: Form,
    *,
    compression: str | None,
    strip: bool,
    added: Mapping[str, str | tuple[float, ...] | None],
) -> None:
    """Return a part's description its attributes.

    Args:
        spec: of the part to write; changed in place.
        plate: of the plate's part, where its attributes come from; ``None``: there are none.
        form: of the file.
        compression: ``NAME`` or ``NAME:LEVEL``; ``None``: the plate's, else the format's usual.
        strip: leave out all that the pixels can be read without, and what is added.
        added: attributes of ours; ``None`` takes one away.
    """
    if plate is not None and not form.same:
        _carry(plate, spec, form)
    if strip:
        for name in [each.name for each in spec.extra_attribs if each.name.lower() not in _OF_THE_PIXELS]:
            spec.erase_attribute(name)
    for name in [each.name for each in spec.extra_attribs if each.name.startswith(_OURS)]:
        spec.erase_attribute(name)  # of an earlier run
    ours = {name: value for name, value in added.items() if name.startswith(_OURS)}
    for name, value in added.items():
        if value is None:
            spec.erase_attribute(name)
        elif isinstance(value, tuple):
            spec.attribute(name, f"float[{len(value)}]", value)
        elif name not in ours:
            spec.attribute(name, value)
    if ours and not strip:
        _sign(spec, {name.removeprefix(_OURS): str(value) for name, value in ours.items()}, form)
    _compress(spec, form, compression)


def require_compression(ending_format: str, compression: str) -> None:
    """See that a format has a compression of this name.

    Raises:
        UsageError: it has none.
    """
    name, _, level = compression.partition(":")
    known = _COMPRESSIONS.get(ending_format, {})
    if name not in known:
        has = f"known: {', '.join(known)}" if known else "leave it out"
        raise UsageError(f"`compression={compression}`", f"{ending_format} has no such compression", has)
    levels = known[name]
    if level and not (level.isdecimal() and int(level) in levels):
        takes = f"give {levels[0]} to {levels[-1]}" if levels else "leave the level out"
        raise UsageError(f"`compression={compression}`", f"{level} is no level of {name}", takes)


def _carry(plate: Any, spec: Any, form: Form) -> None:
    """Carry attributes to another format, but for those that describe the plate's own file."""
    for each in plate.extra_attribs:
        name = each.name.lower()
        if name.partition(":")[0] not in _OF_THE_FILE and name not in (
            "compression",
            "planarconfig",
            "colorinteropid",
        ):
            if isinstance(
                each.value, int | float
            ):  # of types like uint16, which spec.attribute() passes over
                spec.attribute(each.name, each.value)
            else:
                spec.attribute(each.name, each.type, each.value)
    in_dpx = plate.get_float_attribute("dpx:FrameRate") or plate.get_float_attribute("dpx:TemporalFrameRate")
    if in_dpx > 0:
        spec.attribute("FramesPerSecond", oiio.TypeRational, _ratio(in_dpx))
    told = plate.getattribute("FramesPerSecond")
    if told and form.format.name == "dpx":
        spec.attribute("dpx:FrameRate", told[0] / told[1] if isinstance(told, tuple) else float(told))


def _ratio(rate: float) -> tuple[int, int]:
    """Return a frame rate as a ratio of whole numbers: 23.976 is 24000 / 1001."""
    nominal = round(rate * 1.001)
    if abs(nominal / 1.001 - rate) < 0.001:
        return nominal * 1000, 1001
    ratio = Fraction(rate).limit_denominator(1001)
    return ratio.numerator, ratio.denominator


def _sign(spec: Any, ours: Mapping[str, str], form: Form) -> None:
    """Say how the file was made: an attribute each, or one line after the plate's own software."""
    if form.format.attributes:
        for name, value in ours.items():
            spec.attribute(_OURS + name, value)
        return
    digests = [
        f", {name} {ours[f'{name}_sha256'][:8]}" for name in ("model", "chain") if f"{name}_sha256" in ours
    ]
    config = ours.get("ocio", "").removeprefix("ocio://")
    # A DPX has room for 99 letters: what matters least stands last.
    line = f"daynight {ours.get('version')}, {ours.get('look')}{''.join(digests)}, {config}"
    before = re.sub(r"(; )?daynight \d.*", "", spec.get_string_attribute("Software"))
    spec.attribute("Software", "; ".join(filter(None, (before, line))))


def _compress(spec: Any, form: Form, compression: str | None) -> None:
    name = form.format.name
    if compression and name == "png":
        spec.attribute("png:compressionLevel", int(compression.partition(":")[2] or 6))
    elif compression:
        spec.attribute("compression", compression)
    elif name == "jpeg":
        spec.attribute("compression", f"jpeg:{_JPEG_QUALITY}")
    elif name == "png":
        # One filter (average) for all rows, not the best of five for each: half the time, the same size.
        spec.attribute("png:compressionLevel", 1)
        spec.attribute("png:filter", 64)
    elif name == "openexr":
        level = spec.get_float_attribute("openexr:dwaCompressionLevel")
        kind = spec.get_string_attribute("compression")
        if level > 0 and kind.startswith("dwa"):
            spec.attribute("compression", f"{kind}:{level:g}")
