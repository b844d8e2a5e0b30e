"""Chains: read, checked, opened, and run over a frame. The whole order of a frame's steps stands in here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from daynight.colour.encoding import to_encoding
from daynight.colour.spaces import ColourSpaces
from daynight.errors import ChainError, UsageError, nearest
from daynight.frames.alpha import premultiplied, unpremultiplied
from daynight.frames.frame import Frame
from daynight.looks.mixing import Controls, mixed
from daynight.models.facts import Model
from daynight.models.session import DeviceName, Network, open_network
from daynight.plates import Form, read_frame
from daynight.plugin.look import ChainSpec, StepSpec
from daynight.plugin.step import Step, StepContext, StepOptions
from daynight.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PIXELS_STEPS = (StepSpec("tile"), StepSpec("stylize"), StepSpec("reassemble"))
"""Steps that run any model that gives pixels."""

_INFINITE_LIGHT = np.errstate(invalid="ignore", over="ignore")
"""A plate may hold NaN and infinite light; numpy shall not warn of what becomes of those pixels."""


@dataclass(frozen=True)
class Chain:
    """Opened steps, in order. Safe to call from several threads where no step has memory."""

    name: str
    steps: tuple[Step, ...]
    network: Network | None
    spaces: ColourSpaces
    controls: Controls

    @property
    def provenance(self) -> dict[str, str]:
        """What a result says of how it was made: the attributes ``daynight:*``."""
        steps = [[step.name, step.options.model_dump(mode="json")] for step in self.steps]
        facts = dataclasses.asdict(self.network.facts) if self.network else None
        asked = json.dumps([steps, facts, dataclasses.asdict(self.controls)], sort_keys=True)
        told = {
            "version": __version__,
            "look": self.name,
            "chain_sha256": hashlib.sha256(asked.encode()).hexdigest(),
            "ocio": self.spaces.config,
        }
        if self.network:
            told["model_sha256"] = self.network.sha256
        return {f"daynight:{key}": value for key, value in told.items()}

    @property
    def preroll(self) -> int:
        """How many earlier frames its steps must see before a chunk's first; 0: no step has memory."""
        return sum(step.preroll for step in self.steps)

    def start_shot(self, name: str) -> None:
        """Tell each step that another shot begins."""
        for step in self.steps:
            step.start_shot(name)

    @_INFINITE_LIGHT
    def enter(self, frame: Frame) -> Frame:
        """Bring a plate into the form that the first step wants; runs beside other frames' steps."""
        if not self.steps:
            return frame
        frame = self.spaces.to_working(unpremultiplied(frame))
        first = self.steps[0].works_in
        return to_encoding(frame, first) if first else frame

    @_INFINITE_LIGHT
    def apply(self, frame: Frame) -> Frame:
        """Run the steps over a frame that has entered, each in the encoding it works in.

        Raises:
            PlateError: a step can't process this frame.
        """
        frame = dataclasses.replace(frame, plate=frame)
        for step in self.steps:
            if step.works_in:
                frame = to_encoding(frame, step.works_in)
            frame = step.apply(frame)
        if self.steps and frame.plate is not None:
            frame = mixed(frame, frame.plate, self.controls)
        return dataclasses.replace(frame, plate=None)

    @_INFINITE_LIGHT
    def leave(self, frame: Frame, plate: Frame, form: Form) -> Frame:
        """Bring a result into its file's form: colour space; alpha multiplied in, beside it or left out.

        Where its form is the plate's, pixels that took no change, or hold NaN or infinity, are the plate's
        own to the last bit.
        """
        space = self.spaces.for_result(plate, form)
        multiplied = form.premultiplied(plate)
        has_alpha = frame.alpha is not None
        as_it_was = space == plate.space and (not has_alpha or (form.same and form.format.alpha))
        if not (as_it_was and not self.steps):
            frame = self.spaces.to_working(unpremultiplied(frame))
        if has_alpha and not form.format.alpha:  # over black, which is a matter of light
            frame = premultiplied(to_encoding(frame, "scene-linear"))
        frame = self.spaces.to_file(frame, space, integer=form.integer)
        if multiplied:
            frame = premultiplied(frame)
        return _unchanged_restored(frame, plate) if as_it_was and self.steps else frame


