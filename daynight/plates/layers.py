"""Which channels of a file are the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from daynight.errors import PlateError, nearest

_GREY: Final = frozenset({"Y", "L", "I", "GRAY", "GREY", "LUMINANCE"})
_SHOWN: Final = 6
"""Most names that an error lists."""


class PictureChannels(NamedTuple):
    """Which channels of a file are its picture, by index."""

    part: int
    rgb: tuple[int, int, int]
    """Red, green and blue; three times the same one if the picture is grey."""
    alpha: int | None


def find_picture(specs: Sequence[Any], layer: str | None, path: Path) -> PictureChannels:
    """Find a picture's channels.

    Args:
        specs: of all parts.
        layer: a prefix (``diffuse`` of ``diffuse.R``), the name of a part, or a view (``left``); ``None``: R,
            G and B of the first part that has them, or the one channel of a grey image.
        path: of the file, for errors.

    Raises:
        PlateError: there is no such picture.
    """
    for index, spec in enumerate(specs):
        for prefix in _prefixes(spec, layer):
            rgb = _rgb(spec, prefix)
            if rgb:
                return PictureChannels(index, rgb, _alpha(spec, prefix))
    if layer is None and _is_grey(specs[0]):
        return PictureChannels(0, (0, 0, 0), _alpha(specs[0], ""))
    layers = layers_of(specs)
    if layer is not None:
        raise PlateError(path, f"has no layer {layer!r} with R, G and B", nearest(layer, layers))
    names = [name for spec in specs for name in spec.channelnames]
    listed = ", ".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")
    remedy = f"set `layer` to {' or '.join(layers[:_SHOWN])}" if layers else "render the beauty as R, G, B"
    raise PlateError(path, f"has no channels R, G, B (but {listed})", remedy)


def find_matte(specs: Sequence[Any], path: Path) -> PictureChannels:
    """Find the matte in a file: the red channel of its picture, or its only channel, whatever its name.

    Raises:
        PlateError: it has several channels, and no picture among them.
    """
    if specs[0].nchannels == 1:
        return PictureChannels(0, (0, 0, 0), None)
    return find_picture(specs, None, path)


def layers_of(specs: Sequence[Any]) -> list[str]:
    """Return the names of all layers, parts and views that hold a picture."""
    names: dict[str, None] = {}  # a set that keeps its order
    for spec in specs:
        if _rgb(spec, ""):
            names |= {_label(spec) if len(specs) > 1 else "": None, _view(spec): None}
        prefixes = [name.rpartition(".")[0] for name in spec.channelnames]
        names |= {prefix: None for prefix in prefixes if prefix and _rgb(spec, f"{prefix}.")}
    return [name for name in names if name]


def _prefixes(spec: Any, layer: str | None) -> list[str]:
    """Return the prefixes under which a part's channels may be those of the layer."""
    if layer is None:
        return [""]
    return [f"{layer}.", ""] if layer in (_label(spec), _view(spec)) else [f"{layer}."]


def _label(spec: Any) -> str:
    return str(spec.get_string_attribute("oiio:subimagename"))


def _view(spec: Any) -> str:
    """Return the view of the channels without a prefix: the part's own, or the first of its ``multiView``."""
    views = spec.getattribute("multiView")
    return str(views[0] if views else spec.get_string_attribute("view"))


def _rgb(spec: Any, prefix: str) -> tuple[int, int, int] | None:
    names = [name.lower() for name in spec.channelnames]
    wanted = [f"{prefix}{channel}".lower() for channel in "rgb"]
    if not set(wanted) <= set(names):
        return None
    red, green, blue = (names.index(name) for name in wanted)
    return red, green, blue


def _alpha(spec: Any, prefix: str) -> int | None:
    """Return a layer's own alpha, else its part's: renderers premultiply every layer by the same coverage."""
    names = [name.lower() for name in spec.channelnames]
    if prefix and f"{prefix}a".lower() in names:
        return names.index(f"{prefix}a".lower())
    # OpenImageIO takes any channel that ends in A for the alpha, even that of a holdout layer.
    own = 0 <= spec.alpha_channel < spec.nchannels and "." not in names[spec.alpha_channel]
    return spec.alpha_channel if own else None


def _is_grey(spec: Any) -> bool:
    """Return whether a part's first channel is named as grey: a lone depth channel is not a picture.

    Luminance with chroma (Y, RY, BY) is a color picture, of a kind that is not supported.
    """
    names = [name.upper() for name in spec.channelnames]
    return names[0] in _GREY and not {"RY", "BY"} & set(names)
