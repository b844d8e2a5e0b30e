"""Run the model: take its picture, or relight the plate by its stops and emission."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from daynight import Frame, hookimpl
from daynight.colour.encoding import decode_display, encode_display, finite, shown, to_encoding, with_shown
from daynight.errors import ChainError, PlateError
from daynight.frames.frame import Pixels
from daynight.looks.relight import make_proxy, proxy_size, relight, upsample
from daynight.models.facts import ModelFacts, ValueRange
from daynight.models.session import OpenModel
from daynight.plugin.step import Step, StepContext, StepOptions

_SCALE: dict[ValueRange, tuple[float, float]] = {
    "-1..1": (2.0, -1.0),
    "0..1": (1.0, 0.0),
    "0..255": (255.0, 0.0),
}
"""Each range as ``picture * scale + offset`` of a picture in [0, 1]."""


class StylizeOptions(StepOptions):
    """Options of ``stylize``."""

    strength: float = Field(
        1.0, ge=0, le=1, description="0 returns the plate, 1 applies the whole look; maps: share of the stops"
    )


class Stylize(Step):
    """Run the chain's model over the frame or its tiles."""

    name = "stylize"
    Options = StylizeOptions
    takes = "either"
    needs_model = True
    runs = frozenset({"pixels", "maps"})
    options: StylizeOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self._model: OpenModel = context.open_model()
        self._facts: ModelFacts = self._model.facts
        if self._facts.kind not in self.runs:
            fault = f"model {self._facts.name or 'of the look'} returns {self._facts.kind}, not a picture"
            raise ChainError("step stylize", fault, f"use step {self._facts.kind}")
        self.works_in = "scene-linear" if self._facts.kind == "maps" else None

    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame; tiles stay tiles."""
        return self._relit(frame) if self._facts.kind == "maps" else self._restyled(frame)

    def _relit(self, frame: Frame) -> Frame:
        """Relight the whole plate: y = x * 2^(strength S) + strength E."""
        if frame.tiles is not None:
            raise ChainError("step stylize", "this model needs the whole frame", "take tile out of the chain")
        plate, high_range = frame.image, frame.high_range
        seen = finite(plate) if high_range else plate
        height, width = proxy_size(
            frame.height, frame.width, self._facts.short_side or 256, self._facts.size_multiple
        )
        proxy = make_proxy(seen, height, width)  # (h, w, 3)
        predicted = self._maps(encode_display(proxy, high_range=high_range))  # two of (h, w, 3)
        stops, emission = upsample(predicted, proxy, seen, high_range=high_range)  # (H, W, 3) each
        strength = np.float32(self.options.strength)
        if strength != 1:
            stops *= strength
            emission *= strength
        light = relight(plate, stops, np.maximum(emission, 0, out=emission))
        maps = {"daynight.stops": stops, "daynight.emission": emission} if self.context.aovs else {}
        return frame.with_pixels(light[np.newaxis], aovs={**frame.aovs, **maps})

    def _maps(self, display: Pixels) -> list[Pixels]:
        """Predict stops and emission for a proxy h×w×3: each h×w×3."""
        results = self._model.run(self._tensor(display[np.newaxis]))
        named = dict(zip(self._model.outputs, results, strict=True))
        return [np.ascontiguousarray(named[name][0].transpose(1, 2, 0)) for name in ("stops", "emission")]

    def _restyled(self, frame: Frame) -> Frame:
        """Run a network that returns pictures on the display-encoded frame, tile by tile."""
        linear = self._facts.encoding == "scene-linear"
        pictures = decode_display(shown(frame)) if linear else shown(frame)
        restyled = np.empty_like(pictures)
        for index, picture in enumerate(pictures):
            restyled[index] = self._picture(picture[np.newaxis], frame)
        result = with_shown(frame, encode_display(restyled) if linear else restyled)
        strength = np.float32(self.options.strength)
        if strength == 1:
            return result
        plate = to_encoding(frame, result.encoding).pixels
        return result.with_pixels(result.pixels * strength + plate * (1 - strength))

    def _picture(self, tile: Pixels, frame: Frame) -> Pixels:
        """Run the network over one picture 1×h×w×3 in [0, 1]; it is padded to the size multiple."""
        height, width = tile.shape[1:3]
        below, right = (-height % self._facts.size_multiple, -width % self._facts.size_multiple)
        if below or right:
            tile = np.pad(tile, ((0, 0), (0, below), (0, right), (0, 0)), mode="symmetric")
        if self._model.fixed_size not in (None, tile.shape[1:3]):
            fixed_height, fixed_width = self._model.fixed_size or (0, 0)
            raise ChainError(
                "step stylize",
                f"the model takes {fixed_width}x{fixed_height} only",
                "put tile before stylize and reassemble after it",
            )
        result = self._model.run(self._tensor(tile))[0]
        if result.shape[-2:] != tile.shape[1:3] or result.shape[1] != 3:
            raise PlateError(
                frame.source or "frame",
                f"the model returned {'×'.join(map(str, result.shape))} for {tile.shape[2]}x{tile.shape[1]}",
                "use a model that keeps the size",
            )
        scale, offset = _SCALE[self._facts.value_range]
        planes = result[0]  # ours alone: changed in place, before the one copy to rows of pixels
        if scale != 1:
            planes -= np.float32(offset)
            planes *= np.float32(1 / scale)
        return self._ordered(planes.transpose(1, 2, 0))[:height, :width]

    def _tensor(self, pictures: Pixels) -> Pixels:
        """Return pictures N×h×w×3 in [0, 1] as the network takes them: N×3×h×w."""
        scale, offset = _SCALE[self._facts.value_range]
        tensor = np.ascontiguousarray(self._ordered(pictures).transpose(0, 3, 1, 2))
        if scale != 1:
            tensor *= np.float32(scale)
            tensor += np.float32(offset)
        return tensor

    def _ordered(self, pictures: Pixels) -> Pixels:
        return pictures[..., ::-1] if self._facts.channel_order == "bgr" else pictures


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Stylize]
