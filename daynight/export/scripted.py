"""A generator as TorchScript for Nuke's CatFileCreator: one picture in, one out, of any size.

Nuke passes pixels as they are and knows nothing of proxies, size multiples or display encoding, so the graph
does all of that. What depends on a picture's size is scripted, the network itself is traced.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.export.quiet import quiet
from daynight.plugin.exporter import Trained
from daynight.training.networks.relight import apply_maps, encode_display


class Relit(nn.Module):
    """Relights a plate N×3×H×W in scene-linear light, and keeps all of its range.

    The network sees the plate's proxy, light above 1 as 1. Its maps come up to the plate's size by bilinear
    interpolation: softer over an edge than by the guided filter of ``daynight convert``.

    Args:
        maps: returns stops and emission of a proxy in scene-linear light.
        short_side: of the proxy, in pixels.
        multiple: height and width of the proxy are multiples of this, in pixels.
    """

    def __init__(self, maps: nn.Module, short_side: int, multiple: int) -> None:
        super().__init__()
        self.maps = maps
        self.short_side = short_side
        self.multiple = multiple

    def forward(self, plate: Tensor) -> Tensor:
        """Return the relit plate, of the plate's shape and type."""
        height, width = plate.shape[2], plate.shape[3]
        low, narrow = self._side(height, min(height, width)), self._side(width, min(height, width))
        if low * narrow < height * width:
            proxy = torch.ops.aten.adaptive_avg_pool2d(plate, [low, narrow])
        else:
            proxy = _scaled(plate, low, narrow)
        stops, emission = self.maps(proxy)
        grown = _scaled(stops, height, width), _scaled(emission, height, width)
        return apply_maps(plate, grown[0], grown[1]).to(plate.dtype)

    def _side(self, length: int, shortest: int) -> int:
        """Return the length of one side of the proxy: at most four times the short side."""
        wanted = min(length * self.short_side / shortest, float(self.short_side * 4))
        return max(int(wanted / self.multiple + 0.5), 1) * self.multiple


class Repainted(nn.Module):
    """Repaints a picture N×3×H×W, display-encoded in [0, 1]; values outside are clipped.

    Args:
        network: takes and returns pictures in [-1, 1].
        multiple: height and width that it takes are multiples of this, in pixels.
    """

    def __init__(self, network: nn.Module, multiple: int) -> None:
        super().__init__()
        self.network = network
        self.multiple = multiple

    def forward(self, picture: Tensor) -> Tensor:
        """Return the picture repainted, of its shape."""
        height, width = picture.shape[2], picture.shape[3]
        below, right = -height % self.multiple, -width % self.multiple
        seen = torch.nan_to_num(picture).clamp(0, 1) * 2 - 1
        painted = self.network(functional.pad(seen, [0, right, 0, below], mode="replicate"))
        cut: Tensor = painted[:, :, :height, :width]
        return (cut + 1) / 2


def nuke_module(trained: Trained) -> nn.Module:
    """Wrap a generator in all that makes it one picture in, one picture out."""
    multiple = trained.kind.size_multiple
    if trained.kind.output == "maps":
        return Relit(_Maps(trained.network), trained.size, multiple).eval()
    return Repainted(trained.network, multiple).eval()


def scripted(trained: Trained) -> torch.jit.ScriptModule:
    """Return a generator's :func:`nuke_module` as TorchScript, with its weights in it."""
    module = nuke_module(trained)
    multiple = trained.kind.size_multiple
    side = -(-trained.kind.least_side // multiple) * multiple
    inner = "maps" if isinstance(module, Relit) else "network"
    with quiet(), torch.no_grad():
        example = torch.zeros(1, 3, side, side)
        traced = torch.jit.trace(getattr(module, inner), example, check_trace=False)  # type: ignore[no-untyped-call]
        setattr(module, inner, traced)
        return torch.jit.script(module)


class _Maps(nn.Module):
    """Stops and emission of a proxy N×3×h×w in scene-linear light."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, proxy: Tensor) -> tuple[Tensor, Tensor]:
        display = encode_display(torch.nan_to_num(proxy).clamp(0, 1))
        stops, emission = self.network(display * 2 - 1)
        return stops, emission


def _scaled(picture: Tensor, height: int, width: int) -> Tensor:
    # Not functional.interpolate: scripted, it brings every filter that this PyTorch knows into the file, and
    # an older one in Nuke can't load those it doesn't know.
    scaled: Tensor = torch.ops.aten.upsample_bilinear2d(picture, [height, width], False)
    return scaled
