"""The networks that ``daynight train`` knows: those of P0 and P1, and our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daynight import hookimpl
from daynight.plugin.network_kind import NetworkKind

if TYPE_CHECKING:
    from torch import nn

    from daynight.training.networks.p0 import Activation


# torch is imported by the factories, so that the command line can list the networks without it. Sizes and
# radius are repeated here for the same reason; tests compare them with the networks' own.


def _p0_generator() -> nn.Module:
    from daynight.training.networks.p0 import P0Generator

    return P0Generator()


def _p0_discriminators(score: Activation = "linear") -> dict[str, nn.Module]:
    from daynight.training.networks.p0 import P0Discriminator

    return {"whole": P0Discriminator(score)}


P0: Final = NetworkKind(
    name="p0",
    summary="P0's generator without norm (exact in tiles) and its discriminator of 256 px",
    generator=_p0_generator,
    discriminators=_p0_discriminators,
    size_multiple=8,
    least_side=256,
    output="pixels",
    bytes_per_pixel=512,
    radius=103,
    exact_tiling=True,
)


def _cyclegan_generator(blocks: int = 9) -> nn.Module:
    from daynight.training.networks.cyclegan import CycleGanGenerator

    return CycleGanGenerator(blocks)


def _cyclegan_discriminators() -> dict[str, nn.Module]:
    from daynight.training.networks.cyclegan import PatchDiscriminator

    return {"patch": PatchDiscriminator()}


CYCLEGAN: Final = NetworkKind(
    name="cyclegan",
    summary="the well-known cycle GAN of 9 residual blocks, with a discriminator of 70 px patches",
    generator=_cyclegan_generator,
    discriminators=_cyclegan_discriminators,
    size_multiple=4,
    least_side=24,
    output="pixels",
    bytes_per_pixel=1792,
)


def _attention_generator(blocks: int = 4) -> nn.Module:
    from daynight.training.networks.attention import AttentionGenerator

    return AttentionGenerator(blocks)


def _attention_discriminators() -> dict[str, nn.Module]:
    from daynight.training.networks.attention import AttentionDiscriminator

    return {"global": AttentionDiscriminator(layers=7), "local": AttentionDiscriminator(layers=5)}


def _clip_rho(generator: nn.Module) -> None:
    """Keep each rho of AdaLIN in [0, 1]. Source: P1."""
    from daynight.training.networks.attention import AttentionGenerator

    assert isinstance(generator, AttentionGenerator)
    generator.clip_rho()


ATTENTION: Final = NetworkKind(
    name="attention",
    summary="P1's attention model, after U-GAT-IT light: class activation maps, AdaLIN, two discriminators",
    generator=_attention_generator,
    discriminators=_attention_discriminators,
    size_multiple=4,
    least_side=96,
    output="pixels",
    bytes_per_pixel=2816,
    constrain=_clip_rho,
    attention=True,
)


def _relight_generator(start: float = 0.0) -> nn.Module:
    """``start``: stops that it predicts before training; the recipe has one for each direction."""
    from daynight.training.networks.relight import Relight

    return Relight(start)


def _relight_discriminators() -> dict[str, nn.Module]:
    from daynight.training.networks.discriminators import MultiScaleDiscriminator

    return {"multiscale": MultiScaleDiscriminator()}


RELIGHT: Final = NetworkKind(
    name="relight",
    summary="our U-Net of stops and emission, which keeps the plate's detail and range",
    generator=_relight_generator,
    discriminators=_relight_discriminators,
    size_multiple=64,
    least_side=64,
    output="maps",
)


def _scene() -> nn.Module:
    from daynight.training.networks.scene import Scene

    return Scene()


def _lights() -> nn.Module:
    from daynight.training.networks.lights import Lights

    return Lights()


def _no_discriminators() -> dict[str, nn.Module]:
    """Return none: the method brings its own, or the network has no opponent."""
    return {}


SCENE: Final = NetworkKind(
    name="scene",
    summary="what a plate shows: sky, buildings, vegetation, ground, water, windows, lights",
    generator=_scene,
    discriminators=_no_discriminators,
    size_multiple=32,
    least_side=64,
    output="mattes",
)
LIGHTS: Final = NetworkKind(
    name="lights",
    summary="the light of moon, practicals and lamps over a plate",
    generator=_lights,
    discriminators=_no_discriminators,
    size_multiple=32,
    least_side=64,
    output="lights",
)


@hookimpl
def daynight_networks() -> list[NetworkKind]:
    """Register the networks."""
    return [P0, CYCLEGAN, ATTENTION, RELIGHT, SCENE, LIGHTS]
