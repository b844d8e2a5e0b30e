"""OCIO configs: the spaces they name, and the conversion between those and linear Rec. 709."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.colour.cineon import decode_cineon, encode_cineon
from daynight.colour.encoding import decode_display, encode_display
from daynight.colour.names import ALIASES, CINEON, LINEAR, SRGB, standard_space
from daynight.errors import UsageError, nearest
from daynight.frames.frame import Pixels

BUILT_IN: Final = "ocio://cg-config-v2.2.0_aces-v1.3_ocio-v2.4"
"""The default config, by its full name: what ``ocio://default`` stands for changes with the library."""
STUDIO: Final = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
"""The larger built-in config, which also has the cameras' log spaces."""

SCENE_LINEAR: Final = "scene_linear"
"""The role of a config's working space."""
_INTERCHANGE: Final = "aces_interchange"
_LISTED: Final = 4
"""Spaces that an error lists."""
_PROBES: Final = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0.5, 20]], np.float32)


class OcioConfig:
    """One OCIO config. Names of spaces, their aliases, interop IDs and roles may be in any case.

    Args:
        name: a file or ``ocio://`` name.
        named_by: where the name comes from, as the subject of an error.
        warn: takes one line when linear Rec. 709 can only be guessed.

    Raises:
        UsageError: the config can't be loaded. The default config is loaded when first needed.
    """

    def __init__(self, name: str, *, named_by: str, warn: Callable[[str], None]) -> None:
        self.name = name
        self._named_by = named_by
        self._warn = warn
        self._matrices: dict[tuple[str, str], NDArray[np.float32] | None] = {}
        if name != BUILT_IN:
            _ = self._config  # an error in what was asked for is raised before any frame is read

    def knows(self, space: str) -> bool:
        """Return whether the config has a space, alias, interop ID or role of this name."""
        return space.lower() in self._spaces

    def canonical(self, space: str) -> str:
        """Return the one name used here for a space that has several."""
        return self.standard(space) or self._spaces.get(space.lower(), space)

    def standard(self, space: str) -> str | None:
        """Return the standard space that this name stands for, ``None`` where it is another space."""
        meant = self._spaces.get(space.lower())
        if meant is None:
            return standard_space(space)
        for standard in (LINEAR, SRGB):
            if meant in [self._spaces.get(alias.lower()) for alias in ALIASES[standard]]:
                return standard
        return None

    def interop_id(self, space: str) -> str | None:
        """Return the interop ID of a space, ``None`` where it has none."""
        return str(self._config.get_color_interop_id(space)) or None

    def space_of_path(self, path: Path) -> str | None:
        """Return the space that the config's file rules give for a path; the default rule does not count."""
        if self.name == BUILT_IN or self._config.filepathOnlyMatchesDefaultRule(str(path)):
            return None
        return self.canonical(str(self._config.getColorSpaceFromFilepath(str(path))))

    def require(self, option: str, space: str) -> str:
        """Return the canonical name of a space that an option asks for.

        Raises:
            UsageError: the space is not known.
        """
        if self.knows(space) or self.standard(space):
            return self.canonical(space)
        remedy = _likely(space, self._config.getColorSpaceNames())
        if self.name == BUILT_IN and OcioConfig(STUDIO, named_by=STUDIO, warn=self._warn).knows(space):
            remedy = f"the studio config has it: set `ocio={STUDIO}`"
        raise UsageError(f"`{option}={space}`", f"is not in {self.name}", remedy)

    def to_light(self, pixels: Pixels, space: str) -> Pixels:
        """Convert N×H×W×3 from a space to linear Rec. 709; a new array unless it is that already.

        Raises:
            UsageError: OCIO can't convert it.
        """
        standard = self.standard(space)
        if standard == LINEAR:
            return pixels
        if standard == CINEON:
            return decode_cineon(pixels)
        if standard == SRGB:
            return _mirrored(decode_display, pixels)
        return self._converted(pixels, space, None)

    def from_light(self, light: Pixels, space: str) -> Pixels:
        """Convert N×H×W×3 from linear Rec. 709 to a space: the inverse of :meth:`to_light`."""
        standard = self.standard(space)
        if standard == LINEAR:
            return light
        if standard == CINEON:
            return encode_cineon(light)
        if standard == SRGB:
            return _mirrored(encode_display, light)
        return self._converted(light, None, space)

    def is_light(self, space: str) -> bool:
        """Whether a space holds light, up to a matrix: sums in it are sums of light."""
        standard = self.standard(space)
        return standard == LINEAR or (standard is None and self._matrix(None, space) is not None)

    @cached_property
    def _config(self) -> Any:
        try:
            return _built_in(self.name) if self.name.startswith("ocio://") else _loaded(self.name)
        except UsageError as error:
            raise UsageError(self._named_by, error.fault, error.remedy) from None

    @cached_property
    def _spaces(self) -> dict[str, str]:
        """Spaces of the config by name, alias, interop ID and role, in lower case.

        OpenImageIO's ``resolve`` can't replace the table: it finds no interop ID, and guesses at names that
        the config lacks. A space "linear" of ACEScg's primaries is its answer to ``lin_rec709``.
        """
        config = self._config
        spaces = {name.lower(): name for name in config.getColorSpaceNames()}
        for name in list(spaces.values()):
            for alias in filter(None, (*config.getAliases(name), config.get_color_interop_id(name))):
                spaces.setdefault(alias.lower(), name)
        for role in config.getRoles():
            spaces.setdefault(role.lower(), config.getColorSpaceNameByRole(role))
        return spaces

    def _converted(self, pixels: Pixels, source: str | None, target: str | None) -> Pixels:
        """Convert N×H×W×3 between a space of the config and (``None``) linear Rec. 709; a new array."""
        matrix = self._matrix(source, target)
        if matrix is not None:
            flat = pixels.reshape(-1, pixels.shape[-2], 3)
            return np.asarray(cv2.transform(flat, matrix), np.float32).reshape(pixels.shape)
        return self._by_ocio(pixels, source, target)

    def _matrix(self, source: str | None, target: str | None) -> NDArray[np.float32] | None:
        """Return the 3×3 matrix of a conversion between linear spaces, which is faster, else ``None``.

        It is probed, since ``isColorSpaceLinear`` repeats what the config declares, right or wrong.
        """
        key = (source or "", target or "")
        if key not in self._matrices:
            black, *rows, beyond = self._by_ocio(_PROBES.reshape(1, 1, -1, 3), source, target).reshape(-1, 3)
            matrix = np.stack(rows, axis=1).astype(np.float32)
            linear = not black.any() and np.allclose(matrix @ _PROBES[-1], beyond, rtol=1e-4, atol=1e-4)
            self._matrices[key] = matrix if linear else None
        return self._matrices[key]

    def _by_ocio(self, pixels: Pixels, source: str | None, target: str | None) -> Pixels:
        """Convert by OCIO; by way of ACES2065-1 and the built-in config where this one has no Rec. 709."""
        named = (self._spaces.get(alias.lower()) for alias in ALIASES[LINEAR])
        linear = next(filter(None, named), None)
        if linear is None and not self.knows(_INTERCHANGE):
            self._warn(f"{self.name} has no linear Rec. 709: its role {SCENE_LINEAR} is used as such")
            linear = SCENE_LINEAR
        if linear is not None:
            hops = [(source or linear, target or linear, self.name)]
        elif source is not None:
            hops = [(source, _INTERCHANGE, self.name), ("ACES2065-1", LINEAR, BUILT_IN)]
        else:
            hops = [(LINEAR, "ACES2065-1", BUILT_IN), (_INTERCHANGE, str(target), self.name)]
        image = pixels.reshape(-1, pixels.shape[-2], 3)
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
    """Load a built-in config once: it can't change while the process runs, and loading takes a while."""
    return _loaded(name)


atexit.register(_built_in.cache_clear)  # or OpenImageIO's binding may report it as leaked


def _hop(image: Pixels, start: str, end: str, config: str) -> Pixels:
    """Convert an image H×W×3 within one config."""
    result = oiio.ImageBufAlgo.colorconvert(
        oiio.ImageBuf(np.ascontiguousarray(image)), start, end, False, colorconfig=config
    )
    fault = result.geterror()
    if fault:
        raise UsageError(f"color space {start} to {end}", " ".join(fault.split()), f"see {config}")
    return np.asarray(result.get_pixels(oiio.FLOAT), np.float32).reshape(image.shape)


def _mirrored(curve: Callable[[Pixels], Pixels], values: Pixels) -> Pixels:
    """Apply a curve to floats: it goes on above white, and is mirrored below black."""
    return np.asarray(np.copysign(curve(np.abs(values)), values), np.float32)
