"""What a plate shows, by networks that see a small proxy of it, exposed alike whatever the plate's exposure.

Both networks of a night take the proxy of a plate whose ground has been brought to a fixed mean: a take that
was shot two stops darker gives the same night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from daynight.colour.encoding import encode_display, finite, luminance
from daynight.frames.frame import Frame, Pixels, Plane
from daynight.looks.guided import GuidedFilter
from daynight.looks.relight import make_proxy, proxy_size
from daynight.looks.still import Still
from daynight.models.lights import MIDDLE
from daynight.models.scene import MATTES, SURFACES
from daynight.models.session import OpenModel

DARKEST: Final = np.float32(2.0**-10)
"""Light that counts as black in logarithms."""
_LEAST_GROUND: Final = np.float32(0.02)
"""Weight of the sky in the mean of the ground: a frame of nothing but sky has a mean too."""
_SKY: Final = MATTES.index("sky")
_FINE, _WIDE = 6, 36
"""Radius of the window in which a matte follows the plate's edges, in pixels of the proxy: lamps and windows
are small, and a surface's edge may be told far beside it."""
_EDGE: Final = (0.05, 0.5)
"""What the network says of sky from which there is some, and from which there is nothing else."""
_GRAIN: Final = 1e-3
"""Variance of a channel from which such a window counts as having an edge."""
_DARKER: Final = -1.0
"""Stops by which the scene network sees a plate darker than the light network: photographs are exposed for
the sky too, and a sky that is rolled off looks like a white wall."""
_COARSE: Final = 128
"""Short side at which a frame's exposure is found: it takes the mean of the ground alone."""
_EXPOSURES: Final = 20.0
"""Most stops by which a plate is exposed up or down: black stays black."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What the networks told of one frame; small pictures of the whole of it."""

    exposure: float
    """Stops that bring the ground of the shot to its fixed mean."""
    proxy: Pixels
    """h×w×3, the exposed plate, display-encoded in [0, 1]."""
    mattes: Pixels
    """h×w×8 in [0, 1], by :data:`daynight.models.scene.MATTES`."""
    lights: Pixels | None = None
    """h×w×11 by :data:`daynight.models.lights.MAPS`, of its own size; ``None``: no light network ran."""


def survey(light: Pixels, model: OpenModel, exposure: float | None = None) -> Survey:
    """Run a scene network on a plate.

    Args:
        light: H×W×3, scene-linear.
        model: the scene network.
        exposure: of the shot; ``None``: the frame's own.
    """
    if exposure is None:
        exposure = frame_exposure(light, model)
    proxy = _proxy(light, model, model.facts.short_side or 256)
    mattes = run_network(exposed(proxy, exposure + _DARKER), model)
    return Survey(exposure, exposed(proxy, exposure), mattes)


def frame_exposure(light: Pixels, model: OpenModel) -> float:
    """Return the stops that bring the ground of a plate H×W×3 to its fixed mean.

    What is ground is seen best once the frame is exposed by all of it, and then tells how it should be.
    """
    proxy = _proxy(light, model, _COARSE)
    first = exposed(proxy, ground_exposure(proxy, None) + _DARKER)
    return ground_exposure(proxy, run_network(first, model)[..., _SKY])


def shot_exposure(thumbnails: Sequence[Frame], model: OpenModel) -> float:
    """Return the stops that bring a shot's ground to its fixed mean: the median of its frames'."""
    if not thumbnails:
        return 0.0
    return float(np.median([frame_exposure(frame.image, model) for frame in thumbnails]))


def _proxy(light: Pixels, model: OpenModel, side: int) -> Pixels:
    height, width = light.shape[:2]
    small = make_proxy(finite(light), *proxy_size(height, width, side, model.facts.size_multiple))
    return np.maximum(small, 0)


def ground_exposure(light: Pixels, sky: Plane | None) -> float:
    """Return the stops that bring the geometric mean of light h×w×3 outside the sky to the middle."""
    stops = np.log2(np.maximum(luminance(light), DARKEST * DARKEST))
    weight = np.ones_like(stops) if sky is None else np.maximum(1 - sky, _LEAST_GROUND)
    # Black, as around a letterboxed picture, says nothing of the exposure.
    weight = weight * (stops > 2 * np.log2(DARKEST))
    if not weight.any():
        return 0.0
    mean = float((weight * stops).sum(dtype=np.float64) / weight.sum(dtype=np.float64))
    return float(np.clip(np.log2(MIDDLE) - mean, -_EXPOSURES, _EXPOSURES))


def exposed(light: Pixels, exposure: float) -> Pixels:
    """Return scene-linear light at another exposure as networks see it: display-encoded in [0, 1]."""
    return encode_display(light * np.float32(2.0**exposure), high_range=True)


def run_network(seen: Pixels, model: OpenModel) -> Pixels:
    """Run a network of one output on an exposed proxy h×w×3 in [0, 1]; return h×w×C."""
    plate = np.ascontiguousarray(seen.transpose(2, 0, 1)[np.newaxis]) * np.float32(2) - np.float32(1)
    return np.ascontiguousarray(model.run(plate)[0][0].transpose(1, 2, 0))


def full_matte(light: Pixels, told: Survey, name: str) -> Plane:
    """Return a matte at a plate's size, along its edges: H×W in [0, 1].

    Args:
        light: the plate, H×W×3, scene-linear.
        told: its survey.
        name: one of :data:`daynight.models.scene.MATTES`.
    """
    guide = cv2.split(encode_display(finite(light) * np.float32(2.0**told.exposure), high_range=True))
    small = name in MATTES[len(SURFACES) :]
    fit = GuidedFilter(told.proxy, _FINE, edge=_GRAIN) if small else GuidedFilter(told.proxy, _WIDE)
    (matte,) = fit.upsampled(told.mattes[..., [MATTES.index(name)]], guide)
    return with_edge(matte) if name == "sky" else np.clip(matte, 0, 1, out=matte)


def with_edge(sky: Plane) -> Plane:
    """Return a sky matte at a plate's size with its edge: the network's own goes softly over a skyline.

    Sky that stays bright above dark mountains gives a night away; so the edge lies on their side of it.
    """
    share = np.clip((sky - np.float32(_EDGE[0])) * np.float32(1 / (_EDGE[1] - _EDGE[0])), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def still_of(frame: Frame) -> Still | None:
    """Return the background of a frame's shot, as the step at hand has learned it."""
    fact = frame.facts.get("still")
    return None if fact is None else _decoded(fact["png"], tuple(fact["low"]), tuple(fact["high"]))


@lru_cache(maxsize=8)
def _decoded(png: str, low: tuple[float, ...], high: tuple[float, ...]) -> Still:
    return Still.from_fact({"png": png, "low": low, "high": high})
