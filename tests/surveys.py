"""Surveys made by hand: a street under a sky, with a window in its wall and a signal before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import encode_display
from daynight.frames.resize import scaled
from daynight.looks.relight import make_proxy
from daynight.looks.scene import Survey
from daynight.models.lights import MAPS
from daynight.models.scene import MATTES

HEIGHT, WIDTH = 96, 160
SKYLINE = 40
WINDOW = (slice(52, 64), slice(60, 80))


def street(height: int = HEIGHT, width: int = WIDTH, grain: float = 0.01) -> NDArray[np.float32]:
    """A bright sky above a grey wall with a dark window: scene-linear, its ground's mean about 0.18."""
    random = np.random.default_rng(0)
    light = np.full((HEIGHT, WIDTH, 3), 0.18, np.float32)
    light[:SKYLINE] = (0.7, 0.85, 1.0)
    light[WINDOW] = 0.04
    light *= np.exp(random.normal(0, grain, light.shape)).astype(np.float32)
    return scaled(light, height, width)


def survey_of(
    plate: NDArray[np.float32], *, exposure: float = 0.0, built: bool = True, lights: bool = True
) -> Survey:
    """What networks would tell of it."""
    proxy = encode_display(make_proxy(plate, HEIGHT, WIDTH) * np.float32(2.0**exposure), high_range=True)
    mattes = np.zeros((HEIGHT, WIDTH, len(MATTES)), np.float32)
    mattes[:SKYLINE, :, MATTES.index("sky")] = 1
    mattes[SKYLINE:, :, MATTES.index("building" if built else "vegetation")] = 1
    if built:
        mattes[(*WINDOW, MATTES.index("window"))] = 1
    maps = np.zeros((HEIGHT, WIDTH, len(MAPS)), np.float32)
    maps[..., MAPS.index("ambient")] = -5
    maps[..., MAPS.index("practicals")] = -3
    maps[..., MAPS.index("lamp")] = -1
    maps[(*WINDOW, MAPS.index("lamp"))] = 2.5
    maps[..., MAPS.index("variety0")] = np.linspace(-2, 2, WIDTH)
    return Survey(exposure, proxy, mattes, maps if lights else None)
