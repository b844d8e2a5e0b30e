"""Chains: opened steps, run over frames. The order in which a frame meets its steps stands in here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from daynight.colour.encoding import to_encoding
from daynight.errors import PlateError
from daynight.frames.frame import Frame
from daynight.looks.mixing import mixed
from daynight.models.session import OpenModel
from daynight.plugin.step import BaseStep, FrameWindow, ShotFacts, ShotStep, Step, WindowStep

Fetch: TypeAlias = Callable[[int], Frame | None]
"""Returns a shot's frame by number, as it enters the chain; ``None`` where it is absent or broken."""

_INFINITE_LIGHT = np.errstate(invalid="ignore", over="ignore")
"""A plate may hold NaN and infinite light; numpy shall not warn of what becomes of those pixels."""


@dataclass(frozen=True)
class Chain:
    """Opened steps, in order, and how much of their change a frame takes. Safe from several threads."""

    name: str
    steps: tuple[BaseStep, ...] = ()
    models: tuple[OpenModel, ...] = ()
    """Models that the steps opened, in order."""
    strength: float = 1.0
    """0 returns the plate, 1 the whole look; between them, part of its stops."""
    protect_lights: bool = False
    """Keep the plate's own light sources."""

    @property
    def before(self) -> int:
        """Earlier frames on which a frame's result may depend."""
        return sum(step.before for step in self.steps if isinstance(step, WindowStep))

    @property
    def after(self) -> int:
        """Later frames on which a frame's result may depend."""
        return sum(step.after for step in self.steps if isinstance(step, WindowStep))

    @property
    def shot_steps(self) -> dict[int, ShotStep]:
        """Steps with a first pass over the shot, by their index in the chain."""
        return {index: step for index, step in enumerate(self.steps) if isinstance(step, ShotStep)}

    @_INFINITE_LIGHT
    def apply(self, frame: Frame) -> Frame:
        """Run the steps over one frame by itself: it has no neighbours, and no shot.

        Raises:
            PlateError: a step can't process this frame.
        """
        number = frame.number or 0
        timeline = Timeline(self, lambda other: frame if other == number else None)
        return timeline.result(number)

    def encoded(self, frame: Frame, index: int = 0) -> Frame:
        """Return the frame in the encoding that a step works in."""
        wanted = self.steps[index].works_in if index < len(self.steps) else None
        return to_encoding(frame, wanted) if wanted else frame


@dataclass
class Timeline:
    """A chain over the frames of one shot, by number.

    What comes before a :class:`WindowStep` is computed once a frame and kept for its neighbours: a cache,
    of which no result depends. Not safe to call from several threads.
    """

    chain: Chain
    fetch: Fetch
    facts: Mapping[int, ShotFacts] = field(default_factory=dict)
    """What shot steps learned in their first pass, by their index in the chain."""
    _kept: dict[tuple[int, int], Frame | Exception | None] = field(default_factory=dict)

    @_INFINITE_LIGHT
    def result(self, number: int) -> Frame:
        """Return the result of a frame.

        Raises:
            PlateError: a step can't process this frame.
            KeyError: there is no such frame.
        """
        frame = self._after(len(self.chain.steps), number)
        if frame is None:
            raise KeyError(number)
        if self.chain.steps and frame.plate is not None:
            frame = mixed(frame, frame.plate, self.chain.strength, protect_lights=self.chain.protect_lights)
        return dataclasses.replace(frame, plate=None, facts={}, notes={})

    def forget(self, before: int) -> None:
        """Drop what is kept of the frames before this number."""
        for key in [key for key in self._kept if key[1] < before]:
            del self._kept[key]

    def _after(self, count: int, number: int) -> Frame | None:
        """Return a frame as it leaves the first ``count`` steps; ``None`` where the shot has none."""
        first = next((i for i in range(count - 1, -1, -1) if isinstance(self.chain.steps[i], WindowStep)), -1)
        frame = self._entered(number) if first < 0 else self._windowed(first, number)
        for index in range(first + 1, count):
            if frame is None:
                return None
            step = self.chain.steps[index]
            assert isinstance(step, Step)
            frame = step.apply(self._ready(index, frame))
        return frame

    def _entered(self, number: int) -> Frame | None:
        frame = self.fetch(number)
        return None if frame is None else dataclasses.replace(frame, plate=frame)

    def _windowed(self, index: int, number: int) -> Frame | None:
        """Return a frame as it leaves the window step at ``index``."""
        step = self.chain.steps[index]
        assert isinstance(step, WindowStep)
        frame = self._at(index, number)
        if isinstance(frame, Exception):
            raise frame
        if frame is None:
            return None
        before = self._neighbours(index, frame, range(number - 1, number - 1 - step.before, -1))
        after = self._neighbours(index, frame, range(number + 1, number + 1 + step.after))
        return step.apply(FrameWindow(self._ready(index, frame), tuple(reversed(before)), tuple(after)))

    def _neighbours(self, index: int, frame: Frame, numbers: range) -> list[Frame | None]:
        """Return the frames of these numbers on the data window of ``frame``, outwards.

        There are none beyond a change of size, where a take ends.
        """
        neighbours: list[Frame | None] = []
        for number in numbers:
            other = self._at(index, number)
            if isinstance(other, Frame) and other.picture_size != frame.picture_size:
                return [*neighbours, *[None] * (len(numbers) - len(neighbours))]
            neighbours.append(
                _aligned(self._ready(index, other), frame) if isinstance(other, Frame) else None
            )
        return neighbours

    def _at(self, index: int, number: int) -> Frame | Exception | None:
        """Return a frame as it comes to a window step, or why it can't."""
        key = (index, number)
        if key not in self._kept:
            try:
                self._kept[key] = self._after(index, number)
            except Exception as fault:  # it is this frame's own; for its neighbours the frame is absent
                self._kept[key] = fault
        return self._kept[key]

    def _ready(self, index: int, frame: Frame) -> Frame:
        """Return a frame as a step takes it: in its encoding, with its own facts of the shot."""
        facts = self.facts.get(index, {})
        frame = self.chain.encoded(frame, index)
        return frame if frame.facts == facts else dataclasses.replace(frame, facts=facts)


def _aligned(frame: Frame, target: Frame) -> Frame:
    """Return a frame on the data window of another of the same size, display window on display window.

    Raises:
        PlateError: the windows differ, and the frame is tiled.
    """
    window = target.window.moved(target.picture_window, frame.picture_window)
    if window != frame.window and frame.tiles is not None:
        fault = f"its neighbour {frame.number} has another data window, and both are in tiles"
        raise PlateError(target.source or "frame", fault, "put the step ahead of tile")
    frame = frame.aligned(window)
    if frame.picture_window == target.picture_window:
        return frame
    return dataclasses.replace(frame, data_window=target.data_window, display_window=target.display_window)
