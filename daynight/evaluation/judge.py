"""The independent classifier as a judge: what pictures read as, and the features that distances are taken on.

Beside the classifier itself and Inception, the only module of this room that needs PyTorch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from daynight.errors import UsageError
from daynight.evaluation.measures import Features
from daynight.frames.frame import Pixels
from daynight.training.methods.classifier.data import Labelled
from daynight.training.methods.classifier.step import BinaryClassifier
from daynight.training.networks.classifier import SIZE, Classifier
from daynight.training.run.recipe import RunRecipe
from daynight.training.run.trainer import Trainer

_BATCH: Final = 16
_RATE: Final = 1e-3


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one picture."""

    night: float
    """Above 0: reads as night."""
    features: Features
    """What it saw: 96 values."""
    small: NDArray[np.float32]
    """The picture at the judge's size, 3×128×192."""


class Judge:
    """The weak classifier of P2: trained on real photographs alone, by ``daynight judge``.

    Args:
        path: its weights, a safetensors file.

    Raises:
        UsageError: the file is none.
    """

    def __init__(self, path: Path) -> None:
        self._classifier = Classifier().eval()
        try:
            self._classifier.load_state_dict(load_file(path))
            self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except Exception as error:  # safetensors and PyTorch raise many classes
            remedy = "make one: daynight judge DAY NIGHT --out FILE"
            raise UsageError(path, "is no classifier", remedy) from error

    @torch.no_grad()
    def __call__(self, picture: Pixels) -> Verdict:
        """Judge a display-encoded picture H×W×3 in [0, 1]."""
        whole = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[np.newaxis]))  # (1, 3, H, W)
        small = functional.interpolate(whole, size=SIZE, mode="bilinear", antialias=True)
        features: Tensor = self._classifier.features(small * 2 - 1).mean(dim=(2, 3))  # (1, 96)
        night = float(self._classifier.score(features))
        return Verdict(night, features[0].double().numpy(), small[0].numpy())


def strong_error(
    results: Sequence[NDArray[np.float32]],
    real: Sequence[NDArray[np.float32]],
    *,
    steps: int = 200,
    seed: int = 0,
) -> float:
    """Train a classifier to tell results from real photographs, and give its error on pictures it never saw.

    It learns from every second picture of each side and is tried on the others; the error is the mean of both
    sides'. The nearer to 0.5, the better the results. Source: P2's strong classifier.

    Args:
        results: pictures 3×128×192 in [0, 1].
        real: likewise.
        steps: batches to learn from.
        seed: of the weights and of the batches.
    """
    torch.manual_seed(seed)
    sides = [torch.from_numpy(np.stack(side)) for side in (results, real)]  # N×3×128×192 each
    learnt, tried = [side[::2] for side in sides], [side[1::2] for side in sides]
    recipe = RunRecipe.model_validate(
        {
            "steps": steps,
            "seed": seed,
            "batch": _BATCH,
            "learning_rate": _RATE,
            "precision": "fp32",
            "checkpoint_every": steps,
        }
    )
    classifier = Classifier()
    with TemporaryDirectory() as run:
        Trainer(BinaryClassifier(classifier, recipe), Labelled(*learnt), recipe).train(Path(run))
    classifier.eval()
    with torch.no_grad():
        wrong = [
            float((classifier(tried[0]) > 0).float().mean()),
            float((classifier(tried[1]) <= 0).float().mean()),
        ]
    return sum(wrong) / 2
