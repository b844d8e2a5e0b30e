"""The light network: how much moonlight and lamplight falls on each part of a plate, and what is a lamp."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.colour.encoding import LUMINANCE
from daynight.models.lights import VARIETY
from daynight.training.networks.decoder import DEVIATION, Decoder, conv, doubled
from daynight.training.networks.efficientnet import EfficientNetLite
from daynight.training.networks.outputs import Translation

SIZE_MULTIPLE: Final = 32
"""Height and width of its input: five halvings."""
AMBIENT: Final = (-7.6, -3.2)
"""Range of the ambient stops."""
PRACTICALS: Final = (-6.6, -0.2)
"""Range of the practical stops."""
LEVEL: Final = (-1.5, 3.0)
"""Range of a lamp's stops over white."""
_WIDTHS: Final = (24, 32, 48, 64, 96)
_FINE: Final = 16
_PANE: Final = 9
"""Side of the largest window, in pixels of the proxy, that the detector of panes answers to."""


class Lights(nn.Module):
    """A frozen EfficientNet-Lite0, and a decoder with two heads: smooth light, and sharp lamps.

    The heads that give stops work at a quarter of the proxy: what they say is smooth, and cannot draw.
    The head of the lamps works at its full size, and is also given the plate and a classic detector of
    panes, the black-hat transform of log luminance: a window by day is a dark thing in a brighter wall.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite().eval().requires_grad_(False)
        self.decoder = Decoder(self.encoder.widths, _WIDTHS)
        self.smooth = nn.Sequential(conv(_WIDTHS[1], _WIDTHS[1]), nn.Conv2d(_WIDTHS[1], 3, 1))
        self.fine = nn.Sequential(
            conv(_WIDTHS[0] + 4, _FINE),
            conv(_FINE, _FINE),
            nn.Conv2d(_FINE, 4, 3, padding=1, padding_mode="replicate"),
        )
        for head in (self.smooth[-1], self.fine[-1]):
            nn.init.normal_(head.weight, std=0.02)  # type: ignore[arg-type]
        with torch.no_grad():
            self.smooth[-1].bias.copy_(torch.tensor([0.0, -1.0, -1.0]))  # type: ignore[operator]
            self.fine[-1].bias.copy_(torch.tensor([0.0, -1.0, 0.0, 1.5]))  # type: ignore[operator]

        choice = torch.randn(
            VARIETY, self.encoder.widths[2], 1, 1, generator=torch.Generator().manual_seed(1)
        )
        self.choice: Tensor
        self.register_buffer("choice", choice / self.encoder.widths[2] ** 0.5, persistent=False)

    def forward(self, picture: Tensor) -> Translation:
        """Return the lights of pictures N×3×H×W, display-encoded in [-1, 1]."""
        with torch.no_grad():
            features = self.encoder(picture)
            pane = _black_hat(picture)
            variety = functional.conv2d(features[2] / DEVIATION, self.choice).float()
            variety = functional.interpolate(variety, scale_factor=8, mode="bilinear", align_corners=False)
        own = self.decoder(features)
        smooth = doubled(doubled(self.smooth(own[1]))).float()
        fine = self.fine(torch.cat([doubled(own[0]), picture, pane], dim=1)).float()
        ambient, practicals, warmth = smooth.sigmoid().unbind(dim=1)
        lamp = fine[:, 0]
        lamp_warmth, level, panes = fine[:, 1:].sigmoid().unbind(dim=1)
        maps = (
            _within(ambient, AMBIENT),
            _within(practicals, PRACTICALS),
            warmth,
            lamp,
            lamp_warmth,
            _within(level, LEVEL),
            panes,
        )
        return Translation(lights=torch.cat([torch.stack(maps, dim=1), variety], dim=1))


def _within(share: Tensor, limits: tuple[float, float]) -> Tensor:
    """Scale [0, 1] to a range."""
    return limits[0] + (limits[1] - limits[0]) * share


def _black_hat(picture: Tensor) -> Tensor:
    """Return how much darker each pixel is than what is around it: the closing of luma less luma, N×1×H×W."""
    weights = picture.new_tensor(LUMINANCE)[:, None, None]
    luma = (picture * weights).sum(dim=1, keepdim=True)
    wide = functional.max_pool2d(luma, _PANE, 1, _PANE // 2)
    return -functional.max_pool2d(-wide, _PANE, 1, _PANE // 2) - luma
