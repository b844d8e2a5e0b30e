"""Cut the frame into tiles that fit in memory."""

from __future__ import annotations

from pydantic import Field

from daynight import Frame, hookimpl
from daynight.errors import ChainError
from daynight.frames.tiling import TileLayout, cut, largest_tile, plan_fixed_tiles, plan_tiles
from daynight.models.facts import ModelFacts
from daynight.plugin.step import Step, StepContext, StepOptions

_BLENDED_SHARE = 8
"""Halo of tiles that are blended, as a part of the tile: an eighth on each side."""


class TileOptions(StepOptions):
    """Options of ``tile``."""

    size: int = Field(0, ge=0, description="side of a tile in pixels; 0: the largest that memory allows")
    halo: int | None = Field(
        None, ge=0, description="pixels lost at each cut edge; none: what the model needs"
    )
    memory_mb: int = Field(4096, ge=1, description="memory for one run of the model, in MB")


class Tile(Step):
    """Cut the frame into tiles: exact if the model allows it, otherwise blended, with a warning."""

    name = "tile"
    Options = TileOptions
    gives = "tiles"
    needs_model = True
    runs = frozenset({"pixels"})
    options: TileOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        model = context.open_model()
        self._facts: ModelFacts = model.facts
        self._fixed = model.fixed_size
        if self._facts.kind == "maps":
            raise ChainError(
                "step tile", "this model sees the whole frame at once", "take tile out of the chain"
            )
        self._refuse_what_never_fits()

    def _refuse_what_never_fits(self) -> None:
        size, multiple = self.options.size, self._facts.size_multiple
        if self._fixed is None and size % multiple:
            raise ChainError(
                "step tile", f"size {size} is not a multiple of {multiple}, as the model needs", "change size"
            )
        side = min(self._fixed) if self._fixed else size
        if side and side <= 2 * self._halo(side):
            halo = self._halo(side)
            raise ChainError(
                "step tile", f"a tile of {side} px has no core between halos of {halo} px", "make size larger"
            )

    def apply(self, frame: Frame) -> Frame:
        """Return the frame as tiles N×h×w×3."""
        layout = self._layout(frame.height, frame.width)
        if layout.count > 1 and not layout.exact:
            self.context.warn(
                f"{self._facts.name or 'this model'} is not exact in tiles: {layout.count} tiles of "
                f"{layout.tile_width}x{layout.tile_height} are blended over their overlap"
            )
        return frame.with_pixels(cut(frame.image, layout), tiles=layout)

    def _layout(self, height: int, width: int) -> TileLayout:
        try:
            if self._fixed:
                fixed_height, fixed_width = self._fixed
                halo = self._halo(min(self._fixed))
                return plan_fixed_tiles(height, width, fixed_height, fixed_width, halo=halo)
            side = self._side(height, width)
            return plan_tiles(
                height,
                width,
                min(side, self._up(height)),
                min(side, self._up(width)),
                halo=self._halo(side),
                multiple=self._facts.size_multiple,
                exact=self._facts.exact_tiling and self._halo(side) >= (self._facts.radius or 0),
            )
        except ValueError as error:
            raise ChainError("step tile", str(error), "make size or memory_mb larger") from None

    def _side(self, height: int, width: int) -> int:
        """Return the side of a tile: ``size``, or the largest that fits in memory."""
        if self.options.size:
            return self.options.size
        budget, cost = self.options.memory_mb * 2**20, self._facts.bytes_per_pixel
        if self._up(height) * self._up(width) * cost <= budget:
            return max(self._up(height), self._up(width))
        return largest_tile(budget, cost, self._facts.size_multiple)

    def _halo(self, side: int) -> int:
        if self.options.halo is not None:
            return self.options.halo
        return self._facts.radius or 0 if self._facts.exact_tiling else side // _BLENDED_SHARE

    def _up(self, length: int) -> int:
        return -(-length // self._facts.size_multiple) * self._facts.size_multiple


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Tile]
