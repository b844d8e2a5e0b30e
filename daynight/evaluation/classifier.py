"""An independent classifier: whether a picture reads as night.

Trained on photographs alone, it never sees a generated picture, and no generator is trained against it.

Source: P2's weak independent classifier.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.training.data.crops import Crops
from daynight.training.data.photographs import Photographs

SIZE: Final = (128, 192)
"""Height and width that it sees of a whole frame."""
_FRAME: Final = (128, 64)
"""Short side of the frames drawn, and what both sides are multiples of."""
_BATCH: Final = 16
_EXPOSURE: Final = 3.0
"""Change of exposure in training, in stops either way: darkness alone shall not make a night. With one stop,
a plain grade of three stops less read as night every time."""
_RATE: Final = 1e-3
_SOURCE_POWER: Final = 0.75
"""A source of n photographs is drawn with weight n^0.75: a webcam's many views of one place count less."""


class Classifier(nn.Module):
    """Five convolutions of stride 2 and a mean: how much a picture reads as night."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 96, 96)
        layers: list[nn.Module] = []
        for wide, wider in pairwise(widths):
            layers += [nn.Conv2d(wide, wider, 3, 2, 1), nn.BatchNorm2d(wider), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Score pictures N×3×H×W, display-encoded in [0, 1]: N values, above 0 for night."""
        small = functional.interpolate(picture, size=SIZE, mode="bilinear", antialias=True)
        features: Tensor = self.features(small * 2 - 1).mean(dim=(2, 3))  # (N, 96)
        score: Tensor = self.score(features)  # (N, 1)
        return score.squeeze(1)


def read_photographs(folder: Path, warn: Callable[[str], None]) -> Photographs:
    """Read one side's photographs to train on: whole frames; what can't be read is warned of and left out.

    Raises:
        UsageError: the folder holds no image that can be read.
    """
    return Photographs.read(folder, Crops("whole", *_FRAME), warn, source_power=_SOURCE_POWER)


def train_classifier(
    day: Photographs, night: Photographs, *, steps: int, seed: int, tell: Callable[[str], None]
) -> Classifier:
    """Train on photographs, half of each batch day and half night."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    classifier = Classifier().train()
    adam = torch.optim.Adam(classifier.parameters(), _RATE)
    # At a rate that stays, the last step alone moved how many day plates read as night from 3 % to 30 %.
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    truth = torch.tensor([0.0, 1.0] * (_BATCH // 2))
    for step in range(1, steps + 1):
        drawn = [side.draw(random, exposure=_EXPOSURE) for _ in range(_BATCH // 2) for side in (day, night)]
        batch = torch.cat([functional.interpolate(each[None], SIZE, mode="bilinear") for each in drawn])
        loss = functional.binary_cross_entropy_with_logits(classifier((batch + 1) / 2), truth)
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        rate.step()
        if step % 50 == 0:
            tell(f"step {step}/{steps}  loss {loss.item():.3f}")
    return classifier.eval()
