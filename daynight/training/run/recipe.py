"""Every hyper-parameter of a training run, with its unit; the presets hold their values."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from daynight.errors import UsageError, nearest
from daynight.plates import written_whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FILE: Final = "recipe.json"
_PRESETS: Final = resources.files("daynight.training.methods.cycle_gan") / "presets"

Framing = Literal["whole", "square", "random"]
Schedule = Literal["constant", "linear", "cosine", "plateau"]
Adversary = Literal["least-squares", "hinge", "wasserstein"]
Precision = Literal["auto", "bf16", "fp32"]
_Beta = Annotated[float, Field(ge=0, lt=1)]
Settings = dict[str, bool | int | float | str]
"""Keyword arguments of a network."""


class Recipe(BaseModel):
    """Hyper-parameters of a cycle GAN.

    The defaults add nothing that a preset does not ask for. Pictures are in [-1, 1] wherever a loss has a
    unit; a loss of weight 0 is not computed, but for the cycle's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Networks
    network: str
    """Kind of both generators and of their discriminators, as ``daynight networks list`` names it."""
    generator: Settings = {}
    """Settings of both generators."""
    to_night: Settings = {}
    """Settings of the night generator alone."""
    to_day: Settings = {}
    """Settings of the day generator alone."""
    discriminators: Settings = {}
    """Settings of the discriminators."""

    # Data
    framing: Framing = "whole"
    """``whole``: whole frames of any shape, one at a time. ``square``: cropped 1:1 and scaled (P0).
    ``random``: square crops from anywhere in the frame, of at least half its short side."""
    size: int = Field(256, ge=8)
    """Short side of the pictures trained on, in pixels."""
    batch: int = Field(1, ge=1)
    """Day and night photographs that go through the networks at once, on each processor or GPU."""
    accumulate: int = Field(1, ge=1)
    """Batches of one step, one after the other: the gradient of all of them, the memory of one."""
    mirror: bool = True
    """Whether half the photographs are drawn mirrored."""
    exposure: float = Field(0.0, ge=0)
    """Largest change of a day photograph's exposure, in stops either way."""
    source_power: float = Field(1.0, ge=0, le=1)
    """A source of n photographs is drawn with weight n to this power: below 1, a webcam's many views of one
    place count less."""
    deepen: bool = False
    """Whether lifted blacks of night photographs are pulled down to black."""

    # Descent
    steps: int = Field(ge=1)
    """Steps of the run."""
    seed: int = Field(1, ge=0, lt=2**63)
    """Of weights, data order and augmentation."""
    learning_rate: float = Field(2e-4, gt=0)
    """Of the generators."""
    discriminator_rate: float = Field(1.0, gt=0)
    """Learning rate of the discriminators, as a part of the generators'."""
    betas: tuple[_Beta, _Beta] = (0.5, 0.999)
    """Adam's moments."""
    weight_decay: float = Field(0.0, ge=0)
    """Adam's weight decay."""
    schedule: Schedule = "constant"
    """How learning rates fall: ``linear`` or ``cosine`` to zero over the last ``decay`` of the steps;
    ``plateau``: to a half whenever the sum of losses has not fallen for ``patience`` steps."""
    decay: float = Field(0.5, gt=0, le=1)
    """Part of the steps, at the end, over which rates fall."""
    patience: int = Field(1000, ge=1)
    """Steps without a lower sum of losses after which ``plateau`` lowers the rates."""
    clip: float = Field(0.0, ge=0)
    """Largest norm of the generators' gradient in one step; 0: any."""
    precision: Precision = "auto"
    """Arithmetic of the networks: ``bf16`` by autocast, with weights and losses in 32 bits, or ``fp32``;
    ``auto``: whichever the device is quicker in."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Decay of the running average of the generators' weights, which is what is exported; 0: none."""

    # Losses
    adversarial: Adversary = "least-squares"
    """Kind of adversarial loss, of weight 1."""
    gradient_penalty: float = Field(10.0, ge=0)
    """Weight of the gradient penalty, where the adversarial loss is ``wasserstein``."""
    cycle: float = Field(10.0, ge=0)
    """Weight of the cycle loss from step ``cycle_ramp`` on."""
    cycle_start: float | None = Field(None, ge=0)
    """Weight of the cycle loss at the first step; none: ``cycle``."""
    cycle_ramp: int = Field(0, ge=0)
    """Steps over which the cycle loss gains its weight."""
    identity: float = Field(0.0, ge=0)
    """Weight of the identity loss."""
    attention: float = Field(0.0, ge=0)
    """Weight of the CAM loss, for networks that attend."""
    paired: float = Field(0.0, ge=0)
    """Weight of the L1 distance to the other photograph of a pair, for data in pairs."""
    structure: float = Field(0.0, ge=0)
    """Weight of the structure loss: edges and texture that are lost."""
    level: float = Field(0.0, ge=0)
    """Weight of the level loss: brightness of a generated frame, part by part, as photographs have it."""
    night_level: float = Field(0.9, ge=0, le=1)
    """A generated night is to be no brighter than this part of the night photographs."""
    day_level: float = Field(0.1, ge=0, le=1)
    """A generated day is to be no darker than this part of the day photographs."""
    tint: float = Field(0.0, ge=0)
    """Weight of the tint loss, for networks that give maps."""
    burn: float = Field(0.0, ge=0)
    """Weight of the burn loss, for networks that give maps."""
    smoothness: float = Field(0.0, ge=0)
    """Weight of the smoothness of stops, for networks that give maps."""

    # Balance
    pool: int = Field(50, ge=0)
    """Generated pictures kept for the discriminators; 0: they see the newest only."""
    noise: float = Field(0.0, ge=0)
    """Deviation of the noise on what discriminators see; falls to zero over the run."""
    judges_first: int = Field(0, ge=0)
    """Steps at the start in which the discriminators alone learn: for generators that start trained."""

    # Keeping
    checkpoint_every: int = Field(250, ge=1)
    """Steps between checkpoints."""
    log_every: int = Field(50, ge=1)
    """Steps over which the logged losses are averaged."""

    @model_validator(mode="after")
    def _hold_together(self) -> Recipe:
        if self.framing == "whole" and self.batch > 1:
            raise ValueError(
                f"batch={self.batch} needs pictures of one shape: framing=square, random, or accumulate"
            )
        if self.adversarial == "wasserstein" and self.framing == "whole":
            raise ValueError("adversarial=wasserstein mixes pictures of one shape: framing=square or random")
        return self

    @classmethod
    def preset(cls, name: str) -> Recipe:
        """Read a preset that comes with the package, or a TOML file of one's own.

        Raises:
            UsageError: there is no such preset, or the file is no recipe.
        """
        if name in presets():
            return cls._of(name, (_PRESETS / f"{name}.toml").read_text(encoding="utf-8"))
        path = Path(name)
        if path.suffix != ".toml":
            raise UsageError(f"--preset {name}", "is unknown", nearest(name, presets()))
        try:
            return cls._of(path, path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(path, f"can't be read ({error.strerror})", "give a preset or its file") from None
        except UnicodeDecodeError:
            raise UsageError(path, "is no text in UTF-8", "write it as TOML") from None

    def updated(self, settings: Mapping[str, str]) -> Recipe:
        """Give the recipe with some values replaced, read from text; ``to_night.start`` reaches into one.

        Raises:
            UsageError: a name is unknown or a value is not of its kind.
        """
        values = self.model_dump()
        for name, text in settings.items():
            table, dot, key = name.partition(".")
            known = [*type(self).model_fields]
            if table not in known:
                raise UsageError(f"--set {name}", "is no hyper-parameter", nearest(table, known))
            if bool(dot) is not isinstance(values[table], dict):
                remedy = f"write {table}.NAME=VALUE" if not dot else f"write {table}=VALUE"
                raise UsageError(f"--set {name}", "is no hyper-parameter", remedy)
            if dot:
                values[table][key] = _scalar(text)
            else:
                values[table] = [_scalar(part) for part in text.split(",")] if table == "betas" else text
            try:
                type(self).model_validate(values)
            except ValidationError as error:
                # Two settings may hold together only when both are there: what is between fields waits.
                if error.errors()[0]["loc"]:
                    remedy = f"write like {_example(self, name)}"
                    raise UsageError(f"--set {name}={text}", _fault(error, named=False), remedy) from None
        try:
            return type(self).model_validate(values)
        except ValidationError as error:
            raise UsageError("--set", _fault(error), "change one of them") from None

    def write(self, run: Path) -> None:
        """Write it as JSON into the folder of a run."""
        with written_whole(run / _FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, run: Path) -> Recipe:
        """Read what :meth:`write` wrote.

        Raises:
            UsageError: the folder holds no recipe, or not one of this version.
        """
        path = run / _FILE
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except OSError:
            raise UsageError(run, f"holds no {_FILE}", "give the folder of a training run") from None
        except ValidationError as error:
            fault = _fault(error)
        except ValueError as error:
            fault = str(error)
        raise UsageError(path, f"is no recipe ({fault})", "train anew, or give another run")

    @classmethod
    def _of(cls, source: object, text: str) -> Recipe:
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            fault = str(error)
        except ValidationError as error:
            fault = _fault(error)
        raise UsageError(
            source,
            f"is no recipe ({fault})",
            "see the presets",
        )


def presets() -> list[str]:
    """Give the names of the presets that come with the package."""
    return sorted(Path(each.name).stem for each in _PRESETS.iterdir() if each.name.endswith(".toml"))


def _fault(error: ValidationError, *, named: bool = True) -> str:
    """Say the first thing wrong in one line, the field's name before it where wanted."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    line = f"{message[0].lower()}{message[1:]}"
    return f"{first['loc'][0]}: {line}" if named and first["loc"] else line


def _scalar(text: str) -> Any:
    """Read a number or truth value as TOML has it; anything else is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _example(recipe: Recipe, name: str) -> str:
    value = getattr(recipe, name.partition(".")[0])
    if isinstance(value, tuple):
        return f"{name}={','.join(map(str, value))}"
    return f"{name}={str(value).lower() if isinstance(value, bool) else value}"
