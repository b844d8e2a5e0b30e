"""Opening a look: settings and model exchanged, every step and option checked, before any frame is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daynight.errors import ChainError, UsageError, nearest
from daynight.frames.frame import Pixels
from daynight.looks.chain import Chain
from daynight.models.session import ModelCache, OpenModel
from daynight.plugin.look import LookSpec, StepSpec
from daynight.plugin.registry import Registry
from daynight.plugin.step import BaseStep, StepContext, StepOptions


def with_settings(look: LookSpec, settings: Mapping[str, Any]) -> LookSpec:
    """Return a look with options changed by ``step.option``, and facts of its model by ``model.fact``.

    Raises:
        ChainError: a setting names a step that the look lacks.
    """
    for name, value in settings.items():
        step, _, option = name.partition(".")
        look = _with_setting(look, step, option, value)
    return look


def fitted(look: LookSpec, registry: Registry, models: ModelCache) -> LookSpec:
    """Return a look whose model was exchanged, with the steps that a model of this kind needs around it.

    A model that gives pictures is run over tiles, by the first registered steps that cut and join them; one
    that gives maps sees the whole frame. A model that the look's steps can't run takes the place of all of
    them, with the first registered step that can.

    Raises:
        UsageError: the look runs no model, or the model can't be opened.
    """
    classes = [_step_class(step, registry.steps) for step in look.steps]
    plain = [(s, c) for s, c in zip(look.steps, classes, strict=True) if "tiles" not in (c.takes, c.gives)]
    running = [index for index, (_, each) in enumerate(plain) if each.needs_model]
    if not running or look.model is None:
        raise UsageError(
            f"`model={look.model}`", f"look {look.name} runs no model", "choose another look or `chain`"
        )
    kind = models.open(look.model, look.facts).facts.kind
    if kind not in plain[running[0]][1].runs:
        able = [name for name, each in registry.steps.items() if kind in each.runs and each.takes != "whole"]
        if not able:
            raise UsageError(
                f"`model={look.model}`",
                f"returns {kind}, which look {look.name} can't use",
                "see docs/chains.md",
            )
        plain, running = [(StepSpec(able[0], {}), registry.steps[able[0]])], [0]
    steps = [step for step, _ in plain]
    if kind == "pixels":
        cut = next(name for name, each in registry.steps.items() if each.gives == "tiles")
        join = next(name for name, each in registry.steps.items() if each.takes == "tiles")
        steps.insert(running[-1] + 1, StepSpec(join))
        steps.insert(running[0], StepSpec(cut))
    return dataclasses.replace(look, steps=tuple(steps))


def open_chain(
    look: LookSpec,
    registry: Registry,
    models: ModelCache,
    *,
    warn: Callable[[str], None],
    still: Callable[[Path], Pixels],
    strength: float = 1.0,
    protect_lights: bool = False,
    aovs: bool = False,
) -> Chain:
    """Check a look from end to end and open it.

    Args:
        look: as written.
        registry: the steps there are.
        models: opens models.
        warn: takes what the user should know, one line each.
        still: reads a picture that a step compares with; see ``StepContext``.
        strength: of the whole look; at 0 it has no step.
        protect_lights: keep the plates' own light sources.
        aovs: whether AOVs are written.

    Raises:
        ChainError: a step or option is unknown, or a step stands where it can't.
        ModelError: a model can't be loaded.
        DeviceError: the device can't run here.
    """
    classes = [_step_class(step, registry.steps) for step in look.steps]
    _check_order(classes)
    options = [_options(step, each) for step, each in zip(look.steps, classes, strict=True)]
    opened: list[OpenModel] = []

    def open_model(name: str | None = None) -> OpenModel:
        if name is None and look.model is None:
            raise ChainError("chain", "has no model", "name one by `model`")
        own = look.model if name is None else None
        model = models.open(str(name)) if own is None else models.open(own, look.facts)
        if model not in opened:
            opened.append(model)
        return model

    needing = next((each.name for each in classes if each.needs_model), None)
    if needing and look.model is None:
        raise ChainError(f"step {needing}", "the chain has no model", "name one by `model`")
    context = StepContext(open_model, warn, still, aovs)
    steps = [each(option, context) for each, option in zip(classes, options, strict=True)]
    running = tuple(steps) if strength else ()
    return Chain(look.name, running, tuple(opened), strength, protect_lights)


def with_matte(look: LookSpec, matte: str) -> LookSpec:
    """Return a look that applies to a matte of the scene; steps that tell it are added where it has none."""
    names = [step.name for step in look.steps]
    told = [index for index, name in enumerate(names) if name in ("scene", "lights", "steady")]
    mask = StepSpec("mask", {"matte": matte})
    if not told:
        return dataclasses.replace(
            look, steps=(StepSpec("scene", {}), StepSpec("steady", {}), mask, *look.steps)
        )
    after = max(told) + 1
    return dataclasses.replace(look, steps=(*look.steps[:after], mask, *look.steps[after:]))


def _with_setting(look: LookSpec, step: str, option: str, value: Any) -> LookSpec:
    setting = f"`settings={step}.{option}={value}`"
    if step == "model":
        if look.model is None:
            raise ChainError(setting, f"look {look.name} has no model", "name one by `model`")
        return dataclasses.replace(look, facts={**look.facts, option: value})
    names = [each.name for each in look.steps]
    if step not in names:
        raise ChainError(setting, f"look {look.name} has no step {step!r}", nearest(step, [*names, "model"]))
    steps = tuple(
        StepSpec(each.name, {**each.options, option: value}) if each.name == step else each
        for each in look.steps
    )
    return dataclasses.replace(look, steps=steps)


def _step_class(step: StepSpec, steps: Mapping[str, type[BaseStep]]) -> type[BaseStep]:
    if step.name not in steps:
        raise ChainError(f"step {step.name!r}", "is unknown", nearest(step.name, steps))
    return steps[step.name]


def _check_order(classes: Sequence[type[BaseStep]]) -> None:
    """Follow whole and tiles through the chain."""
    tiled = False
    for position, kind in enumerate(classes, 1):
        if kind.takes == "tiles" and not tiled:
            raise ChainError(
                f"step {position}, {kind.name}", "takes tiles and gets none", "put tile ahead of it"
            )
        if kind.takes == "whole" and tiled:
            raise ChainError(
                f"step {position}, {kind.name}",
                "needs the whole frame and gets tiles",
                "put reassemble before it",
            )
        tiled = tiled if kind.gives == "either" else kind.gives == "tiles"
    if tiled:
        raise ChainError("chain", "ends in tiles", "put reassemble at its end")


def _options(step: StepSpec, kind: type[BaseStep]) -> StepOptions:
    """Check a step's options against its model, and name the first that is wrong."""
    known = kind.Options.model_fields
    for key in step.options:
        if key not in known:
            raise ChainError(f"step {step.name}", f"unknown option {key!r}", nearest(key, known))
    try:
        return kind.Options.model_validate(step.options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(_named(first["loc"])) or "options"
        given = f" (given: {first['input']!r})" if first["loc"] else ""
        remedy = f"see daynight plugins show {step.name}"
        raise ChainError(f"step {step.name}", f"{name}: {first['msg']}{given}", remedy) from None


def _named(place: Sequence[int | str]) -> list[str]:
    """Return an option's name and the index within it, without what pydantic calls the kinds of a union."""
    return [str(part) for index, part in enumerate(place) if index == 0 or isinstance(part, int)]
