"""Night as a sum of lights over the plate: ``y = x 2^A moon + x 2^P lamp + E``.

Ambient light is what moon and sky leave, practicals are what lamps throw on walls and ground, emission is the
lamps themselves. The three add up to the result, so each can be balanced before or after.
:mod:`daynight.training.networks.night` has the same in tensors, for training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from daynight.colour.encoding import encode_display, finite, luminance
from daynight.frames.frame import Pixels, Plane
from daynight.frames.resize import scaled
from daynight.looks.guided import Strips
from daynight.looks.night_maps import NightMaps, box
from daynight.looks.night_options import NightOptions, colour_of
from daynight.looks.panes import Panes
from daynight.looks.scene import DARKEST, Survey, with_edge
from daynight.models.lights import LIT_SLOPE, SURE

_STRIP: Final = 32
"""Rows that are relit at a time: all of their arithmetic stays in the processor's cache."""
_CLOUDS: Final = 2.0
"""Most stops by which a cloud differs from the sky around it."""
_STEEPEST: Final = np.float32(30)
"""Largest exponent of the logistic function: beyond it there is nothing to tell."""
_HALOS: Final = (96, 32, 12)
"""Radii of the glow, as parts of the short side."""


@dataclass(frozen=True, eq=False)
class Night:
    """The light groups of a frame, H×W×3 each in scene-linear light: they add up to the night."""

    ambient: Pixels
    practicals: Pixels
    emission: Pixels
    sky: Plane
    """Matte, H×W in [0, 1]."""


def night(plate: Pixels, told: Survey, options: NightOptions, sky: Pixels | None = None) -> Night:
    """Relight a plate.

    Args:
        plate: H×W×3, scene-linear.
        told: what the networks told of it.
        options: the controls, at this frame.
        sky: an image for the sky, H×W×3, scene-linear.
    """
    height, width = plate.shape[:2]
    maps = NightMaps(told, options, height, width)
    panes = None if maps.lamps is None else Panes(plate, told.exposure)
    ambient, practicals, emission = (np.empty((height, width, 3), np.float32) for _ in range(3))
    matte = np.empty((height, width), np.float32)

    def relight(rows: slice) -> None:
        strip = _Strip(plate[rows], rows, told.exposure, maps)
        matte[rows] = strip.sky
        image = None if sky is None else sky[rows]
        cv2.merge(_ambient(strip, maps, options, height, image), ambient[rows])
        _fill(practicals[rows], _practicals(strip, maps))
        _fill(emission[rows], _lamps(strip, maps, panes))

    # As many as OpenCV may use: a run sets that for itself, and a host keeps its own.
    with ThreadPoolExecutor(max(cv2.getNumThreads(), 1)) as pool:
        list(pool.map(relight, _strips(height)))
    if maps.lamps is not None and options.glow:
        _glow(emission, options)
    return Night(ambient, practicals, emission, matte)


class _Strip:
    """Some rows of a plate, exposed, and the maps there: planes n×W each."""

    def __init__(self, plate: Pixels, rows: slice, exposure: float, maps: NightMaps) -> None:
        light = finite(plate) * np.float32(2.0**exposure)
        self.rows = rows
        self.guide: Sequence[Plane] = cv2.split(encode_display(light, high_range=True))
        self.light: Sequence[Plane] = cv2.split(light)
        self.grey = luminance(light)
        ambient, practicals, sky, self.building = maps.guided.rows(self.guide, rows.start, rows.stop)
        self.ambient_gain = _gain(ambient, *maps.ambient_range)
        self.practical_gain = _gain(practicals, *maps.practical_range)
        self.sky = with_edge(sky)
        self.ground = 1 - self.sky


def _ambient(
    strip: _Strip, maps: NightMaps, options: NightOptions, height: int, image: Pixels | None
) -> list[Plane]:
    """Return moonlight on the ground, and the night sky."""
    if image is None:
        heaven = _heaven(strip, maps, options, height)
    else:
        heaven = [*cv2.split(image * np.float32(2.0**options.sky_gain))]
    moonlit = _moonlit(strip, options)
    for value, above in zip(moonlit, heaven, strict=True):
        value *= strip.ground  # noqa: PLW2901 - in place
        above *= strip.sky  # noqa: PLW2901
        value += above  # noqa: PLW2901
        if options.black:
            value += np.float32(options.black)  # noqa: PLW2901
    return moonlit


