"""Inception features on the public weights, by torch-fidelity, for users who have the weights.

The weights are published as a pickle, which torch-fidelity would open. So daynight takes them as safetensors,
and hands torch-fidelity a file that it has written itself: no pickle from outside is ever opened.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file

from daynight.errors import UsageError
from daynight.evaluation.formulas import Features
from daynight.frames.frame import Pixels

_LAYER: Final = "2048"
"""The last layer before the classes: what FID and KID are published on."""


class Inception:
    """InceptionV3 of 2015, with TensorFlow's own resizing to 299x299, as torch-fidelity has it.

    Args:
        path: its weights, a safetensors file; see docs/evaluation.md for where to get them.

    Raises:
        UsageError: torch-fidelity is not installed, or the file holds other weights.
    """

    def __init__(self, path: Path) -> None:
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision made for another PyTorch
            fault = f"needs torch-fidelity, which can't be loaded ({error})"
            raise UsageError("`inception`", fault, "pip install 'daynight[fidelity]'") from None
        try:
            weights = load_file(path)
            self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            with TemporaryDirectory() as folder:
                ours = Path(folder) / "weights.pth"
                torch.save(weights, ours)
                self._network = FeatureExtractorInceptionV3(
                    "inception-v3-compat", [_LAYER], feature_extractor_weights_path=str(ours)
                )
        except Exception as error:  # safetensors and PyTorch raise many classes
            remedy = "convert torch-fidelity's file as described in docs/evaluation.md"
            raise UsageError(path, "does not hold Inception weights in safetensors format", remedy) from error

    @torch.no_grad()
    def __call__(self, picture: Pixels) -> Features:
        """Return the 2048 features of a display-encoded picture H×W×3 in [0, 1], rounded to 8 bits."""
        levels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        whole = torch.from_numpy(np.ascontiguousarray(levels.transpose(2, 0, 1)[np.newaxis]))  # (1, 3, H, W)
        (features,) = self._network(whole)
        return np.asarray(features[0].numpy(), np.float64)
