"""Intake: from a plate's file to a frame that the chain can work on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daynight.colour.spaces import ColourSpaces
from daynight.frames.alpha import uncovered_masked, unpremultiplied
from daynight.frames.frame import Frame
from daynight.frames.nonfinite import handle_nonfinite
from daynight.job import Job
from daynight.looks.chain import Chain
from daynight.looks.mixing import with_mask
from daynight.models.scene import MATTES
from daynight.plates import Limits, read_frame
from daynight.plates.masks import Masks


def scene_matte(job: Job) -> str | None:
    """Return the matte of the scene that a job's mask names; ``None``: it names a file or layer, or none."""
    name = str(job.mask)
    return name if job.mask is not None and name in MATTES and not Path(name).exists() else None


@dataclass(frozen=True)
class Arrival:
    """A plate, and the frame made of it."""

    plate: Frame
    """As its file has it, its color space declared."""
    frame: Frame
    """As the chain's first step takes it: in working light, not premultiplied."""


class Intake:
    """Reads plates as a job asks for. Safe to call from several threads.

    Args:
        job: what is asked for.
        spaces: color spaces of plates and results.
        chain: what the frames are for.

    Raises:
        UsageError: the mask is not there.
    """

    def __init__(self, job: Job, spaces: ColourSpaces, chain: Chain) -> None:
        self._layer, self._nonfinite = job.layer, job.nonfinite
        self._limits = Limits(job.max_pixels, job.max_channels, job.max_mb)
        self._masks = None if job.mask is None or scene_matte(job) else Masks(str(job.mask), self._limits)
        self._spaces = spaces
        self._chain = chain

    def read(self, path: Path, number: int | None) -> Arrival:
        """Read a plate: all of its file, its color space declared, NaN handled, its mask beside it.

        Raises:
            PlateError: it can't be read, or has no mask.
        """
        plate = read_frame(path, number, layer=self._layer, limits=self._limits)
        plate = handle_nonfinite(self._spaces.declared(plate), self._nonfinite)
        if self._masks:
            plate = with_mask(plate, self._masks.of(plate))
        return Arrival(plate, self.working(plate))

    def black(self, path: Path, number: int | None) -> Arrival:
        """Return black in the form of the plate that stands in for a missing one."""
        plate = self._spaces.declared(read_frame(path, number, layer=self._layer, limits=self._limits))
        integer = plate.file is not None and plate.file.integer
        plate = self._spaces.to_file(plate.black(number or 0), plate.space, integer=integer)
        return Arrival(plate, plate)

    def working(self, plate: Frame) -> Frame:
        """Return a plate as the chain's first step takes it; without a step, the plate itself."""
        if not self._chain.steps:
            return plate
        with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity come through
            frame = self._spaces.to_working(unpremultiplied(uncovered_masked(plate)))
            return self._chain.encoded(frame)
