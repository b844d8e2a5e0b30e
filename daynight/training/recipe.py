"""Every hyper-parameter of a training run, with its unit and where its value comes from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daynight.errors import UsageError, nearest

_FILE: Final = "recipe.json"


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of the relighting cycle GAN."""

    steps: int = 6000
    """Training steps, one day and one night photograph each."""
    seed: int = 1
    """Of weights, data order and augmentation."""
    learning_rate: float = 2e-4
    """Of the generators; falls to zero over the last ``decay`` of the steps. P0: 2e-4."""
    discriminator_rate: float = 0.5
    """Learning rate of the discriminators, as a part of the generators'."""
    decay: float = 0.4
    """Part of the steps, at the end, over which the learning rate falls."""
    betas: tuple[float, float] = (0.5, 0.999)
    """Adam's moments."""
    cycle_start: float = 0.4
    """Weight of the cycle loss at the first step: low, or the generators stay near where they start."""
    cycle: float = 2.0
    """Weight of the cycle loss from step ``cycle_ramp`` on. P0's lambda is 10, for networks that paint."""
    cycle_ramp: int = 1500
    """Steps over which the cycle loss gains its weight."""
    tint: float = 0.1
    """Weight of the tint loss."""
    burn: float = 0.2
    """Weight of the burn loss."""
    clip: float = 1.0
    """Largest norm of the generators' gradient in one step: stops are exponents, and one step can burn."""
    smoothness: float = 0.1
    """Weight of the smoothness of stops: edges come from the plate, by the guided filter at inference."""
    level: float = 2.0
    """Weight of the level loss: brightness of a generated frame, part by part, as photographs have it."""
    night_level: float = 0.6
    """A generated night is to be no brighter than this part of the night photographs: 0.9 left the ground
    near daylight."""
    day_level: float = 0.3
    """A generated day is to be no darker than this part of the day photographs."""
    noise: float = 0.03
    """Deviation of the noise on what discriminators see, in [-1, 1]; falls to zero over the run."""
    pool: int = 50
    """Generated pictures kept for the discriminators."""
    ema: float = 0.998
    """Decay of the running average of the generators' weights, which is what is exported."""
    night_start: float = -4.5
    """Stops of the night network before training."""
    day_start: float = 3.0
    """Stops of the day network before training."""
    short_side: int = 192
    """Short side of the whole frames trained on, in pixels."""
    exposure: float = 0.7
    """Largest change of a day photograph's exposure, in stops either way: S learns how much darker."""
    checkpoint_every: int = 250
    """Steps between checkpoints."""

    def updated(self, settings: Mapping[str, str]) -> Recipe:
        """Give the recipe with some values replaced, read from text.

        Raises:
            UsageError: a name is unknown or a value is not of its kind.
        """
        known = {name for name in self.__dataclass_fields__ if name != "betas"}
        for name in settings:
            if name not in known:
                raise UsageError(f"--set {name}", "is no hyper-parameter", nearest(name, known))
        values: dict[str, Any] = {
            name: _number(name, text, getattr(self, name)) for name, text in settings.items()
        }
        return dataclasses.replace(self, **values)

    def write(self, run: Path) -> None:
        """Write it as JSON into the folder of a run."""
        (run / _FILE).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, run: Path) -> Recipe:
        """Read what :meth:`write` wrote.

        Raises:
            UsageError: the folder holds no recipe, or not one of this version.
        """
        try:
            values = json.loads((run / _FILE).read_text(encoding="utf-8"))
            return cls(**{**values, "betas": tuple(values["betas"])})
        except OSError:
            raise UsageError(run, f"holds no {_FILE}", "give the folder of a training run") from None
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                run / _FILE, f"is no recipe ({error})", "train anew, or give another run"
            ) from None


def _number(name: str, text: str, like: float) -> float:
    """Read a number of the same kind, whole or not, as ``like``."""
    kind = type(like)
    try:
        return kind(text)
    except ValueError:
        wanted = "whole number" if kind is int else "number"
        raise UsageError(f"--set {name}={text}", f"is no {wanted}", f"write like {name}={like}") from None
