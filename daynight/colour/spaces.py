"""Colour spaces of plates and results: which they are, and the way from one to the other by OCIO.

Steps work in light of Rec. 709 primaries or in its sRGB encoding, and nothing else. A plate that is neither
is brought there by the OCIO config through OpenImageIO, and its result back.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Final, Protocol

import cv2
import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.colour.encoding import (
    decode_display,
    encode_display,
    from_density,
    shown,
    to_density,
    to_encoding,
)
from daynight.errors import UsageError, nearest
from daynight.frames.alpha import unpremultiplied
from daynight.frames.frame import Frame, Pixels

BUILT_IN: Final = "ocio://cg-config-v2.2.0_aces-v1.3_ocio-v2.4"
"""The config where none is named: by its full name, since ``ocio://default`` changes with the library."""
STUDIO: Final = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
"""Its larger brother, which has the cameras' log spaces."""

LINEAR: Final = "lin_rec709_scene"
"""Scene-linear light of Rec. 709 primaries, by its interop name."""
SRGB: Final = "srgb_rec709_scene"
"""The same, sRGB-encoded."""
CINEON: Final = "KodakLog"
"""Printing density of film scans, as OpenImageIO calls it; known here where the config has no such space."""

_OWN_NAMES: Final = {
    LINEAR: (LINEAR, "lin_rec709", "lin_srgb", "Linear Rec.709 (sRGB)", "Utility - Linear - sRGB"),
    SRGB: (SRGB, "sRGB", "srgb_texture", "sRGB - Texture", "Utility - sRGB - Texture"),
    CINEON: (CINEON, "Cineon"),
}
"""The spaces that need no config, and what configs and files call them."""
_OLD_NAMES: Final = {"linear": LINEAR}
"""What files of older writers say; in a config such a name may mean anything."""
_PRIMARIES: Final = {
    LINEAR: (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
    "ACES2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
    "ACEScg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),
    "Linear P3-D65": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
    "Linear Rec.2020": (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329),
}
"""Chromaticities x, y of red, green, blue and white, for the linear spaces that files tell by them."""
_PROFILES: Final = {"Display P3": "srgb_p3d65_scene", "Adobe RGB (1998)": "g22_adobergb_scene"}
"""Interop names of the spaces of ICC profiles that cameras and telephones embed, by their description."""
_LISTED: Final = 4
"""Spaces that an error lists."""
_INTERCHANGE: Final = "aces_interchange"
_SCENE_LINEAR: Final = "scene_linear"
_PROBES: Final = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0.5, 20]], np.float32)


class FileFormat(Protocol):
    """What a color space needs to know of a file format: see :class:`daynight.plates.formats.Format`."""

    @property
    def colour_spaces(self) -> tuple[str, ...] | None:
        """Spaces that its integers can be marked as, or are taken for; ``None``: any with an interop name."""


class FileForm(Protocol):
    """What a color space needs to know of a result's file: see :class:`daynight.plates.OutputSpec`."""

    @property
    def format(self) -> FileFormat:
        """Its format."""

    @property
    def integer(self) -> bool:
        """Whether its pixels are stored as integers."""

    @property
    def pixel_type(self) -> str:
        """Pixel type of the picture."""

    @property
    def same_format(self) -> bool:
        """Whether its format is the plate's own."""


