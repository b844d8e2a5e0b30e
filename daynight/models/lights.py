"""What a light network tells of a plate, by name. :mod:`daynight.looks.night` says what becomes of it."""

from __future__ import annotations

from typing import Final

VARIETY: Final = 4
"""Channels that tell one place from another."""
MAPS: Final = (
    *("ambient", "practicals", "warmth", "lamp", "lamp_warmth", "lamp_level", "panes"),
    *(f"variety{number}" for number in range(VARIETY)),
)
"""The channels of a light network, in order.

``ambient`` and ``practicals``: stops of moonlight and of lamplight. ``warmth`` of the lamplight, in [0, 1]: 0
is the colour of sodium, 1 of daylight. ``lamp``: how likely here is a lamp, a window or a sign, a logit that
means something only beside the rest of the shot. ``lamp_warmth``, in [0, 1], and ``lamp_level``, in stops
over white: its colour and light. ``panes``, in [0, 1]: whether it shines through panes, the darker parts of
a wall, or as it is. ``variety``: numbers around 0 that tell one place from another and stay with
what is there, by which a seed chooses the lamps that are lit.
"""

MIDDLE: Final = 0.18
"""Mean light of a plate's ground once it is exposed for relighting: a geometric mean."""
MOON: Final = (-0.5, -0.1, 0.55)
"""Tint of moonlight, in stops of red, green and blue."""
SATURATION: Final = 0.65
"""What is left of a plate's saturation in moonlight (the Purkinje effect)."""
SUN: Final = 0.3
"""How far light above the ground's mean comes down, as a part of its stops: sunlight and its shadows."""
WHITE: Final = 2.5
"""Stops above that mean from which light is above white: what lies beyond comes down by more."""
ABOVE_WHITE: Final = 2.5
"""How many times as far."""
SODIUM: Final = (0.3, -0.4, -1.6)
"""Tint of the warmest practical light, in stops; the coldest has none."""
SKY_LEVEL: Final = -7.2
"""Level of the night sky, in stops below white."""
SKY_CONTRAST: Final = 0.35
"""What is left of the contrast of the plate's clouds, in stops."""
SKY_TINT: Final = (-0.75, -0.2, 0.85)
"""Tint of the night sky, in stops."""
UNLIT: Final = (6.0, 4.5)
"""Stops by which practical light is weaker on the sky, and where nothing is built."""
SURE: Final = (0.3, 0.8)
"""Share of building from which a pixel may be a lamp, and from which it is one like any other."""
LIT: Final = 1.6
"""Standard deviations above the mean of the shot's buildings at which half of a lamp is lit."""
WINDOWS: Final = 1.5
"""Deviations by which a window is likelier lit than the wall around it."""
UNBUILT: Final = 3.0
"""Deviations by which a place that is not built is unlikelier a lamp: a bright pavement before a wall."""
PANES: Final = (12, 32, 96)
"""Reaches within which a pane is darker than what is around it, as parts of the short side."""
PANE: Final = 0.65
"""By how many deviations it is darker where half of its light comes through."""
PANE_SLOPE: Final = 6.0
"""How sharply it ends: the slope of the logistic function."""
PANE_FLAT: Final = 0.3
"""Stops added to the deviation: what varies less, as grain does, has no panes."""
PANE_SHADOW: Final = 2.0**-6
"""Light added to the plate's before its logarithm: shadows vary less."""
LIT_SLOPE: Final = 4.0
"""How sharply a lamp turns on there: the slope of the logistic function."""
FLAME, LED = (0.35, -0.5, -1.9), (-0.2, 0.0, 0.25)
"""Tints of the warmest and the coldest lamp, in stops."""
GLOW: Final = 0.15
"""Part of a lamp's light that glows around it."""
