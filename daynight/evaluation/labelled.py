"""What a night look does to labelled photographs: its sky, false lamps, colours, structure, exposures."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daynight.api import Look, open_look
from daynight.colour.encoding import decode_display, encode_display, luminance
from daynight.errors import UsageError
from daynight.evaluation.formulas import gradient_correlation
from daynight.evaluation.inputs import limited
from daynight.frames.frame import Pixels
from daynight.job import DeviceName
from daynight.plates.photographs import open_spaces, read_picture
from daynight.training.methods.scene.labels import (
    LABELS,
    UNLABELLED,
    LabelledFile,
    Labels,
    read_labels,
    read_table,
)

GROUPS: Final = ("night.ambient", "night.practicals", "night.emission")
_LIT: Final = 0.25
"""Light of emission, 1 being white, from which a pixel is lit: half of the display's range."""
_EXPOSURES: Final = (-2.0, 0.0, 2.0)
"""Stops by which plates are changed."""
_DARKEST: Final = 2.0**-12
"""A group whose mean is darker counts as black."""
_BUILT: Final = (LABELS["building"], LABELS["window"])
_NEVER_LIT: Final = tuple(LABELS[name] for name in ("sky", "vegetation", "water"))
_OPEN_GROUND: Final = tuple(LABELS[name] for name in ("ground", "vegetation"))


HEADINGS: Final = (
    ("set", ""),
    ("pictures", "d"),
    ("sky IoU", ".3f"),
    ("false lamps", ".1%"),
    ("lit building", ".1%"),
    ("ground (R-B)/mean", "+.2f"),
    ("sky (R-B)/mean", "+.2f"),
    ("structure", ".3f"),
    ("stops over exposures", ".2f"),
)
"""Heads of the figures' columns, and how each is written; in the order of :class:`LabelledRow`."""


@dataclass(frozen=True)
class LabelledOptions:
    """What to measure, and how."""

    photographs: Path
    """Folder below which the table's folders are."""
    table: Path
    """TOML of labelled sets; what it holds back of them is measured (see :mod:`..methods.scene.labels`)."""
    to: str
    """A look with the light groups of ``night``."""
    settings: tuple[str, ...] = ()
    """Changes to the look's steps, as ``step.option=value``."""
    model: str | None = None
    """A model to use instead of the look's."""
    limit: int | None = None
    """Largest number of pictures of a set, spread evenly."""
    device: DeviceName = "auto"
    jobs: int | None = None


@dataclass(frozen=True)
class LabelledRow:
    """The figures of one set; NaN where its labels do not tell."""

    name: str
    pictures: int
    sky_iou: float
    """Intersection over union of the sky matte, from one half, and the label, over all pixels of the set."""
    false_lamps: float
    """Share of the lit area that lies on sky, vegetation or water."""
    lit_building: float
    """Share of the lit area that lies on buildings."""
    ground: float
    """``(R - B) / mean`` of open ground where no lamp's light prevails, display-encoded."""
    sky: float
    """The same of the sky."""
    structure: float
    """Gradient correlation with the plate without emission, outside the sky; mean over pictures."""
    spread: float
    """Stops between the largest and the least mean of a light group as the plate goes from -2 to +2 EV;
    mean over pictures and groups."""


def measure_labelled(
    options: LabelledOptions, *, warn: Callable[[str], None], progress: Callable[[str], None]
) -> list[LabelledRow]:
    """Measure a look on the pictures that a table holds back.

    Raises:
        UsageError: the table can't be read or holds nothing back, or the look has no light groups.
    """
    sets: dict[str, list[LabelledFile]] = defaultdict(list)
    for file in read_table(options.table, options.photographs, held_back=True):
        sets[file.of.images].append(file)
    if not sets:
        raise UsageError(options.table, "holds no labelled picture back", "name some under `without`")
    spaces = open_spaces(warn)
    rows = []
    with open_look(
        options.to,
        model=options.model,
        settings=options.settings,
        device=options.device,
        jobs=options.jobs,
    ) as look:
        for name, files in sets.items():
            files = limited(files, options.limit)  # noqa: PLW2901
            progress(f"measuring {len(files)} pictures of {name}")
            sums = _Sums()
            for file in files:
                plate = decode_display(read_picture(file.picture, spaces).pixels)
                sums.add(plate, read_labels(file, *plate.shape[:2]), look)
            rows.append(sums.row(name, len(files)))
    return rows


class _Sums:
    """What is known of a set so far."""

    def __init__(self) -> None:
        self._areas: Counter[str] = Counter()
        self._colours = {"ground": np.zeros(3), "sky": np.zeros(3)}
        self._structures: list[float] = []
        self._spreads: list[float] = []

    def add(self, plate: Pixels, labels: Labels, look: Look) -> None:
        """Measure a plate H×W×3, scene-linear, with its labels H×W."""
        by_exposure = [look.layers(plate * np.float32(2.0**stops)) for stops in _EXPOSURES]
        night = by_exposure[_EXPOSURES.index(0.0)]
        if not {*GROUPS, "night.sky"} <= night.keys():
            raise UsageError("the look", "has no light groups", "measure night, or a look made of its steps")
        known, sky = labels != UNLABELLED, labels == LABELS["sky"]
        matte = night["night.sky"] >= 0.5
        ambient, practicals, emission = (night[name] for name in GROUPS)
        lit = known & (luminance(emission) > _LIT)
        self._areas.update(
            both=int((matte & sky & known).sum()),
            either=int(((matte | sky) & known).sum()),
            lit=int(lit.sum()),
            false=int((lit & np.isin(labels, _NEVER_LIT)).sum()),
            building=int((lit & np.isin(labels, _BUILT)).sum()),
        )
        display = encode_display(night[""])
        unlit = luminance(ambient) > luminance(practicals) + luminance(emission)
        self._colours["ground"] += display[np.isin(labels, _OPEN_GROUND) & unlit].sum(axis=0)
        self._colours["sky"] += display[sky].sum(axis=0)
        luma, unlit_luma = (luminance(encode_display(each)) for each in (plate, ambient + practicals))
        self._structures.append(gradient_correlation(luma, unlit_luma, where=known & ~sky))
        self._spreads += [_spread([layers[name] for layers in by_exposure]) for name in GROUPS]

    def row(self, name: str, pictures: int) -> LabelledRow:
        """Return the figures."""
        area = self._areas
        return LabelledRow(
            name=name,
            pictures=pictures,
            sky_iou=_part(area["both"], area["either"]),
            false_lamps=_part(area["false"], area["lit"]),
            lit_building=_part(area["building"], area["lit"]),
            ground=_cast(self._colours["ground"]),
            sky=_cast(self._colours["sky"]),
            structure=_mean(self._structures),
            spread=_mean(self._spreads),
        )


def _spread(groups: Sequence[Pixels]) -> float:
    """Return the stops between the largest and the least mean; NaN for a group that is black throughout."""
    means = [float(luminance(each).mean(dtype=np.float64)) for each in groups]
    return math.log2(max(means) / max(min(means), _DARKEST)) if max(means) > _DARKEST else math.nan


def _cast(colour: NDArray[np.float64]) -> float:
    return float((colour[0] - colour[2]) / colour.mean()) if colour.any() else math.nan


def _part(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan
