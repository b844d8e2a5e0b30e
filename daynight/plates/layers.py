"""Which channels of a file are the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from daynight.errors import PlateError, nearest

_GREY: Final = frozenset({"Y", "L", "I", "GRAY", "GREY", "LUMINANCE"})
_SHOWN: Final = 6
"""Names listed in an error before it is cut."""


class Picture(NamedTuple):
    """Where a picture lies in a file."""

    part: int
    places: tuple[int, int, int]
    """Channels of red, green and blue; the same one three times if it is grey."""
    alpha: int | None


def find_picture(specs: Sequence[Any], layer: str | None, path: Path) -> Picture:
    """Find a picture's channels.

    Without a layer it is R, G and B of the first part that has them, or the one channel of a grey image. A
    layer is a prefix (``diffuse.R``), the name of a part, or a view (``left``).

    Raises:
        PlateError: there is no such picture.
    """
    for index, spec in enumerate(specs):
        for prefix in _prefixes(spec, layer):
            places = _rgb(spec, prefix)
            if places:
                return Picture(index, places, _alpha(spec, prefix))
    if layer is None and _is_grey(specs[0]):
        return Picture(0, (0, 0, 0), _alpha(specs[0], ""))
    layers = layers_of(specs)
    if layer is not None:
        raise PlateError(path, f"has no layer {layer!r} with R, G and B", nearest(layer, layers))
    names = [name for spec in specs for name in spec.channelnames]
    listed = ", ".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")
    remedy = f"set `layer` to {' or '.join(layers[:_SHOWN])}" if layers else "render the beauty as R, G, B"
    raise PlateError(path, f"has no channels R, G, B (but {listed})", remedy)


def find_matte(specs: Sequence[Any], path: Path) -> Picture:
    """Find the channel that a matte's file is about: its picture's red, or its only one whatever the name.

    Raises:
        PlateError: there is neither.
    """
    if specs[0].nchannels == 1:
        return Picture(0, (0, 0, 0), None)
    return find_picture(specs, None, path)


def layers_of(specs: Sequence[Any]) -> list[str]:
    """Return the names of the layers that are pictures: all that ```layer``` takes."""
    found: dict[str, None] = {}
    for spec in specs:
        if _rgb(spec, ""):
            found |= {_label(spec) if len(specs) > 1 else "": None, _view(spec): None}
        prefixes = [name.rpartition(".")[0] for name in spec.channelnames]
        found |= {prefix: None for prefix in prefixes if prefix and _rgb(spec, f"{prefix}.")}
    return [name for name in found if name]


def _prefixes(spec: Any, layer: str | None) -> list[str]:
    """What the names of this part's channels may begin with, for this layer to be in it."""
    if layer is None:
        return [""]
    return [f"{layer}.", ""] if layer in (_label(spec), _view(spec)) else [f"{layer}."]


def _label(spec: Any) -> str:
    return str(spec.get_string_attribute("oiio:subimagename"))


def _view(spec: Any) -> str:
    """The eye that channels without a prefix are of: the part's own, or the first of several in it."""
    several = spec.getattribute("multiView")
    return str(several[0] if several else spec.get_string_attribute("view"))


def _rgb(spec: Any, prefix: str) -> tuple[int, int, int] | None:
    names = [name.lower() for name in spec.channelnames]
    wanted = [f"{prefix}{channel}".lower() for channel in "rgb"]
    if not set(wanted) <= set(names):
        return None
    red, green, blue = (names.index(name) for name in wanted)
    return red, green, blue


def _alpha(spec: Any, prefix: str) -> int | None:
    """A layer's own alpha, else its part's: renderers multiply every layer by the one coverage."""
    names = [name.lower() for name in spec.channelnames]
    if prefix and f"{prefix}a".lower() in names:
        return names.index(f"{prefix}a".lower())
    # OpenImageIO takes any channel that ends in A for the alpha: a holdout's is not the picture's.
    own = 0 <= spec.alpha_channel < spec.nchannels and "." not in names[spec.alpha_channel]
    return spec.alpha_channel if own else None


def _is_grey(spec: Any) -> bool:
    """Whether a part's one picture channel says that it is grey: a lone depth channel is no picture.

    Luminance beside chroma (Y, RY, BY) is a colour picture of a kind that is not read.
    """
    names = [name.upper() for name in spec.channelnames]
    return names[0] in _GREY and not {"RY", "BY"} & set(names)
