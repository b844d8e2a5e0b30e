"""Night as a sum of lights over the plate, in tensors: what the network's maps mean while it is trained.

``y = x 2^A moon + x 2^P lamp + E``: ambient, practicals, emission. In use :mod:`daynight.looks.night` does
the same at full size, with its controls; a test compares the two.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from daynight.colour.encoding import KNEE, LUMINANCE, ROLL_OFF
from daynight.models.lights import (
    ABOVE_WHITE,
    FLAME,
    GLOW,
    LED,
    LIT,
    LIT_SLOPE,
    MIDDLE,
    MOON,
    PANE,
    PANE_FLAT,
    PANE_SHADOW,
    PANE_SLOPE,
    PANES,
    SATURATION,
    SKY_CONTRAST,
    SKY_LEVEL,
    SKY_TINT,
    SODIUM,
    SUN,
    SURE,
    UNBUILT,
    UNLIT,
    WHITE,
    WINDOWS,
)
from daynight.models.scene import MATTES

_DARKEST: Final = 2.0**-10
"""Light that counts as black in logarithms."""
_SKY, _BUILDING, _WINDOW = (MATTES.index(name) for name in ("sky", "building", "window"))


class Groups(NamedTuple):
    """The light groups, N×3×H×W each in scene-linear light, which add up to the picture."""

    ambient: Tensor
    practicals: Tensor
    emission: Tensor

    @property
    def picture(self) -> Tensor:
        """The whole night."""
        return self.ambient + self.practicals + self.emission

    @property
    def unlit(self) -> Tensor:
        """The night without the lamps themselves."""
        return self.ambient + self.practicals


def exposed(light: Tensor, sky: Tensor) -> Tensor:
    """Scale plates N×3×H×W so that their ground's mean is the middle, by their sky matte N×1×H×W."""
    ground = (1 - sky).clamp(min=0.02)
    key = (ground * log_luminance(light)).sum(dim=(1, 2, 3)) / ground.sum(dim=(1, 2, 3))  # (N,)
    return light * (MIDDLE * torch.exp2(-key))[:, None, None, None]