class ColourSpaces:
    """One OCIO config, and what is asked of it.

    Args:
        config: a file or ``ocio://`` name; ``None``: ``$OCIO``, else :data:`BUILT_IN`.
        source: space of all plates; ``None``: each one's own (see :meth:`declared`).
        target: space of all results; ``None``: their plates'.
        warn: takes one line about a plate whose space can't be told.

    Raises:
        UsageError: the config can't be loaded, or a space is unknown.
    """

    def __init__(
        self,
        config: str | None = None,
        *,
        source: str | None = None,
        target: str | None = None,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        named = os.environ.get("OCIO") if config is None else config
        if config == "":
            raise UsageError("`ocio=`", "names no config", "is a variable not set?")
        self._named_by = f"$OCIO {named}" if config is None else f"`ocio={named}`"
        self.config = named or BUILT_IN
        """Full name or path of the config."""
        self._warn = warn
        self._matrices: dict[tuple[str, str], NDArray[np.float32] | None] = {}
        if self.config != BUILT_IN:
            _ = self._ocio  # a fault of what was asked for is told before any frame is read
        # A studio's own config says what its untagged floats are; without one they are of no ACES studio's.
        self._light = self._canonical(_SCENE_LINEAR) if named and self._is_known(_SCENE_LINEAR) else LINEAR
        self._source = self._asked("colorspace", source)
        self._target = self._asked("out_colorspace", target)

    def unasked(self) -> ColourSpaces:
        """Return the same config for pictures that are no plates: each declares its own space."""
        own = copy.copy(self)
        own._source = own._target = None
        return own

    def declared(self, frame: Frame) -> Frame:
        """Say in which space a plate is, as read: the one asked for, else its file's own, else the config's.

        That is: the file's attribute (or its primaries, if they are a known space's); else the config's file
        rules, of which the default rule does not count; else sRGB for integers, and for floats the role
        scene_linear of a config that was named, linear Rec. 709 without one.

        Returns:
            The same pixels, in the encoding ``scene-linear``, ``display`` or ``file``.
        """
        integer = frame.encoding == "display"
        space = self._source or self._of_file(frame) or self._of_rules(frame)
        space = space or (SRGB if integer else self._light)
        own = self._own(space)
        if own == LINEAR:
            return dataclasses.replace(frame, encoding="scene-linear", space=space, high_range=not integer)
        if own == SRGB and integer:
            return dataclasses.replace(frame, encoding="display", space=space)
        return dataclasses.replace(frame, encoding="file", space=space, high_range=own != SRGB or not integer)

    def to_working(self, frame: Frame) -> Frame:
        """Return a plate, not premultiplied, in scene-linear light if it stands in a space of its file's."""
        if frame.encoding != "file":
            return frame
        if self._own(frame.space) == LINEAR:
            return dataclasses.replace(frame, encoding="scene-linear")
        return frame.with_pixels(self._to_light(frame.pixels, frame.space), encoding="scene-linear")

    def displayed(self, plate: Frame) -> Pixels:
        """Return a plate, as read, as a display shows it: H×W×3 in [0, 1], sRGB, not premultiplied."""
        picture: Pixels = shown(self.to_working(unpremultiplied(self.declared(plate))))[0]
        return picture

    def for_result(self, plate: Frame, form: FileForm) -> str:
        """Name the space of a plate's result: the one asked for, else the plate's.

        Where integers become floats or floats integers, or another format has no name for it, and nothing is
        asked for, it is what such files are taken for: sRGB, or scene-linear.
        """
        was_integer = plate.file is not None and plate.file.integer
        if self._target:
            return self._target
        if (
            plate.space
            and form.integer == was_integer
            and (form.same_format or self._told(plate.space, form))
        ):
            return plate.space
        if form.integer:
            return SRGB
        return self._light if self._told(self._light, form) else LINEAR

    def to_file(self, frame: Frame, space: str, *, integer: bool) -> Frame:
        """Return a result's values as its file holds them, in this space."""
        if frame.encoding == "file" and frame.space == space:
            return frame
        own = self._own(space)
        frame = self.to_working(frame)
        if own == SRGB and integer:
            if frame.encoding == "display" and not frame.high_range:
                pixels = frame.pixels
            else:  # what integers can't hold is clipped there, not rolled off: mid-tones keep their value
                pixels = encode_display(to_encoding(frame, "scene-linear").pixels)
        else:
            light = to_encoding(frame, "scene-linear").pixels
            pixels = light if own == LINEAR else self._from_light(light, space)
        return frame.with_pixels(pixels, encoding="file", space=space)

    def tags(self, space: str, form: FileForm) -> Mapping[str, str | tuple[float, ...] | None]:
        """Return the attributes that tell a result's space; ``None`` takes one away."""
        primaries = _PRIMARIES.get(space)
        return {
            "colorInteropID": None,
            "oiio:ColorSpace": self._told(space, form),
            "chromaticities": primaries,
            "ICCProfile": None,
        }

    def untold(self, space: str, form: FileForm) -> list[str]:
        """Say, in the words of a warning, that a result's format has no name for its space."""
        return [] if self._told(space, form) else [f"no name of the colour space {space}"]

    def _told(self, space: str, form: FileForm) -> str | None:
        """Name a space as a file of this form tells it; ``None``: its readers take it for another."""
        own = self._own(space)
        if form.format.colour_spaces is None:
            return own if own in (LINEAR, SRGB) else self._ocio.get_color_interop_id(space) or None
        taken_for = (LINEAR,) if form.pixel_type == "float" else form.format.colour_spaces
        return own if own in taken_for else None

    @cached_property
    def _ocio(self) -> Any:
        try:
            return _built_in(self.config) if self.config.startswith("ocio://") else _loaded(self.config)
        except UsageError as error:
            raise UsageError(self._named_by, error.fault, error.remedy) from None

    @cached_property
    def _names(self) -> dict[str, str]:
        """Names, aliases and roles of the config, in lower case, and the name that each stands for."""
        ocio = self._ocio
        names = {name.lower(): name for name in ocio.getColorSpaceNames()}
        for name in list(names.values()):
            for alias in filter(None, (*ocio.getAliases(name), ocio.get_color_interop_id(name))):
                names.setdefault(alias.lower(), name)
        for role in ocio.getRoles():
            names.setdefault(role.lower(), ocio.getColorSpaceNameByRole(role))
        return names

    def _is_known(self, space: str) -> bool:
        return space.lower() in self._names

    def _asked(self, option: str, space: str | None) -> str | None:
        """Check a space that was asked for.

        Raises:
            UsageError: neither the config nor we know it.
        """
        if space is None:
            return None
        if self._is_known(space) or self._own(space):
            return self._canonical(space)
        remedy = _likely(space, self._ocio.getColorSpaceNames())
        if self.config == BUILT_IN and space.lower() in ColourSpaces(STUDIO)._names:
            remedy = f"the studio config has it: set `ocio={STUDIO}`"
        raise UsageError(f"`{option}={space}`", f"is not in {self.config}", remedy)

    def _canonical(self, space: str) -> str:
        """Return the one name by which we call a space that is known under several."""
        return self._own(space) or self._names.get(space.lower(), space)

    def _own(self, space: str) -> str | None:
        """Name the space of ours that this is, if it is one."""
        meant = self._names.get(space.lower())
        if meant is None:
            named = (own for own, names in _OWN_NAMES.items() if space in names)
            return next(named, _OLD_NAMES.get(space.lower()))
        for own in (LINEAR, SRGB):
            if meant in [self._names.get(name.lower()) for name in _OWN_NAMES[own]]:
                return own
        return None

    def _of_file(self, frame: Frame) -> str | None:
        """The space that the plate's own file tells of."""
        told = frame.metadata.get("oiio:ColorSpace") or frame.metadata.get("colorInteropID")
        if frame.metadata.get("dpx:Transfer") == "Printing density":
            told = told or CINEON
        profile = str(frame.metadata.get("ICCProfile:profile_description", "sRGB"))
        if "sRGB" not in profile:
            told = _PROFILES.get(profile, profile)
        if told and (self._own(told) or self._is_known(told)):
            return self._canonical(told)
        if told:
            self._warn(f"colour space {told!r} is not in {self.config}: set `colorspace`")
        primaries = frame.metadata.get("chromaticities")
        if told or primaries is None or frame.encoding == "display":
            return None
        alike = [name for name, known in _PRIMARIES.items() if np.allclose(known, primaries, atol=1e-3)]
        return next((name for name in alike if name == LINEAR or self._is_known(name)), None)

    def _of_rules(self, frame: Frame) -> str | None:
        """The space that the config's rules for file names tell, its default rule left aside."""
        path = str(frame.source or "")
        if not path or self.config == BUILT_IN or self._ocio.filepathOnlyMatchesDefaultRule(path):
            return None
        return self._canonical(str(self._ocio.getColorSpaceFromFilepath(path)))

    def _to_light(self, pixels: Pixels, space: str) -> Pixels:
        if self._own(space) == CINEON:
            return from_density(pixels)
        if self._own(space) == SRGB:  # of floats: the curve goes on beyond white and is mirrored below black
            return _sign_kept(decode_display, pixels)
        return self._converted(pixels, space, None)

    def _from_light(self, light: Pixels, space: str) -> Pixels:
        if self._own(space) == CINEON:
            return to_density(light)
        if self._own(space) == SRGB:
            return _sign_kept(encode_display, light)
        return self._converted(light, None, space)

    def _converted(self, pixels: Pixels, source: str | None, target: str | None) -> Pixels:
        """Convert N×H×W×3 between a space of the config and (``None``) our light; a new array."""
        matrix = self._matrix(source, target)
        if matrix is not None:
            flat = pixels.reshape(-1, pixels.shape[-2], 3)
            return np.asarray(cv2.transform(flat, matrix), np.float32).reshape(pixels.shape)
        return self._by_ocio(pixels, source, target)

    def _matrix(self, source: str | None, target: str | None) -> NDArray[np.float32] | None:
        """Return the matrix that a conversion between linear spaces is, else ``None``: faster than OCIO."""
        key = (source or "", target or "")
        if key not in self._matrices:
            black, *rows, beyond = self._by_ocio(_PROBES.reshape(1, 1, -1, 3), source, target).reshape(-1, 3)
            matrix = np.stack(rows, axis=1).astype(np.float32)
            linear = not black.any() and np.allclose(matrix @ _PROBES[-1], beyond, rtol=1e-4, atol=1e-4)
            self._matrices[key] = matrix if linear else None
        return self._matrices[key]

    def _by_ocio(self, pixels: Pixels, source: str | None, target: str | None) -> Pixels:
        """Convert by OCIO; by way of ACES2065-1 and the built-in config where its own has no such light."""
        known = (self._names.get(name.lower()) for name in _OWN_NAMES[LINEAR])
        ours = next(filter(None, known), None)
        if ours is None and not self._is_known(_INTERCHANGE):
            self._warn(f"{self.config} names no linear Rec. 709: its scene_linear is taken for it")
            ours = _SCENE_LINEAR
        image = pixels.reshape(-1, pixels.shape[-2], 3)
        if ours is not None:
            hops = [(source or ours, target or ours, self.config)]
        elif source is not None:
            hops = [(source, _INTERCHANGE, self.config), ("ACES2065-1", LINEAR, BUILT_IN)]
        else:
            hops = [(LINEAR, "ACES2065-1", BUILT_IN), (_INTERCHANGE, str(target), self.config)]
        for start, end, config in hops:
            image = _hop(image, start, end, config)
        return image.reshape(pixels.shape)


def _likely(space: str, known: Sequence[str]) -> str:
    """Return the nearest known space, else a few of them: a studio's config has hundreds."""
    meant = nearest(space, known)
    if meant.startswith("did you mean"):
        return meant
    more = f", … ({len(known)} in all)" if len(known) > _LISTED else ""
    return f"known: {', '.join(sorted(known)[:_LISTED])}{more}"


def _loaded(name: str) -> Any:
    config = oiio.ColorConfig(name)
    fault = config.geterror()
    if fault:
        remedy = "give a config file, or a name like " + BUILT_IN
        raise UsageError(name, " ".join(fault.split()), remedy)
    return config


@cache
def _built_in(name: str) -> Any:
    """Load a config that can't change while the process runs: it takes longer than a small frame."""
    return _loaded(name)


def _hop(image: Pixels, start: str, end: str, config: str) -> Pixels:
    """Convert an image H×W×3 by OCIO, through OpenImageIO."""
    result = oiio.ImageBufAlgo.colorconvert(
        oiio.ImageBuf(np.ascontiguousarray(image)), start, end, False, colorconfig=config
    )
    fault = result.geterror()
    if fault:
        raise UsageError(f"colour space {start} to {end}", " ".join(fault.split()), f"see {config}")
    return np.asarray(result.get_pixels(oiio.FLOAT), np.float32).reshape(image.shape)


def _sign_kept(curve: Callable[[Pixels], Pixels], values: Pixels) -> Pixels:
    return np.asarray(np.copysign(curve(np.abs(values)), values), np.float32)
