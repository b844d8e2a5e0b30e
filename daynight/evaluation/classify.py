"""The trained day/night classifier, applied: what pictures read as, and features to measure distances on."""

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
from daynight.evaluation.formulas import Features
from daynight.frames.frame import Pixels
from daynight.training.methods.classifier.data import Labelled
from daynight.training.methods.classifier.step import BinaryClassifier
from daynight.training.networks.classifier import SIZE, Classifier
from daynight.training.run.recipe import RunRecipe
from daynight.training.run.trainer import Trainer

_BATCH: Final = 16
_RATE: Final = 1e-3


@dataclass(frozen=True)
class Classification:
    """What the classifier makes of one picture."""

    night: float
    """Above 0: reads as night."""
    features: Features
    """Its 96 features."""
    small: NDArray[np.float32]
    """The picture at the classifier's size, 3×128×192."""


class TrainedClassifier:
    """The weak classifier of P2, trained on real photographs only by ``daynight evaluate train-classifier``.

    Args:
        path: its weights, a safetensors file.

    Raises:
        UsageError: the file does not hold a classifier's weights.
    """

    def __init__(self, path: Path) -> None:
        self._classifier = Classifier().eval()
        try:
            self._classifier.load_state_dict(load_file(path))
            self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except Exception as error:  # safetensors and PyTorch raise many classes
            remedy = "make one with: daynight evaluate train-classifier"
            raise UsageError(path, "is not a classifier", remedy) from error

    @torch.no_grad()
    def __call__(self, picture: Pixels) -> Classification:
        """Classify a display-encoded picture H×W×3 in [0, 1]."""
        whole = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[np.newaxis]))  # (1, 3, H, W)
        small = functional.interpolate(whole, size=SIZE, mode="bilinear", antialias=True)
        features: Tensor = self._classifier.features(small * 2 - 1).mean(dim=(2, 3))  # (1, 96)
        night = float(self._classifier.score(features))
        return Classification(night, features[0].double().numpy(), small[0].numpy())


def strong_error(
    results: Sequence[NDArray[np.float32]],
    real: Sequence[NDArray[np.float32]],
    *,
    steps: int = 200,
    seed: int = 0,
) -> float:
    """Train a classifier to tell results from real photographs, and return its error on unseen pictures.

    It is trained on every second picture of each side and tested on the others; the error is the mean of both
    sides'. The closer to 0.5, the better the results. Source: P2's strong classifier.

    Args:
        results: pictures 3×128×192 in [0, 1].
        real: likewise.
        steps: batches to train on.
        seed: of the weights and of the batches.
    """
    torch.manual_seed(seed)
    sides = [torch.from_numpy(np.stack(side)) for side in (results, real)]  # N×3×128×192 each
    training, test = [side[::2] for side in sides], [side[1::2] for side in sides]
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
        Trainer(BinaryClassifier(classifier, recipe), Labelled(*training), recipe).train(Path(run))
    classifier.eval()
    with torch.no_grad():
        wrong = [
            float((classifier(test[0]) > 0).float().mean()),
            float((classifier(test[1]) <= 0).float().mean()),
        ]
    return sum(wrong) / 2
