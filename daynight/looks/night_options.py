"""What an artist sets of a night: every control of step ``night``, with its unit."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from daynight.colour.kelvin import kelvin_to_rgb
from daynight.frames.frame import Pixels
from daynight.plugin.step import StepOptions

Gain = Annotated[float, Field(ge=0)]
Kelvin = Annotated[float, Field(ge=1667, le=25000)]
Colour: TypeAlias = Kelvin | tuple[Gain, Gain, Gain]
"""A temperature in kelvin, or factors of red, green and blue."""
Stops = Annotated[float, Field(ge=-20, le=20)]


class NightOptions(StepOptions):
    """Options of ``night``. Levels are in stops; any number may be key-framed, ``"1001:0 1100:-2"``."""

    reference: str = Field(
        "", description="a still of a real night, whose levels and colours sky and unlit ground take"
    )
    ambient: Stops = Field(0.0, description="light of moon and sky, in stops over the network's own")
    flat: Stops | None = Field(
        None, description="stops of ambient light everywhere, in place of the network's; for a classic grade"
    )
    moon: Colour = Field(
        (0.71, 0.93, 1.46), description="colour of moonlight: kelvin, or factors of red, green, blue"
    )
    saturation: float = Field(
        0.65, ge=0, le=2, description="of colours in moonlight: eyes see few in the dark"
    )
    sun: float = Field(
        0.3, ge=0, le=1, description="how far sunlit parts come down to the shade: 0 not at all, 1 wholly"
    )
    black: float = Field(0.0, ge=0, le=0.1, description="light added to everything: lifted blacks")

    sky: str = Field("", description="an image that takes the sky's place, scene-linear values as they are")
    sky_gain: Stops = Field(0.0, description="stops by which that image is brighter")
    sky_level: Stops = Field(-7.2, description="the sky's light, in stops of white; not of an image")
    sky_colour: Colour = Field((0.59, 0.87, 1.80), description="colour of the sky: kelvin, or factors")
    sky_gradient: float = Field(0.5, ge=-8, le=8, description="stops from the frame's top to its bottom")
    clouds: float = Field(0.35, ge=0, le=2, description="what is left of the clouds' contrast")

    practicals_on: bool = Field(True, description="whether lamps throw light on walls and ground")
    practicals: Stops = Field(0.0, description="that light, in stops over the network's own")
    practicals_colour: Colour | None = Field(None, description="its colour; none: the network's")

    lamps_on: bool = Field(True, description="whether lamps and windows are lit")
    lamps: Stops = Field(0.0, description="their light, in stops over the network's own")
    lamps_colour: Colour | None = Field(None, description="their colour; none: the network's")
    lit: float = Field(0.5, ge=0, le=1, description="how many are lit: 0 few, 1 most that can be")
    seed: int = Field(
        0, ge=0, description="which are lit: 0 the likeliest, else another choice for each seed"
    )
    glow: float = Field(0.15, ge=0, le=1, description="part of a lamp's light that glows around it")
    glow_size: float = Field(1.0, gt=0, le=8, description="size of that glow, over the look's own")


def colour_of(value: float | tuple[float, float, float]) -> Pixels:
    """Return the three factors of a colour."""
    return kelvin_to_rgb(value) if isinstance(value, (int, float)) else np.asarray(value, np.float32)
