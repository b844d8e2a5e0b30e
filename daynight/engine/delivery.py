"""Delivery: from the chain's result to a file that holds all of the plate around it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from daynight.colour.encoding import to_encoding
from daynight.colour.spaces import ColourSpaces
from daynight.engine.planning import FrameJob
from daynight.errors import PlateError
from daynight.frames.alpha import premultiplied, unpremultiplied
from daynight.frames.frame import Frame, Pixels
from daynight.job import Job
from daynight.looks.chain import Chain
from daynight.plates import OutputSpec, WriteOptions, dropped_data, output_spec, write_frame
from daynight.version import __version__


class Delivery:
    """Writes results as a job asks for. Safe to call from several threads.

    Args:
        job: what is asked for.
        spaces: color spaces of plates and results.
        chain: what made the results.
        warn: takes one line for each thing that a format can't hold.
    """

    def __init__(self, job: Job, spaces: ColourSpaces, chain: Chain, warn: Callable[[str], None]) -> None:
        self._spaces, self._warn, self._strict = spaces, warn, job.strict
        self._options = WriteOptions(job.depth, job.compression, job.strip_metadata)
        self._untouched = not chain.steps
        self.provenance = provenance(job, spaces, chain)
        """What each result says of how it was made: the attributes ``daynight:*``."""

    def write(self, job: FrameJob, plate: Frame, result: Frame) -> Frame:
        """Write a result under its final name, and return it as it was written.

        Raises:
            PlateError: its format would drop data and the job is strict, or the disk refuses.
        """
        output = output_spec(plate, job.target, self._options.depth)
        result = self.filed(plate, result, output)
        dropped = dropped_data(plate, result, output, self._options.compression)
        # A file that says what the plate's says needs no new attributes.
        same_space = output.same_format and result.space == plate.space
        if not same_space:
            dropped += self._spaces.unnamed_space(result.space, output)
        self._report_dropped(job, dropped)
        attributes = {} if same_space else self._spaces.attributes(result.space, output)
        write_frame(
            result,
            output,
            options=self._options,
            attributes={**self.provenance, **attributes},
            untouched=self._untouched,
        )
        return result

    def filed(self, plate: Frame, result: Frame, output: OutputSpec) -> Frame:
        """Return a result with values as its file holds them: color space; alpha multiplied in, or left out.

        Where its output is the plate's, pixels that took no change, or hold NaN or infinity, are the plate's
        own to the last bit.
        """
        space = self._spaces.for_result(plate, output)
        has_alpha = result.alpha is not None
        comparable = space == plate.space and (not has_alpha or (output.same_format and output.format.alpha))

        def as_filed(frame: Frame) -> Frame:
            if not (comparable and self._untouched):
                frame = self._spaces.to_working(unpremultiplied(frame))
            if has_alpha and not output.format.alpha:  # over black, which is a matter of light
                frame = premultiplied(to_encoding(frame, "scene-linear"))
            frame = self._spaces.to_file(frame, space, integer=output.integer)
            return premultiplied(frame) if output.premultiplied(plate) else frame

        with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity come through
            filed = as_filed(result)
            if result.groups:
                lights = {
                    name: as_filed(result.with_pixels(group[np.newaxis], encoding="scene-linear")).image
                    for name, group in result.groups.items()
                }
                filed = _with_groups(filed, lights, output, linear=self._spaces.is_light(space))
        return filed if self._untouched or not comparable else _unchanged_restored(filed, plate)

    def _report_dropped(self, job: FrameJob, dropped: Sequence[str]) -> None:
        ending = job.target.suffix.lower().lstrip(".")
        if dropped and self._strict:
            remedy = "choose a format that holds it, or leave `strict` out"
            raise PlateError(job.source, f"{ending} holds {'; '.join(dropped)}", remedy)
        for each in dropped:
            self._warn(f"{job.shot.name}: {ending} holds {each}")


def provenance(job: Job, spaces: ColourSpaces, chain: Chain) -> Mapping[str, str]:
    """Return what a result says of how it was made: the attributes ``daynight:*``."""
    steps = [[step.name, step.options.model_dump(mode="json")] for step in chain.steps]
    facts = [model.facts.model_dump() for model in chain.models]
    opened = json.dumps([steps, facts, chain.strength, chain.protect_lights], sort_keys=True)
    values = {
        "version": __version__,
        "look": chain.name,
        "chain_sha256": hashlib.sha256(opened.encode()).hexdigest(),
        "job_sha256": job.digest,
        "ocio": spaces.config,
    }
    if chain.models:
        values["model_sha256"] = ", ".join(model.sha256 for model in chain.models)
    return {f"daynight:{key}": value for key, value in values.items()}


def _with_groups(filed: Frame, lights: Mapping[str, Pixels], output: OutputSpec, *, linear: bool) -> Frame:
    """Return a result with its light groups among the AOVs.

    In a space of light they add up to the picture: it is made from the groups as the file stores them, and so
    is off by its own rounding alone.
    """
    if linear and output.pixel_type in ("half", "float"):
        if output.pixel_type == "half":
            lights = {name: group.astype(np.float16).astype(np.float32) for name, group in lights.items()}
        filed = filed.with_image(np.sum([*lights.values()], axis=0, dtype=np.float32))
    return dataclasses.replace(filed, aovs={**filed.aovs, **lights}, groups={})


def _unchanged_restored(result: Frame, plate: Frame) -> Frame:
    """Return a result whose pixels without change are the plate's, from before any arithmetic."""
    kept = result.mask == 0 if result.mask is not None else None
    own = plate.image[result.window.within(plate.window)]
    if plate.nonfinite:
        bad = ~np.isfinite(own).all(axis=2)
        if plate.alpha is not None:
            bad |= ~np.isfinite(plate.alpha[result.window.within(plate.window)])
        kept = bad if kept is None else kept | bad
    if kept is None or not kept.any():
        return result
    return result.with_image(np.where(kept[..., np.newaxis], own, result.image))