def _moonlit(strip: _Strip, options: NightOptions) -> list[Plane]:
    """Return the plate in moonlight: ``(l + s (x - l)) 2^A moon``, l its luminance, s the saturation."""
    moon = colour_of(options.moon) * np.float32(2.0**options.ambient)
    saturation = np.float32(options.saturation)
    grey = strip.grey * strip.ambient_gain
    grey *= 1 - saturation
    gain = strip.ambient_gain * saturation
    return [(plane * gain + grey) * factor for plane, factor in zip(strip.light, moon, strict=True)]


def _heaven(strip: _Strip, maps: NightMaps, options: NightOptions, height: int) -> list[Plane]:
    """Return a night sky: a level and a colour, with a part of the clouds' contrast."""
    rows = strip.rows
    stops = np.log2(np.maximum(strip.grey, DARKEST))
    stops -= maps.sky_mean.rows(rows.start, rows.stop)[0]
    stops *= np.float32(options.clouds)
    np.clip(stops, -_CLOUDS, _CLOUDS, out=stops)
    place = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) / height - 0.5
    stops += (np.float32(options.sky_level) + np.float32(options.sky_gradient) * place)[:, np.newaxis]
    level = np.exp2(stops, out=stops)
    return [level * factor for factor in colour_of(options.sky_colour)]


def _practicals(strip: _Strip, maps: NightMaps) -> Pixels | None:
    """Return what lamps throw on the plate: ``x 2^P lamp``, 3×n×W; none of it on the sky."""
    if maps.practical_colour is None:
        return None
    colours = maps.practical_colour.rows(strip.rows.start, strip.rows.stop)
    gain = strip.practical_gain * strip.ground
    for channel, plane in enumerate(strip.light):
        colours[channel] *= plane
        colours[channel] *= gain
    return colours


def _lamps(strip: _Strip, maps: NightMaps, panes: Panes | None) -> Pixels | None:
    """Return the lamps, 3×n×W: sharp along the plate's edges and in its panes, none of them on the sky."""
    if maps.lamps is None or panes is None:
        return None
    rows = strip.rows
    (likely,) = maps.lamps.rows(strip.guide, rows.start, rows.stop)
    likely *= np.float32(-LIT_SLOPE)
    np.clip(likely, -_STEEPEST, _STEEPEST, out=likely)
    on = strip.ground**2 / (1 + np.exp(likely, out=likely))
    on *= np.clip((strip.building - np.float32(SURE[0])) * np.float32(1 / (SURE[1] - SURE[0])), 0, 1)
    *light, paned = maps.lamp_light.rows(rows.start, rows.stop)
    on *= 1 - paned * (1 - panes.rows(strip.grey, rows.start, rows.stop))
    return np.stack([plane * on for plane in light])


def _glow(emission: Pixels, options: NightOptions) -> None:
    """Spread part of the lamps' light around them, over three sizes; no light is lost inside the frame.

    At a quarter of the size: a glow has no detail.
    """
    height, width = emission.shape[:2]
    quarter = scaled(emission, max(height // 4, 1), max(width // 4, 1))
    short = min(quarter.shape[:2]) * options.glow_size
    halo = np.zeros_like(quarter)
    for part in _HALOS:
        radius = max(round(short / part), 1)
        halo += box(box(quarter, radius), radius)
    halo *= np.float32(options.glow / len(_HALOS))
    grown = Strips(halo, height, width)
    for rows in _strips(height):
        emission[rows] *= np.float32(1 - options.glow)
        emission[rows] += grown.rows(rows.start, rows.stop).transpose(1, 2, 0)


def _gain(stops: Plane, least: float, most: float) -> Plane:
    """Return factors for stops, in place: at a pixel far from all around it a fit may go anywhere."""
    np.clip(stops, least, most, out=stops)
    return np.asarray(np.exp2(stops, out=stops), np.float32)


def _strips(height: int) -> Iterator[slice]:
    return (slice(start, min(start + _STRIP, height)) for start in range(0, height, _STRIP))


def _fill(result: Pixels, planes: Pixels | None) -> None:
    """Fill n×W×3 with planes 3×n×W, or with nothing."""
    if planes is None:
        result.fill(0)
    else:
        cv2.merge([*planes], result)