def read_chain(path: Path) -> ChainSpec:
    """Read a chain file.

    It is TOML: ``[[step]]`` tables, each with the step's name under ``use`` and its options beside it,
    and an optional ``[model]`` table with ``file`` (a registered model's name, or an ONNX file in the
    chain file's folder or below) and any facts of the model.

    Raises:
        ChainError: the file can't be read or is no chain.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChainError(path, f"can't be read ({error.strerror})", "check the name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChainError(path, f"is no TOML ({error})", "see docs/chains.md") from None
    known = ("name", "model", "step")
    for key in table:
        if key not in known:
            raise ChainError(path, f"unknown key {key!r}", nearest(key, known))
    steps, model = table.get("step", []), table.get("model", {})
    if not isinstance(steps, list) or not all(isinstance(step, dict) and "use" in step for step in steps):
        raise ChainError(path, "a step lacks its name", 'write [[step]] and use = "NAME"')
    if not steps:
        raise ChainError(path, "has no step", 'write [[step]] and use = "NAME"')
    name = str(table.get("name", path.stem))
    if not re.fullmatch(r"[\w .-]+", name) or name.startswith("."):
        raise ChainError(path, f"its name {name!r} can't name a folder", "use letters, digits, - and _")
    if not isinstance(model, dict):
        raise ChainError(path, "model is no table", 'write [model] and file = "NAME"')
    return ChainSpec(
        name=name,
        steps=tuple(
            StepSpec(str(step["use"]), {key: value for key, value in step.items() if key != "use"})
            for step in steps
        ),
        model=_model_of(path, model),
        facts={key: value for key, value in model.items() if key != "file"},
    )


def with_settings(spec: ChainSpec, settings: Sequence[str]) -> ChainSpec:
    """Give a chain with options set as ``step.option=value`` or facts as ``model.fact=value``.

    Values are read as TOML, and as plain text where they are none.

    Raises:
        ChainError: a setting is spelled wrong, or names a step that the chain lacks.
    """
    for setting in settings:
        target, equals, text = setting.partition("=")
        step, dot, option = target.partition(".")
        if not (equals and dot and step and option):
            raise ChainError(f"--set {setting}", "is no setting", "write step.option=value")
        spec = _with_setting(spec, step, option, _value(text), setting)
    return spec


def with_model(spec: ChainSpec, model: str | Path) -> ChainSpec:
    """Give a chain that runs another model: a registered one's name, or a file."""
    return dataclasses.replace(spec, model=model)


def open_chain(
    spec: ChainSpec,
    steps: Mapping[str, type[Step]],
    models: Mapping[str, Model],
    *,
    device: DeviceName = "auto",
    threads: int | None = None,
    warn: Callable[[str], None],
    spaces: ColourSpaces | None = None,
    controls: Controls | None = None,
) -> Chain:
    """Check a chain from end to end and open it; no frame is read before all of it holds.

    Args:
        spec: the chain as written.
        steps: the steps there are, by name.
        models: the models there are, by name.
        device: where its model runs.
        threads: processor threads for the model; ``None``: all.
        warn: takes what the user should know, one line each.
        spaces: the colour spaces of plates and results; ``None``: told by the plates.
        controls: what is asked of the look as a whole; at strength 0 it has no step.

    Raises:
        ChainError: a step or option is unknown, or a step stands where it can't.
        ModelError: the model can't be loaded.
        DeviceError: the device can't run here.
    """
    classes = [_step_class(step, steps) for step in spec.steps]
    _check_order(classes)
    options = [_options(step, kind) for step, kind in zip(spec.steps, classes, strict=True)]
    needing = next((kind for kind in classes if kind.needs_model), None)
    if needing and spec.model is None:
        raise ChainError(f"step {needing.name}", "the chain has no model", "name one: --model FILE.onnx")
    network = None
    if needing and spec.model is not None:
        path = model_path(spec.model, models)
        network = open_network(path, device=device, threads=threads, facts=spec.facts)
    controls = controls or Controls()
    if controls.aovs and (network is None or network.facts.kind != "maps"):
        warn(f"{spec.name} makes no maps: its model gives pictures, or it has none")
    spaces = spaces or ColourSpaces(warn=warn)
    stills = spaces.unasked()
    context = StepContext(
        network, warn, still=lambda path: stills.displayed(read_frame(path)), aovs=controls.aovs
    )
    opened = [kind(option, context) for kind, option in zip(classes, options, strict=True)]
    running = tuple(opened) if controls.strength else ()
    return Chain(spec.name, running, network, spaces, controls)


