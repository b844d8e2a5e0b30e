"""The public functions: files in and out with :func:`convert`, arrays with :func:`open_look`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import to_encoding
from daynight.colour.spaces import ColourSpaces
from daynight.engine.pipeline import processors
from daynight.engine.planning import OnMissing, Plan, make_plan
from daynight.engine.report import Report
from daynight.engine.run import Handling, Observer, OnError, Started, Summary, run_plan
from daynight.errors import UsageError, nearest
from daynight.frames.frame import Frame
from daynight.frames.nonfinite import NonFinite
from daynight.looks.chain import (
    PIXELS_STEPS,
    Chain,
    model_path,
    open_chain,
    read_chain,
    with_model,
    with_settings,
)
from daynight.looks.mixing import Controls
from daynight.models.session import DeviceName, open_network
from daynight.plates import (
    LIMITS,
    WRITABLE,
    Depth,
    Limits,
    WriteOptions,
    as_float,
    check_options,
    set_threads,
)
from daynight.plates.masks import Masks
from daynight.plates.sequences import parse_range
from daynight.plugin.look import ChainSpec, StepSpec
from daynight.plugin.registry import Registry, python_warning

Source: TypeAlias = "str | os.PathLike[str]"
Array: TypeAlias = NDArray[Any]


def convert(
    sources: Source | Sequence[Source],
    to: str | None = None,
    *,
    out: Source | None = None,
    frames: str | None = None,
    chain: Source | None = None,
    model: Source | None = None,
    settings: Sequence[str] = (),
    device: DeviceName = "auto",
    strength: float = 1.0,
    mask: Source | None = None,
    protect_lights: bool = False,
    aovs: bool = False,
    layer: str | None = None,
    ocio: Source | None = None,
    colorspace: str | None = None,
    out_colorspace: str | None = None,
    nonfinite: NonFinite = "keep",
    ext: str | None = None,
    depth: Depth | None = None,
    compression: str | None = None,
    strip_metadata: bool = False,
    strict: bool = False,
    limits: Limits = LIMITS,
    on_missing: OnMissing = "error",
    on_error: OnError = "continue",
    overwrite: bool = False,
    jobs: int | None = None,
    report: Source | None = None,
    dry_run: bool = False,
    registry: Registry | None = None,
    observe: Observer = lambda _: None,
    warn: Callable[[str], None] | None = None,
) -> Summary:
    """Convert image sequences, as ``daynight convert`` does.

    One conversion at a time in a process: the number of threads that decode and encode is the process's.

    Args:
        sources: folders (searched through), images, or patterns like ``sh010.%04d.exr``.
        to: a look's name; may be left out where ``chain`` is given.
        out: folder for the results; ``None``: beside a folder of shots, inside the folder of an image.
        frames: a range like ``1001-1100x2``; ``None``: all.
        chain: a chain file, in the look's place.
        model: an ONNX file or a registered model's name, in the place of the chain's model.
        settings: ``step.option=value`` and ``model.fact=value``.
        device: ``auto`` takes CUDA where it runs, else the CPU.
        strength: of the look: 0 gives the plate exactly, 1 all of it, between them part of its stops.
        mask: an image, a pattern, or a channel of the plates: white changes, black stays exactly.
        protect_lights: keep the plates' own light sources as they are.
        aovs: write the maps that relight the plate beside the picture: ``daynight.stops``,
            ``daynight.emission``.
        layer: the picture's layer, part or view, like ``diffuse``; ``None``: R, G and B.
        ocio: an OCIO config, a file or ``ocio://`` name; ``None``: ``$OCIO``, else a built-in one.
        colorspace: of the plates; ``None``: told by each file, by the config's file rules, or by its pixel
            type.
        out_colorspace: of the results; ``None``: their plates'.
        nonfinite: what becomes of NaN and infinite light: ``keep``, ``zero`` or ``error``.
        ext: ending of the results, like ``exr``; ``None``: as the plates.
        depth: pixel type of the results: ``8``, ``10``, ``12``, ``16``, ``half``, ``float``; ``None``: as the
            plates.
        compression: like ``zips``, ``dwaa:45``, ``jpeg:90``; ``None``: as the plates.
        strip_metadata: write only what the pixels can't be read without.
        strict: what a result's format can't hold is a fault of its frame, not a warning.
        limits: what a plate's header may claim before it is decoded.
        on_missing: what becomes of gaps in a shot: a fault each, left out, the frame before, black.
        on_error: whether a failed frame ends the run.
        overwrite: do finished frames again.
        jobs: processors to use; ``None``: all that this process may use.
        report: an HTML page to write, with before/after wipes and timings.
        dry_run: check all that is asked for and tell ``observe`` of the plan, but read no frame.
        registry: loaded plugins; ``None``: they are loaded.
        observe: told when the run starts and when a frame is done or has failed, on the calling thread.
        warn: takes warnings, one line each; ``None``: Python warnings.

    Returns:
        What was done. Failed frames are listed in it, not raised.

    Raises:
        UsageError: something asked for does not exist or does not fit; nothing was converted.
    """
    for name, value, choices in (
        ("nonfinite", nonfinite, get_args(NonFinite)),
        ("on_missing", on_missing, get_args(OnMissing)),
        ("on_error", on_error, get_args(OnError)),
        ("depth", depth, (None, *get_args(Depth))),
    ):
        if value not in choices:
            raise UsageError(f"{name} {value!r}", "is unknown", f"known: {', '.join(map(str, choices))}")
    warn = once(warn or python_warning)
    registry = registry or Registry.load(warn=warn)
    opened = _open(
        registry,
        to,
        chain=chain,
        model=model,
        settings=settings,
        device=device,
        jobs=jobs,
        warn=warn,
        spaces=ColourSpaces(
            None if ocio is None else str(ocio), source=colorspace, target=out_colorspace, warn=warn
        ),
        controls=Controls(strength, protect_lights, aovs),
    )
    handling = Handling(
        layer=layer,
        limits=limits,
        nonfinite=nonfinite,
        masks=None if mask is None else Masks(str(mask), limits),
        write=WriteOptions(depth, compression, strip_metadata),
        strict=strict,
    )
    plan = _plan(
        sources,
        opened,
        out=out,
        frames=frames,
        ext=ext,
        on_missing=on_missing,
        overwrite=overwrite,
        write=handling.write,
    )
    if dry_run:
        observe(Started(plan, opened))
        return Summary(plan.outputs, str(opened.network.device) if opened.network else "")
    page = Report(Path(report), plan, opened) if report else None
    workers = max(1, min(4, (jobs or processors()) // 2 + 1))
    summary = run_plan(
        plan,
        opened,
        on_error=on_error,
        handling=handling,
        warn=warn,
        observe=page.observing(observe) if page else observe,
        view=page.view if page else None,
        workers=workers,
    )
    if page:
        page.write(summary)
    return summary


def _open(
    registry: Registry,
    to: str | None,
    *,
    chain: Source | None = None,
    model: Source | None = None,
    settings: Sequence[str] = (),
    device: DeviceName = "auto",
    jobs: int | None = None,
    warn: Callable[[str], None] | None = None,
    spaces: ColourSpaces | None = None,
    controls: Controls | None = None,
) -> Chain:
    """Open the chain of a look or a chain file, with the changes asked for; see :func:`convert`.

    Raises:
        UsageError: it does not exist, or does not hold together.
    """
    if device not in get_args(DeviceName):
        raise UsageError(f"device {device!r}", "is unknown", nearest(device, get_args(DeviceName)))
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs {jobs}", "is no number of processors", "give 1 or more")
    threads = jobs or processors()
    set_threads(threads)
    cv2.setNumThreads(threads)
    if chain is not None:
        spec = read_chain(Path(chain))
    elif to:
        spec = _look(registry, to)
    else:
        raise UsageError("--to", "no look is named", f"known: {', '.join(registry.looks)}")
    if model is not None:
        spec = with_model(spec, str(model) if str(model) in registry.models else Path(model))
    spec = with_settings(spec, [setting for setting in settings if setting.startswith("model.")])
    if model is not None and chain is None:
        spec = _chain_that_runs(spec, registry, device, threads)
    spec = with_settings(spec, [setting for setting in settings if not setting.startswith("model.")])
    return open_chain(
        spec,
        registry.steps,
        registry.models,
        device=device,
        threads=threads,
        warn=once(warn or python_warning),
        spaces=spaces,
        controls=controls,
    )


def _plan(
    sources: Source | Sequence[Source],
    chain: Chain,
    *,
    out: Source | None = None,
    frames: str | None = None,
    ext: str | None = None,
    on_missing: OnMissing = "error",
    overwrite: bool = False,
    write: WriteOptions | None = None,
) -> Plan:
    """Plan a conversion without reading a frame; see :func:`convert`.

    Raises:
        UsageError: nothing is found, a result would take the place of a plate, or its format does not have
            what is asked of it.
    """
    listed = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    plan = make_plan(
        [Path(source) for source in listed],
        chain.name,
        out=None if out is None else Path(out),
        frames=None if frames is None else parse_range(frames),
        ext=ext,
        on_missing=on_missing,
        overwrite=overwrite,
        preroll=chain.preroll,
    )
    # Finished frames count too: what is asked wrongly is told, whether there is something to do or not.
    own = {path.suffix.lower() for shot in plan.shots for _, path in shot.frames} & WRITABLE
    for ending in {f".{ext.lower().lstrip('.')}"} if ext else own:
        check_options(ending, write or WriteOptions())
    return plan


@contextmanager
def open_look(
    name: str,
    *,
    device: DeviceName = "auto",
    jobs: int | None = None,
    settings: Sequence[str] = (),
    strength: float = 1.0,
    protect_lights: bool = False,
) -> Iterator[Callable[[Array], Array]]:
    """Open a look as a function of arrays.

    The function takes a picture H×W×3, RGB, and gives a new one of the same shape and type:
    floats are scene-linear light (1.0 is diffuse white; values above 1 are kept), ``uint8`` and ``uint16``
    are display-encoded (sRGB). It may be called from several threads, unless the look has a step with
    memory (a step whose ``preroll`` is above 0).

    Args:
        name: of the look.
        device: ``auto`` takes CUDA where it runs, else the CPU.
        jobs: processors to use; ``None``: all that this process may use.
        settings: ``step.option=value``.
        strength: of the look: 0 gives the picture, 1 all of it, between them part of its stops.
        protect_lights: keep the picture's own light sources as they are.

    Yields:
        The function.

    Raises:
        UsageError: the look does not exist, or can't be opened.
        ValueError: (by the function) the array is no picture.
    """
    controls = Controls(strength, protect_lights)
    chain = _open(Registry.load(), name, device=device, jobs=jobs, settings=settings, controls=controls)
    chain.start_shot("")

    def look(picture: Array) -> Array:
        plate = _as_frame(picture)
        result = to_encoding(chain.apply(chain.enter(plate)), plate.encoding).image
        if picture.dtype.kind == "f":
            return result.astype(picture.dtype, copy=np.shares_memory(result, picture))
        whitest = np.iinfo(picture.dtype).max
        levels: Array = np.rint(np.clip(result, 0, 1) * np.float32(whitest)).astype(picture.dtype)
        return levels

    yield look


def once(warn: Callable[[str], None]) -> Callable[[str], None]:
    """Give a function that passes each line on only the first time."""
    told: set[str] = set()

    def warn_once(message: str) -> None:
        if message not in told:
            told.add(message)
            warn(message)

    return warn_once


def _as_frame(picture: Array) -> Frame:
    if picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is H×W×3, not {'×'.join(map(str, picture.shape))}")
    if picture.dtype in (np.uint8, np.uint16):
        return Frame(as_float(picture)[np.newaxis], "display")
    if picture.dtype.kind != "f":
        raise ValueError(f"a picture is float, uint8 or uint16, not {picture.dtype}")
    return Frame(picture.astype(np.float32, copy=False)[np.newaxis], "scene-linear", high_range=True)


def _look(registry: Registry, name: str) -> ChainSpec:
    if name not in registry.looks:
        raise UsageError(f"look {name!r}", "is unknown", nearest(name, registry.looks))
    return registry.looks[name].chain


def _chain_that_runs(spec: ChainSpec, registry: Registry, device: DeviceName, threads: int) -> ChainSpec:
    """Give the look's chain in the form that another model needs: pictures go in tiles, maps don't."""
    names = [step.name for step in spec.steps]
    if "stylize" not in names or spec.model is None:
        raise UsageError(
            f"--model {spec.model}", f"look {spec.name} runs no model", "choose another look or --chain"
        )
    path = model_path(spec.model, registry.models)
    facts = open_network(path, device=device, threads=threads, facts=spec.facts).facts
    core: tuple[StepSpec, ...] = PIXELS_STEPS if facts.kind == "pixels" else (StepSpec("stylize"),)
    others = {"tile", "stylize", "reassemble"}
    place = names.index("stylize")
    before = tuple(step for step in spec.steps[:place] if step.name not in others)
    after = tuple(step for step in spec.steps[place:] if step.name not in others)
    return dataclasses.replace(spec, steps=(*before, *core, *after))
