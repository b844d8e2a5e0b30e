"""What a generator makes of a picture, whether it paints the picture or relights it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from daynight.plugin.network_kind import NetworkKind
from daynight.training.networks.relight import apply_maps, decode_display, encode_display


@dataclass(frozen=True)
class Translation:
    """A translated picture, with what came along."""

    picture: Tensor
    """N×3×H×W, display-encoded in [-1, 1]: what discriminators see. Networks may go a little beyond."""
    light: Tensor | None = None
    """The same in scene-linear light; of networks that give maps."""
    stops: Tensor | None = None
    """The map of stops; of networks that give maps."""
    logits: Tensor | None = None
    """What the generator's auxiliary classifiers think of what it took, N×2; of networks that attend."""
    heat: Tensor | None = None
    """Where it looked, N×1×h×w, ≥ 0; of networks that attend."""


@dataclass(frozen=True)
class Verdict:
    """What one discriminator gives."""

    scores: list[Tensor]
    """Maps of scores, one a scale; 1 means real."""
    logits: Tensor | None = None
    """What its auxiliary classifiers think, N×2; of networks that attend."""


def translate(kind: NetworkKind, generator: nn.Module, taken: Tensor | Translation) -> Translation:
    """Run a generator.

    Args:
        kind: its kind.
        generator: the network.
        taken: a photograph N×3×H×W, display-encoded in [-1, 1], or what another generator made. Between two
            that relight, light stays scene-linear: what burns out on the way is not lost for the way back.
    """
    seen = taken.picture if isinstance(taken, Translation) else taken
    given = generator(seen)
    if kind.gives == "maps":
        light = taken.light if isinstance(taken, Translation) and taken.light is not None else None
        stops, emission = given
        relit = apply_maps(decode_display(positive(seen)) if light is None else light, stops, emission)
        return Translation(centred(encode_display(relit)), light=relit, stops=stops)
    if kind.attends:
        return Translation(given.picture.float(), logits=given.logits.float(), heat=given.heat.float())
    return Translation(given.float())


def verdict(kind: NetworkKind, discriminator: nn.Module, picture: Tensor) -> Verdict:
    """Run a discriminator on pictures N×3×H×W in [-1, 1]."""
    given = discriminator(picture)
    if kind.attends:
        return Verdict([given.scores.float()], given.logits.float())
    return Verdict([each.float() for each in (given if isinstance(given, list) else [given])])


def centred(picture: Tensor) -> Tensor:
    """From [0, 1] to [-1, 1]."""
    return picture * 2 - 1


def positive(picture: Tensor) -> Tensor:
    """From [-1, 1] to [0, 1]."""
    return (picture + 1) / 2
