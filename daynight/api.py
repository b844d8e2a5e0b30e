"""The public functions: :func:`convert` and :func:`run` for files, :func:`open_look` for arrays."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeAlias, get_type_hints

import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import to_encoding
from daynight.colour.spaces import ColourSpaces
from daynight.engine.events import Observer, Summary, each_once
from daynight.engine.opening import open_conversion, open_job_chain
from daynight.engine.report import Report
from daynight.engine.run import Conversion, run_conversion
from daynight.engine.shots import analyse
from daynight.frames.frame import Frame
from daynight.job import DeviceName, Job, Source
from daynight.looks.chain import Chain, Timeline
from daynight.looks.mixing import with_mask
from daynight.plates import as_float, read_matte
from daynight.plates.threads import library_threads, processors
from daynight.plugin.look import LookSpec
from daynight.plugin.registry import Registry, python_warning
from daynight.plugin.step import ShotFacts

Array: TypeAlias = NDArray[Any]
Warn: TypeAlias = Callable[[str], None]
P = ParamSpec("P")


def plan(
    job: Job, *, look: LookSpec | None = None, registry: Registry | None = None, warn: Warn | None = None
) -> Conversion:
    """Check all that a job asks for, and plan it, without reading a frame.

    Args:
        job: what is asked for.
        look: a look made in Python, in place of the job's.
        registry: loaded plugins; ``None``: they are loaded.
        warn: takes warnings, one line each; ``None``: Python warnings.

    Raises:
        UsageError: something asked for does not exist or does not fit.
    """
    warn = each_once(warn or python_warning)
    return open_conversion(job, registry or Registry.load(warn=warn), look=look, warn=warn)


def run(
    job: Job,
    *,
    look: LookSpec | None = None,
    registry: Registry | None = None,
    observe: Observer = lambda _: None,
    warn: Warn | None = None,
) -> Summary:
    """Run a job: one at a time in a process, whose settings are left as they were.

    Args:
        job: what is asked for.
        look: a look made in Python, in place of the job's.
        registry: loaded plugins; ``None``: they are loaded.
        observe: called when the run starts and when a frame is done or has failed, on the calling thread.
        warn: takes warnings, one line each; ``None``: Python warnings.

    Returns:
        What was done. Failed frames are listed in it, not raised.

    Raises:
        UsageError: something asked for does not exist or does not fit; nothing was converted.
    """
    warn = each_once(warn or python_warning)
    conversion = plan(job, look=look, registry=registry, warn=warn)
    page = Report(Path(job.report), conversion) if job.report else None
    cores = job.jobs or processors()
    with library_threads(cores):
        summary = run_conversion(
            conversion,
            observe=page.observing(observe) if page else observe,
            warn=warn,
            view=page.view if page else None,
            workers=max(1, min(4, cores // 2 + 1)),
        )
    if page:
        page.write(summary)
    return summary


def _front(make: Callable[P, Job]) -> Callable[P, Summary]:
    """Return ``convert``, whose parameters are :class:`Job`'s own: a type checker sees a wrong keyword."""

    def convert(*args: P.args, **kwargs: P.kwargs) -> Summary:
        """Convert image sequences, as ``daynight convert`` does.

        Takes the fields of :class:`Job`: ``convert("shots", "night", strength=0.5)``.

        Returns:
            What was done. Failed frames are listed in it, not raised.

        Raises:
            UsageError: something asked for does not exist or does not fit; nothing was converted.
        """
        return run(make(*args, **kwargs))

    # For help() and editors: the fields' plain types, without what they say to the command line.
    types, signature = get_type_hints(make), inspect.signature(make)
    parameters = [each.replace(annotation=types[name]) for name, each in signature.parameters.items()]
    convert.__signature__ = inspect.Signature(parameters, return_annotation=Summary)  # type: ignore[attr-defined]
    return convert


convert = _front(Job)


