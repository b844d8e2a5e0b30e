"""A result's metadata: kept, carried to another format, stripped, and added to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import OpenImageIO as oiio

from daynight.plates.formats import OutputSpec

_USUAL_LEVEL: Final = 6
"""Of deflate, where a compression is asked for without one."""
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
"""Prefixes of attributes that describe the plate's own file, and mean nothing in another format."""
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
"""Attributes that are needed to interpret the pixels, in lower case: the only ones that stripping keeps."""


def set_attributes(
    spec: Any,
    plate: Any | None,
    output: OutputSpec,
    *,
    compression: str | None,
    strip: bool,
    added: Mapping[str, str | tuple[float, ...] | None],
) -> None:
    """Set the attributes of a part to write.

    Args:
        spec: of the part; changed in place.
        plate: spec of the plate's part; ``None``: the result has no plate's file.
        output: how the file is written.
        compression: ``NAME`` or ``NAME:LEVEL``; ``None``: the plate's, else the format's default.
        strip: whether to keep only the attributes needed to interpret the pixels.
        added: attributes to add; to remove where the value is ``None``.
    """
    if plate is not None and not output.same_format:
        _carry(plate, spec, output)
    if strip:
        for name in [each.name for each in spec.extra_attribs if each.name.lower() not in _OF_THE_PIXELS]:
            spec.erase_attribute(name)
    for name in [each.name for each in spec.extra_attribs if each.name.startswith(_OURS)]:
        spec.erase_attribute(name)  # written by an earlier run
    ours = {name: value for name, value in added.items() if name.startswith(_OURS)}
    for name, value in added.items():
        if value is None:
            spec.erase_attribute(name)
        elif isinstance(value, tuple):
            spec.attribute(name, f"float[{len(value)}]", value)
        elif name not in ours:
            spec.attribute(name, value)
    if ours and not strip:
        _set_provenance(spec, {name.removeprefix(_OURS): str(value) for name, value in ours.items()}, output)
    _set_compression(spec, output, compression)


def _carry(plate: Any, spec: Any, output: OutputSpec) -> None:
    """Copy attributes to another format, except those that describe the plate's own file."""
    for each in plate.extra_attribs:
        name = each.name.lower()
        if name.partition(":")[0] not in _OF_THE_FILE and name not in (
            "compression",
            "planarconfig",
            "colorinteropid",
        ):
            # spec.attribute() ignores types like uint16, so plain numbers go without theirs.
            if isinstance(each.value, int | float):
                spec.attribute(each.name, each.value)
            else:
                spec.attribute(each.name, each.type, each.value)
    dpx_rate = plate.get_float_attribute("dpx:FrameRate") or plate.get_float_attribute(
        "dpx:TemporalFrameRate"
    )
    if dpx_rate > 0:
        spec.attribute("FramesPerSecond", oiio.TypeRational, _ratio(dpx_rate))
    rate = plate.getattribute("FramesPerSecond")
    if rate and output.format.name == "dpx":
        spec.attribute("dpx:FrameRate", rate[0] / rate[1] if isinstance(rate, tuple) else float(rate))


def _ratio(rate: float) -> tuple[int, int]:
    """Return a frame rate as numerator and denominator: 23.976 is 24000 / 1001."""
    nominal = round(rate * 1.001)
    if abs(nominal / 1.001 - rate) < 0.001:
        return nominal * 1000, 1001
    ratio = Fraction(rate).limit_denominator(1001)
    return ratio.numerator, ratio.denominator


def _set_provenance(spec: Any, ours: Mapping[str, str], output: OutputSpec) -> None:
    """Record how the file was made: in an attribute each, or in one line appended to ``Software``."""
    if output.format.attributes:
        for name, value in ours.items():
            spec.attribute(_OURS + name, value)
        return
    digests = [
        f", {name} {ours[f'{name}_sha256'][:8]}" for name in ("model", "chain") if f"{name}_sha256" in ours
    ]
    config = ours.get("ocio", "").removeprefix("ocio://")
    # A DPX header has room for 99 characters: what matters least goes last.
    line = f"daynight {ours.get('version')}, {ours.get('look')}{''.join(digests)}, {config}"
    before = re.sub(r"(; )?daynight \d.*", "", spec.get_string_attribute("Software"))
    spec.attribute("Software", "; ".join(filter(None, (before, line))))


def _set_compression(spec: Any, output: OutputSpec, compression: str | None) -> None:
    target = output.format
    if compression and target.level_attribute:
        spec.attribute(target.level_attribute, int(compression.partition(":")[2] or _USUAL_LEVEL))
        return
    for name, value in ({"compression": compression} if compression else target.defaults).items():
        spec.attribute(name, value)
    # OpenImageIO reads DWA's level into an attribute of its own, and takes it only with the name.
    level = spec.get_float_attribute("openexr:dwaCompressionLevel")
    name = spec.get_string_attribute("compression")
    if not compression and target.name == "openexr" and level > 0 and name.startswith("dwa"):
        spec.attribute("compression", f"{name}:{level:g}")