def _unchanged_restored(result: Frame, plate: Frame) -> Frame:
    """Give a result whose pixels without change are the plate's, from before any arithmetic."""
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


def _model_of(chain: Path, model: Mapping[str, Any]) -> str | Path | None:
    """Model of a chain file: a name as it stands, a file only from the chain's own folder."""
    named = model.get("file")
    if named is not None and not isinstance(named, str):
        raise ChainError(chain, f"its model {named!r} is no name", 'write file = "NAME"')
    if named is None or not str(named).endswith(".onnx"):
        return named
    folder = chain.resolve().parent
    path = (folder / str(named)).resolve()
    if not path.is_relative_to(folder):
        raise ChainError(chain, f"its model {named} lies outside its folder", "give it with --model")
    return path


def model_path(model: str | Path, models: Mapping[str, Model]) -> Path:
    """Give a model's file.

    Raises:
        UsageError: no model has this name.
    """
    if isinstance(model, Path):
        return model
    if model not in models:
        raise UsageError(f"model {model!r}", "is unknown", nearest(model, models))
    return models[model].path


def _with_setting(spec: ChainSpec, step: str, option: str, value: Any, setting: str) -> ChainSpec:
    if step == "model":
        if spec.model is None:
            raise ChainError(f"--set {setting}", f"chain {spec.name} has no model", "name one with --model")
        return dataclasses.replace(spec, facts={**spec.facts, option: value})
    if step not in [each.name for each in spec.steps]:
        known = [*(each.name for each in spec.steps), "model"]
        raise ChainError(f"--set {setting}", f"chain {spec.name} has no step {step!r}", nearest(step, known))
    changed = tuple(
        StepSpec(each.name, {**each.options, option: value}) if each.name == step else each
        for each in spec.steps
    )
    return dataclasses.replace(spec, steps=changed)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _step_class(step: StepSpec, steps: Mapping[str, type[Step]]) -> type[Step]:
    if step.name not in steps:
        raise ChainError(f"step {step.name!r}", "is unknown", nearest(step.name, steps))
    return steps[step.name]


def _check_order(classes: Sequence[type[Step]]) -> None:
    """Follow whole and tiles through the chain."""
    tiled = False
    for place, kind in enumerate(classes, 1):
        if kind.takes == "tiles" and not tiled:
            raise ChainError(f"step {place}, {kind.name}", "no tile stands before it", "put tile ahead of it")
        if kind.takes == "whole" and tiled:
            raise ChainError(
                f"step {place}, {kind.name}",
                "needs the whole frame and gets tiles",
                "put reassemble before it",
            )
        tiled = tiled if kind.gives == "either" else kind.gives == "tiles"
    if tiled:
        raise ChainError("chain", "ends in tiles", "put reassemble at its end")


def _options(step: StepSpec, kind: type[Step]) -> StepOptions:
    """Check a step's options against its model, and name the first that is wrong."""
    known = kind.Options.model_fields
    for key in step.options:
        if key not in known:
            raise ChainError(f"step {step.name}", f"unknown option {key!r}", nearest(key, known))
    try:
        return kind.Options.model_validate(step.options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "options"
        given = f" (given: {first['input']!r})" if first["loc"] else ""
        remedy = f"see daynight plugins show {step.name}"
        raise ChainError(f"step {step.name}", f"{name}: {first['msg']}{given}", remedy) from None
