"""Training data of the light network: day and night photographs, and pairs of one view beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daynight.training.data.crops import CropSampler
from daynight.training.data.loading import Paired, ReadOptions, Unpaired
from daynight.training.data.photographs import Photographs
from daynight.training.data.recipe import DataRecipe
from daynight.training.networks.lights import SIZE_MULTIPLE
from daynight.training.run.method import Batch


class DayAndNight:
    """Unpaired photographs, and pairs where there are some. Holds no random state.

    Args:
        unpaired: day and night photographs.
        paired: views by day and by night, aligned to the pixel.
    """

    def __init__(self, unpaired: Unpaired, paired: Paired | None) -> None:
        self._unpaired, self.paired = unpaired, paired

    @classmethod
    def read(
        cls, recipe: DataRecipe, day: Path, night: Path, pairs: Path | None, options: ReadOptions
    ) -> DayAndNight:
        """Read the photographs.

        Raises:
            UsageError: the size is not one that the network takes, or there is nothing to train on.
        """
        crops = CropSampler.for_size(recipe, name="lights", multiple=SIZE_MULTIPLE, least_side=64)
        power, shares = recipe.source_power, recipe.shares
        days = Photographs.read(
            day, crops, options.warn, source_power=power, shares=shares, jobs=options.jobs
        )
        nights = Photographs.read(
            night,
            crops,
            options.warn,
            source_power=power,
            shares=shares,
            deepen=recipe.deepen,
            jobs=options.jobs,
        )
        paired = None
        if pairs is not None:
            paired = Paired.read(
                pairs,
                day,
                night,
                crops,
                options.warn,
                source_power=power,
                deepen=recipe.deepen,
                jobs=options.jobs,
            )
        return cls(Unpaired(days, nights, exposure=recipe.exposure), paired)

    def draw(self, random: np.random.Generator, count: int) -> Batch:
        """Draw day and night photographs, and as many pairs where there are some.

        Returns:
            Day, night, and where there are pairs their days and their nights; each count×3×H×W float32,
            display-encoded in [-1, 1].
        """
        drawn = self._unpaired.draw(random, count)
        return drawn if self.paired is None else (*drawn, *self.paired.draw(random, count))

    def night_levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Return the band of brightness of the night photographs; see ``TrainingData``."""
        return self._unpaired.night_levels(low, high)

    def describe(self) -> list[str]:
        """Describe the photographs and what is drawn of them."""
        pairs = [] if self.paired is None else [f"pairs {self.paired.describe()[0].removeprefix('day ')}"]
        return [*self._unpaired.describe(), *pairs]


def intruded(pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Let something pass before plates N×3×H×W: a rectangle of another part of the picture, and noise.

    Returns:
        The changed pictures, and where they show the same, N×1×H×W: 0 at the thing and close to it.
    """
    height, width = pictures.shape[-2:]
    high, wide = (int(length * _uniform(generator, 0.1, 0.4)) for length in (height, width))
    top, left = (int(_uniform(generator, 0, length)) for length in (height - high, width - wide))
    from_top, from_left = (int(_uniform(generator, 0, length)) for length in (height - high, width - wide))
    changed = pictures + 0.02 * torch.randn(pictures.shape, generator=generator, device=pictures.device)
    thing = pictures[..., from_top : from_top + high, from_left : from_left + wide].flip(-1)
    changed[..., top : top + high, left : left + wide] = thing * _uniform(generator, 0.3, 1.0)
    same = pictures.new_ones(len(pictures), 1, height, width)
    margin = min(height, width) // 16
    same[..., max(top - margin, 0) : top + high + margin, max(left - margin, 0) : left + wide + margin] = 0
    return changed, same


class Shift:
    """A camera's move between two frames: to a side by up to 2 % of the frame, and nearer or away by 4 %.

    By parts of a pixel too: what is told of a plate must not depend on how it falls on the grid.
    """

    def __init__(self, generator: torch.Generator) -> None:
        scale = _uniform(generator, 0.96, 1.04)
        right, down = (_uniform(generator, -0.04, 0.04) for _ in range(2))
        self._affine = torch.tensor([[[scale, 0.0, right], [0.0, scale, down]]])

    def __call__(self, planes: Tensor) -> Tensor:
        """Return planes N×C×H×W as the moved camera sees them; beyond the frame its border goes on."""
        return functional.grid_sample(
            planes, self._grid(planes), mode="bicubic", padding_mode="border", align_corners=False
        )

    def inside(self, like: Tensor) -> Tensor:
        """Return where it sees what was in the frame before, 1×1×H×W: 1, else 0."""
        return (self._grid(like[:1]).abs().amax(dim=-1) < 1).float()[:, None]

    def _grid(self, planes: Tensor) -> Tensor:
        affine = self._affine.to(planes.device).expand(len(planes), -1, -1)
        return functional.affine_grid(affine, list(planes.shape), align_corners=False)


def _uniform(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator, device=generator.device))
