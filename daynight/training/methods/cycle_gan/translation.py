"""Running generators and discriminators, whatever their kind."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from daynight.plugin.network_kind import NetworkKind
from daynight.training.networks.outputs import Translation
from daynight.training.networks.relight import apply_maps, decode_display, encode_display


@dataclass(frozen=True)
class Rendering:
    """A translated picture, with everything that the losses need."""

    picture: Tensor
    """N×3×H×W, display-encoded in [-1, 1]: as discriminators see it. Networks may slightly exceed it."""
    light: Tensor | None = None
    """The same in scene-linear light; only of networks that return maps."""
    stops: Tensor | None = None
    """The map of stops; only of networks that return maps."""
    logits: Tensor | None = None
    """Logits of the generator's auxiliary classifiers on its input, N×2; only of networks with attention."""
    heat: Tensor | None = None
    """Attention heat map, N×1×h×w, ≥ 0; only of networks with attention."""


@dataclass(frozen=True)
class Scores:
    """What one discriminator returns."""

    maps: list[Tensor]
    """Scores, one map per scale; 1 means real."""
    logits: Tensor | None = None
    """Logits of its auxiliary classifiers, N×2; only of networks with attention."""


def translate(kind: NetworkKind, generator: nn.Module, source: Tensor | Rendering) -> Rendering:
    """Run a generator.

    Args:
        kind: its kind.
        generator: the network.
        source: a photograph N×3×H×W, display-encoded in [-1, 1], or the result of another generator. Between
            two that relight, light stays scene-linear: highlights that burn out can be recovered.
    """
    picture = source.picture if isinstance(source, Rendering) else source
    made: Translation = generator(picture)
    if kind.output == "maps":
        assert made.stops is not None
        assert made.emission is not None
        light = source.light if isinstance(source, Rendering) and source.light is not None else None
        relit = apply_maps(
            decode_display(positive(picture)) if light is None else light, made.stops, made.emission
        )
        return Rendering(centred(encode_display(relit)), light=relit, stops=made.stops)
    assert made.picture is not None
    if kind.attention:
        assert made.logits is not None
        assert made.heat is not None
        return Rendering(made.picture.float(), logits=made.logits.float(), heat=made.heat.float())
    return Rendering(made.picture.float())


def score(kind: NetworkKind, discriminator: nn.Module, picture: Tensor) -> Scores:
    """Run a discriminator on pictures N×3×H×W in [-1, 1]."""
    result = discriminator(picture)
    if kind.attention:
        return Scores([result.scores.float()], result.logits.float())
    return Scores([each.float() for each in (result if isinstance(result, list) else [result])])


def centred(picture: Tensor) -> Tensor:
    """Scale from [0, 1] to [-1, 1]."""
    return picture * 2 - 1


def positive(picture: Tensor) -> Tensor:
    """Scale from [-1, 1] to [0, 1]."""
    return (picture + 1) / 2