class Look:
    """A look, opened, as a function of pictures; see :func:`open_look`. Use it in a ``with``, or close it.

    A picture is H×W×3, RGB: floats are scene-linear light (1.0 is diffuse white; values above 1 are kept),
    ``uint8`` and ``uint16`` are display-encoded (sRGB).
    """

    def __init__(self, chain: Chain, mask: NDArray[np.float32] | None) -> None:
        self._opened: Chain | None = chain
        self._mask = mask

    def __call__(self, picture: Array) -> Array:
        """Return a picture, changed: a new array of the same shape and type. Safe from several threads.

        A look with steps that see neighbours sees none here; see :meth:`shot`.

        Raises:
            ValueError: the array is not a picture, or the look is closed.
            PlateError: a step can't process it.
        """
        (result,) = self.shot([picture])
        return result

    def shot(self, pictures: Iterable[Array]) -> Iterator[Array]:
        """Yield the pictures of one shot, changed, in order of time; all may be seen before the first result.

        Raises:
            ValueError: an array is not a picture, or the look is closed.
            PlateError: a step can't process one.
        """
        return (_as_array(frame, picture) for frame, picture in self._frames(pictures))

    def _frames(self, pictures: Iterable[Array]) -> Iterator[tuple[Frame, Array]]:
        """Yield the frames of a shot, changed, with the pictures that they were."""
        chain = self._chain
        shot = list(pictures) if chain.shot_steps else pictures
        entered: dict[int, Frame] = {}
        coming = enumerate(shot)
        facts: dict[int, ShotFacts] = {}
        if isinstance(shot, list):
            facts = analyse(chain, len(shot), lambda index: self._entered(shot[index], index))
        timeline = Timeline(chain, entered.get, facts)
        waiting: dict[int, Array] = {}
        number = 0
        while True:
            while number + chain.after not in entered and (following := next(coming, None)) is not None:
                index, picture = following
                entered[index], waiting[index] = self._entered(picture, index), picture
            if number not in entered:
                return
            yield timeline.result(number), waiting.pop(number)
            number += 1
            timeline.forget(number - chain.before)
            entered.pop(number - 1 - chain.before, None)

    def layers(self, picture: Array) -> dict[str, NDArray[np.float32]]:
        """Return a picture, changed, as ``""``, and beside it the AOVs of the look by their names.

        All are float32, in scene-linear light: pictures H×W×3, mattes H×W. Light groups add up to ``""``.
        Looks whose model returns pictures have no AOVs.

        Raises:
            ValueError: the array is not a picture, or the look is closed.
            PlateError: a step can't process it.
        """
        frame = next(self._frames([picture]))[0]
        return {"": to_encoding(frame, "scene-linear").image, **frame.groups, **frame.aovs}

    def close(self) -> None:
        """Release the models; a closed look can't be called."""
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _chain(self) -> Chain:
        if self._opened is None:
            raise ValueError("the look is closed")
        return self._opened

    def _entered(self, picture: Array, number: int) -> Frame:
        frame = dataclasses.replace(_as_frame(picture), number=number)
        if self._mask is not None:
            if self._mask.shape != picture.shape[:2]:
                sizes = (f"{width}x{height}" for height, width in (self._mask.shape, picture.shape[:2]))
                raise ValueError("the mask is {} and the picture {}".format(*sizes))
            frame = with_mask(frame, self._mask)
        return self._chain.encoded(frame)


def open_look(
    look: str | os.PathLike[str] | LookSpec,
    *,
    model: Source | None = None,
    mask: Source | Array | None = None,
    settings: Mapping[str, Any] | Sequence[str] = (),
    strength: float = 1.0,
    protect_lights: bool = False,
    device: DeviceName = "auto",
    jobs: int | None = None,
) -> Look:
    """Open a look as a function of arrays.

    Args:
        look: its name, a chain file's path (``Path("dusk.toml")``), or a look made in Python.
        model: a model, in place of the look's own: a name or an ONNX file.
        mask: where the look applies: H×W in [0, 1], or an image. White is changed.
        settings: ``{"step.option": value}``.
        strength: 0 returns the picture, 1 the whole look; between them, part of its stops.
        protect_lights: keep the pictures' own light sources.
        device: where models run.
        jobs: CPU cores for the models; ``None``: all available to this process.

    Raises:
        UsageError: the look does not exist, or can't be opened.
    """
    chain = None if isinstance(look, str | LookSpec) else look
    job = Job(
        (),
        look if isinstance(look, str) else None,
        chain=chain,
        model=model,
        settings=settings,
        strength=strength,
        protect_lights=protect_lights,
        aovs=True,  # no frame lives longer for it: the groups are made anyway
        device=device,
        jobs=jobs,
    )
    registry = Registry.load(warn=python_warning)
    spec = look if isinstance(look, LookSpec) else None
    opened = open_job_chain(job, registry, ColourSpaces(), look=spec, warn=each_once(python_warning))
    if isinstance(mask, str | os.PathLike):
        mask = read_matte(Path(mask))[0]
    return Look(opened, None if mask is None else np.asarray(mask, np.float32))


def _as_frame(picture: Array) -> Frame:
    if picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is H×W×3, not {'×'.join(map(str, picture.shape))}")
    if picture.dtype in (np.uint8, np.uint16):
        return Frame(as_float(picture)[np.newaxis], "display")
    if picture.dtype.kind != "f":
        raise ValueError(f"a picture is float, uint8 or uint16, not {picture.dtype}")
    return Frame(picture.astype(np.float32, copy=False)[np.newaxis], "scene-linear", high_range=True)


def _as_array(frame: Frame, picture: Array) -> Array:
    """Return a result in the type and encoding of its picture, and never in its memory."""
    if picture.dtype.kind == "f":
        light = to_encoding(frame, "scene-linear").image
        return light.astype(picture.dtype, copy=np.shares_memory(light, picture))
    display = to_encoding(frame, "display").image
    codes: Array = np.rint(np.clip(display, 0, 1) * np.float32(np.iinfo(picture.dtype).max))
    return codes.astype(picture.dtype)
