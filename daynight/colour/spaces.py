"""Color spaces of plates and results: which one each is in, and the way to working light and back.

Steps work in linear light of Rec. 709 primaries or its sRGB encoding. A plate in any other space is converted
to it by an OCIO config, and its result back.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Protocol

from daynight.colour.encoding import encode_display, shown, to_encoding
from daynight.colour.names import CINEON, LINEAR, PRIMARIES, SRGB, space_of_profile, spaces_of_primaries
from daynight.colour.ocio import BUILT_IN, SCENE_LINEAR, OcioConfig
from daynight.errors import UsageError
from daynight.frames.alpha import unpremultiplied
from daynight.frames.frame import Frame, Pixels


class FileFormat(Protocol):
    """What a color space depends on in a file format: see :class:`daynight.plates.formats.Format`."""

    @property
    def colour_spaces(self) -> tuple[str, ...] | None:
        """Spaces that its integers can name, or are assumed to have; ``None``: any with an interop ID."""


class FileForm(Protocol):
    """What a color space depends on in a result's file: see :class:`daynight.plates.OutputSpec`."""

    @property
    def format(self) -> FileFormat:
        """The file's format."""

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
    """The color spaces of a job's plates and results.

    Args:
        config: an OCIO config file or ``ocio://`` name; ``None``: ``$OCIO``, else :data:`~.ocio.BUILT_IN`.
        source: space of all plates; ``None``: each one's own (see :meth:`declared`).
        target: space of all results; ``None``: their plates'.
        warn: takes one line about a plate whose space is not known.

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
        if config == "":
            raise UsageError("`ocio=`", "is empty", "name a config, or leave it out for $OCIO")
        named = os.environ.get("OCIO") if config is None else config
        named_by = f"$OCIO {named}" if config is None else f"`ocio={named}`"
        self._warn = warn
        self._ocio = OcioConfig(named or BUILT_IN, named_by=named_by, warn=warn)
        # A studio's config defines what its untagged floats are; the built-in one is nobody's studio.
        role = self._ocio.canonical(SCENE_LINEAR) if named and self._ocio.knows(SCENE_LINEAR) else None
        self._scene_linear = role or LINEAR
        self._source = None if source is None else self._ocio.require("colorspace", source)
        self._target = None if target is None else self._ocio.require("out_colorspace", target)

    @property
    def config(self) -> str:
        """Full name or path of the OCIO config."""
        return self._ocio.name

    def without_overrides(self) -> ColourSpaces:
        """Return the same config for pictures other than plates: each is in its own space."""
        own = copy.copy(self)
        own._source = own._target = None
        return own

    def declared(self, frame: Frame) -> Frame:
        """Return a plate, as read, with its color space declared.

        The first that holds: the space asked for; the file's attribute, or its primaries if they are those of
        a known space; the config's file rules, except the default rule; sRGB for integers, and for floats the
        role scene_linear of a config that was named, else linear Rec. 709.

        Returns:
            The same pixels, in the encoding ``scene-linear``, ``display`` or ``file``.
        """
        integer = frame.encoding == "display"
        space = self._source or self._of_file(frame) or self._of_rules(frame)
        space = space or (SRGB if integer else self._scene_linear)
        standard = self._ocio.standard(space)
        if standard == LINEAR:
            return dataclasses.replace(frame, encoding="scene-linear", space=space, high_range=not integer)
        if standard == SRGB and integer:
            return dataclasses.replace(frame, encoding="display", space=space)
        high_range = standard != SRGB or not integer
        return dataclasses.replace(frame, encoding="file", space=space, high_range=high_range)

    def to_working(self, frame: Frame) -> Frame:
        """Return a frame, not premultiplied, in scene-linear light where it is in its file's own space."""
        if frame.encoding != "file":
            return frame
        return frame.with_pixels(self._ocio.to_light(frame.pixels, frame.space), encoding="scene-linear")

    def displayed(self, plate: Frame) -> Pixels:
        """Return a plate, as read, as a display shows it: H×W×3 in [0, 1], sRGB, not premultiplied."""
        picture: Pixels = shown(self.to_working(unpremultiplied(self.declared(plate))))[0]
        return picture

    def for_result(self, plate: Frame, form: FileForm) -> str:
        """Return the space of a plate's result: the one asked for, else the plate's.

        Where nothing is asked for, and integers become floats, floats integers, or the format can't name the
        plate's space, it is what readers assume: sRGB for integers, scene-linear for floats.
        """
        was_integer = plate.file is not None and plate.file.integer
        if self._target:
            return self._target
        same_type = form.integer == was_integer
        if plate.space and same_type and (form.same_format or self._name_in_file(plate.space, form)):
            return plate.space
        if form.integer:
            return SRGB
        return self._scene_linear if self._name_in_file(self._scene_linear, form) else LINEAR

    def to_file(self, frame: Frame, space: str, *, integer: bool) -> Frame:
        """Return a result with values as its file holds them, in this space."""
        if frame.encoding == "file" and frame.space == space:
            return frame
        frame = self.to_working(frame)
        if self._ocio.standard(space) == SRGB and integer:
            if frame.encoding == "display" and not frame.high_range:
                pixels = frame.pixels
            else:  # light above white is clipped in integers, not rolled off: mid-tones keep their value
                pixels = encode_display(to_encoding(frame, "scene-linear").pixels)
        else:
            pixels = self._ocio.from_light(to_encoding(frame, "scene-linear").pixels, space)
        return frame.with_pixels(pixels, encoding="file", space=space)

    def is_light(self, space: str) -> bool:
        """Whether values of a space are light, so that light groups add up in it."""
        return self._ocio.is_light(space)

    def attributes(self, space: str, form: FileForm) -> Mapping[str, str | tuple[float, ...] | None]:
        """Return the attributes that declare a result's space; ``None`` removes one."""
        return {
            "colorInteropID": None,
            "oiio:ColorSpace": self._name_in_file(space, form),
            "chromaticities": PRIMARIES.get(space),
            "ICCProfile": None,
        }

    def unnamed_space(self, space: str, form: FileForm) -> list[str]:
        """Return what a result's format drops, in the words of a warning, where it can't name its space."""
        return [] if self._name_in_file(space, form) else [f"no name of the color space {space}"]

    def _name_in_file(self, space: str, form: FileForm) -> str | None:
        """Return a space's name in a file of this form; ``None``: its readers would assume another space."""
        standard = self._ocio.standard(space)
        if form.format.colour_spaces is None:
            return standard if standard in (LINEAR, SRGB) else self._ocio.interop_id(space)
        nameable = (LINEAR,) if form.pixel_type == "float" else form.format.colour_spaces
        return standard if standard in nameable else None

    def _of_file(self, frame: Frame) -> str | None:
        """Return the space that a plate's file declares, ``None`` if it declares none that is known."""
        metadata = frame.metadata
        name = metadata.get("oiio:ColorSpace") or metadata.get("colorInteropID")
        if metadata.get("dpx:Transfer") == "Printing density":
            name = name or CINEON
        name = space_of_profile(str(metadata.get("ICCProfile:profile_description", "sRGB"))) or name
        if name and (self._ocio.standard(name) or self._ocio.knows(name)):
            return self._ocio.canonical(name)
        if name:
            self._warn(f"color space {name!r} is not in {self.config}: set `colorspace`")
        primaries = metadata.get("chromaticities")
        if name or primaries is None or frame.encoding == "display":
            return None
        alike = spaces_of_primaries(primaries)
        return next((space for space in alike if space == LINEAR or self._ocio.knows(space)), None)

    def _of_rules(self, frame: Frame) -> str | None:
        """Return the space that the config's file rules give a plate."""
        return None if frame.source is None else self._ocio.space_of_path(frame.source)
