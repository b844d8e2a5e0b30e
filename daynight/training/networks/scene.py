"""The scene network: which part of a picture is sky, building, and so on, and which lights glow in it."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from daynight.models.scene import MATTES, SURFACES
from daynight.training.networks.decoder import Decoder, doubled
from daynight.training.networks.efficientnet import EfficientNetLite
from daynight.training.networks.outputs import Translation

SIZE_MULTIPLE: Final = 32
"""Height and width of its input: five halvings."""
_WIDTHS: Final = (24, 32, 48, 64, 96)


class Scene(nn.Module):
    """A frozen EfficientNet-Lite0, and a decoder that is trained.

    Frozen, the encoder costs no gradient: depthwise convolutions' are most of a step on a CPU. Its weights
    are read where a run begins (:func:`.efficientnet.pretrained`), and travel in the model's file after.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite().eval().requires_grad_(False)
        self.decoder = Decoder(self.encoder.widths, _WIDTHS)
        self.head = nn.Conv2d(_WIDTHS[0], len(MATTES), 1)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, picture: Tensor) -> Translation:
        """Return the mattes of pictures N×3×H×W, display-encoded in [-1, 1]: surfaces add up to 1."""
        logits = self.logits(picture)
        surfaces = len(SURFACES)
        shares = [logits[:, :surfaces].softmax(dim=1), logits[:, surfaces:].sigmoid()]
        return Translation(mattes=torch.cat(shares, dim=1))

    def logits(self, picture: Tensor) -> Tensor:
        """Return the logits of each of :data:`MATTES` for pictures N×3×H×W, display-encoded in [-1, 1]."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.encoder.stem.conv.weight.requires_grad):
            features = self.encoder(picture)
        logits: Tensor = doubled(self.head(self.decoder(features)[0])).float()
        return logits
