"""Opening a job: its look, its color spaces and its plan, checked before any frame is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from daynight.colour.spaces import ColourSpaces
from daynight.engine.intake import Intake, scene_matte
from daynight.engine.planning import Plan, make_plan
from daynight.engine.run import Conversion
from daynight.engine.shots import lent_facts
from daynight.errors import UsageError, nearest
from daynight.frames.frame import Pixels
from daynight.job import Job
from daynight.looks.chain import Chain
from daynight.looks.opening import fitted, open_chain, with_matte, with_settings
from daynight.models.session import ModelCache
from daynight.plates import WRITABLE, WriteOptions, check_options, read_frame
from daynight.plates.threads import processors
from daynight.plugin.look import LookSpec, read_look
from daynight.plugin.registry import Registry


def open_conversion(
    job: Job, registry: Registry, *, look: LookSpec | None, warn: Callable[[str], None]
) -> Conversion:
    """Open all that a job needs; no frame is read.

    Args:
        job: what is asked for.
        registry: loaded plugins.
        look: a look made in Python, in place of the job's.
        warn: takes warnings, one line each.

    Raises:
        UsageError: something asked for does not exist or does not fit.
    """
    if not job.paths:
        raise UsageError("`sources`", "names nothing", "give at least one")
    ocio = None if job.ocio is None else str(job.ocio)
    spaces = ColourSpaces(ocio, source=job.colorspace, target=job.out_colorspace, warn=warn)
    chain = open_job_chain(job, registry, spaces, look=look, warn=warn)
    if job.aovs and not any(model.facts.kind in ("maps", "mattes") for model in chain.models):
        warn(f"{chain.name} makes no AOVs: its model returns pictures, or it has none")
    plan = make_plan(job, chain.name)
    _check_formats(job, plan)
    lent = {} if job.light_of is None else lent_facts(Path(job.light_of), chain)
    return Conversion(job, plan, chain, spaces, Intake(job, spaces, chain), lent)


def open_job_chain(
    job: Job,
    registry: Registry,
    spaces: ColourSpaces,
    *,
    look: LookSpec | None,
    warn: Callable[[str], None],
) -> Chain:
    """Open the chain of a job's look, with the changes that it asks for.

    Raises:
        UsageError: it does not exist, or does not hold together.
    """
    models = ModelCache(registry.models, job.device, job.jobs or processors())
    spec = look or _named_look(job, registry)
    settings = job.named_settings
    facts = {name: value for name, value in settings.items() if name.startswith("model.")}
    options = {name: value for name, value in settings.items() if name not in facts}
    if job.model is not None:
        model = str(job.model) if str(job.model) in registry.models else Path(job.model)
        spec = dataclasses.replace(spec, model=model)
    spec = with_settings(spec, facts)
    if job.model is not None and job.chain is None:
        spec = fitted(spec, registry, models)
    matte = scene_matte(job)
    if matte is not None:
        spec = with_matte(spec, matte)
    references = spaces.without_overrides()

    def still(path: Path) -> Pixels:
        return references.displayed(read_frame(path))

    return open_chain(
        with_settings(spec, options),
        registry,
        models,
        warn=warn,
        still=still,
        strength=job.strength,
        protect_lights=job.protect_lights,
        aovs=job.aovs,
    )


def _named_look(job: Job, registry: Registry) -> LookSpec:
    if job.chain is not None:
        return read_look(Path(job.chain))
    if not job.to:
        raise UsageError("`to`", "no look is named", f"known: {', '.join(sorted(registry.looks))}")
    if job.to not in registry.looks:
        raise UsageError(f"look {job.to!r}", "is unknown", nearest(job.to, registry.looks))
    return registry.looks[job.to]


def _check_formats(job: Job, plan: Plan) -> None:
    """Refuse a pixel type or compression that the results' formats don't have.

    Finished frames count too: a wrong option is an error whether there is something to do or not.
    """
    own = {path.suffix.lower() for shot in plan.shots for _, path in shot.frames} & WRITABLE
    for ending in {f".{job.ext.lower().lstrip('.')}"} if job.ext else own:
        check_options(ending, WriteOptions(job.depth, job.compression, job.strip_metadata))