def night(light: Tensor, maps: Tensor, mattes: Tensor) -> Groups:
    """Relight exposed plates.

    Args:
        light: x, N×3×H×W, as :func:`exposed` returns it.
        maps: of the light network, N×11×H×W.
        mattes: of the scene network, N×8×H×W.
    """
    ambient, practicals, warmth, lamp, lamp_warmth, lamp_level, paned = maps[:, :7, None].unbind(dim=1)
    sky, building = mattes[:, _SKY : _SKY + 1], mattes[:, _BUILDING : _BUILDING + 1]
    short = min(light.shape[-2:])
    luma = log_luminance(light)  # (N, 1, H, W)
    sunlit = functional.relu(_smooth(luma, short // 16) - _log2(MIDDLE))
    beyond = (min(ABOVE_WHITE * SUN, 1) - SUN) * functional.relu(sunlit - WHITE)
    dimmed = light * torch.exp2(-SUN * sunlit - beyond)
    grey = (dimmed * _stops(LUMINANCE, light)).sum(dim=1, keepdim=True)
    pale = torch.lerp(grey, dimmed, SATURATION)
    moonlit = pale * torch.exp2(ambient + _stops(MOON, light))
    mean = box(sky * luma, short // 8) / box(sky, short // 8).clamp(min=1e-3)
    clouds = (SKY_CONTRAST * (luma - mean)).clamp(-2, 2)
    heaven = torch.exp2(SKY_LEVEL + _stops(SKY_TINT, light) + clouds)
    town = (4 * box(building, short // 6)).clamp(max=1)
    weaker = UNLIT[0] * sky + UNLIT[1] * (1 - town)
    tint = (1 - warmth) * _stops(SODIUM, light)
    lit = dimmed * torch.exp2(practicals - weaker + tint) * (1 - sky)
    level = standardised(lamp, building) + WINDOWS * mattes[:, _WINDOW : _WINDOW + 1]
    level = level - UNBUILT * (1 - building)
    sure = ((building - SURE[0]) / (SURE[1] - SURE[0])).clamp(0, 1)
    on = torch.sigmoid(LIT_SLOPE * (level - LIT)) * ((1 - sky) ** 2) * sure
    on = on * torch.lerp(torch.ones_like(on), panes(light), paned)
    colour = torch.lerp(_stops(FLAME, light), _stops(LED, light), lamp_warmth)
    return Groups(torch.lerp(moonlit, heaven, sky), lit, glowing(on * torch.exp2(lamp_level + colour)))


def standardised(lamp: Tensor, building: Tensor) -> Tensor:
    """Return logits N×1×H×W in standard deviations from their mean over what is built.

    Some place is always the likeliest lamp, so that lamps can neither die out nor become a veil.
    """
    weight = building + 0.02
    total = weight.sum(dim=(1, 2, 3), keepdim=True)
    mean = (weight * lamp).sum(dim=(1, 2, 3), keepdim=True) / total
    variance = (weight * (lamp - mean) ** 2).sum(dim=(1, 2, 3), keepdim=True) / total
    return (lamp - mean) / (variance + 1e-4).sqrt()


def panes(light: Tensor) -> Tensor:
    """Return where exposed plates N×3×H×W have panes, N×1×H×W in [0, 1]: darker parts of a textured wall.

    A window by day is a dark thing in a brighter wall, of any size.
    """
    stops = (log_luminance(light).exp2() + PANE_SHADOW).log2()
    darker = []
    for part in PANES:
        radius = min(light.shape[-2:]) // part
        mean, square = (box(box(each, radius), radius) for each in (stops, stops * stops))
        deviation = (square - mean * mean).clamp(min=0).sqrt()
        darker.append((mean - stops) / (deviation + PANE_FLAT))
    return torch.sigmoid(PANE_SLOPE * (torch.cat(darker, dim=1).amax(dim=1, keepdim=True) - PANE))


def glowing(emission: Tensor) -> Tensor:
    """Spread part of the lamps' light around them, over three sizes; no light is lost inside the frame."""
    short = min(emission.shape[-2:])
    halos = [box(box(emission, max(short // size, 1)), max(short // size, 1)) for size in (96, 32, 12)]
    return (1 - GLOW) * emission + GLOW * torch.stack(halos).mean(dim=0)


def rolled_off(light: Tensor) -> Tensor:
    """Encode light for display as plates of high range are: rolled off above the knee, in [0, 1]."""
    curve = torch.where(
        light <= 0.0031308,
        12.92 * light.clamp(min=0),
        1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055,
    )
    over = (curve - KNEE).clamp(min=0)
    return torch.where(curve > KNEE, KNEE + torch.log1p(ROLL_OFF * over) / ROLL_OFF, curve)


def log_luminance(light: Tensor) -> Tensor:
    """Return log2 of the luminance of light N×3×H×W, N×1×H×W; black is -10."""
    return (light * _stops(LUMINANCE, light)).sum(dim=1, keepdim=True).clamp(min=_DARKEST).log2()


def box(planes: Tensor, radius: int) -> Tensor:
    """Average over squares of 2 radius + 1 pixels, cut off at the frame's border; any radius is as fast."""
    radius = max(radius, 1)
    return _run(_run(planes, radius, -1), radius, -2)


def _run(planes: Tensor, radius: int, axis: int) -> Tensor:
    """Average along an axis over 2 radius + 1 values, by differences of running sums."""
    length = planes.shape[axis]
    sums = planes.cumsum(axis)
    ends = torch.arange(length, device=planes.device)
    after = (ends + radius).clamp(max=length - 1)
    before = ends - radius - 1
    total = sums.index_select(axis, after)
    start = sums.index_select(axis, before.clamp(min=0))
    shape = [1] * planes.dim()
    shape[axis] = length
    start = start * (before >= 0).to(planes.dtype).view(shape)
    count = (after - before.clamp(min=-1)).to(planes.dtype).view(shape)
    return (total - start) / count


def _smooth(plane: Tensor, radius: int) -> Tensor:
    """Smooth a plane of stops but for its edges: the guided filter with itself as its guide."""
    mean = box(plane, radius)
    variance = box(plane * plane, radius) - mean * mean
    slope = variance / (variance + 0.25)
    return box(slope, radius) * plane + box(mean - slope * mean, radius)


def _stops(values: tuple[float, float, float], like: Tensor) -> Tensor:
    return like.new_tensor(values)[:, None, None]


def _log2(value: float) -> float:
    return float(torch.tensor(value).log2())
