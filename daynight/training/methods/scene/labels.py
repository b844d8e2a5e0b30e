"""Labelled photographs: sets of pictures with label images of any numbering, as a TOML table lists them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, ValidationError

from daynight.errors import UsageError
from daynight.models.scene import SURFACES
from daynight.training.run.recipe import Table

UNLABELLED: Final = 255
"""Label of pixels of which nothing is known."""
WINDOW: Final = len(SURFACES)
"""Label of a building's windows; below it are the surfaces, in their order."""
LIGHT: Final = WINDOW + 1
"""Label of a lamp that glows."""
LABELS: Final[Mapping[str, int]] = {
    **{name: i for i, name in enumerate(SURFACES)},
    "window": WINDOW,
    "light": LIGHT,
}

Labels = NDArray[np.uint8]
Outline = tuple[str, Sequence[tuple[float, float]]]
"""A class, and a polygon in percent of width and height."""


class LabelSet(Table):
    """One set of pictures: a ``[[set]]`` of the table."""

    images: str
    """Folder of the pictures, below the first source of the run."""
    labels: str | None = None
    """Folder of their labels, PNG of one channel with the pictures' names; none: nothing is known of them."""
    outlines: str | None = None
    """JSON beside the table, of polygons in the pictures it names: ``{NAME: [[CLASS, [[x, y], ...]], ...]}``,
    in percent of width and height, later ones over earlier ones."""
    classes: dict[
        str, Literal["sky", "building", "vegetation", "ground", "water", "other", "window", "light"]
    ] = Field({})
    """What each label value shows; values that are not named are unlabelled."""
    only: list[str] = Field([])
    """Beginnings of the names to take; none: all."""
    without: list[str] = Field([])
    """Beginnings of the names to leave out: what results are tested on."""
    share: float = Field(1.0, gt=0)
    """How often its pictures are drawn, over those of a set of share 1."""
    glowing: bool = False
    """Night photographs: their bright, lone spots are lights, and the rest is not."""


class LabelTable(Table):
    """The whole table."""

    set: list[LabelSet] = Field(min_length=1)


@dataclass(frozen=True)
class LabelledFile:
    """One picture and its labels."""

    picture: Path
    labels: Path | None
    of: LabelSet
    outlines: Sequence[Outline] = ()


def read_table(table: Path, root: Path, *, held_back: bool = False) -> list[LabelledFile]:
    """List the pictures of a table.

    Args:
        table: TOML with a ``[[set]]`` for each set.
        root: folder below which its folders are.
        held_back: those that training leaves out, of labelled sets, in place of those that it takes.

    Raises:
        UsageError: it can't be read, or names a folder without pictures.
    """
    try:
        sets = LabelTable.model_validate(tomllib.loads(table.read_text(encoding="utf-8"))).set
    except OSError as error:
        raise UsageError(
            table, f"can't be read ({error.strerror})", "give a table of labelled sets"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        fault = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UsageError(table, fault, "see docs/training.md") from None
    except ValueError as error:
        raise UsageError(
            table, f"is not a table of labelled sets ({error})", "see docs/training.md"
        ) from None
    found: list[LabelledFile] = []
    for each in sets:
        if held_back:
            each = each.model_copy(update={"only": each.without, "without": []})  # noqa: PLW2901
        if held_back and not (each.labels and each.only):
            continue
        files = [*_files(each, root, table)]
        if not files:
            raise UsageError(root / each.images, "holds no picture of this set", f"correct {table}")
        found += files
    return found


def _files(labels: LabelSet, root: Path, table: Path) -> list[LabelledFile]:
    if labels.outlines is not None:
        known_outlines: dict[str, list[Outline]] = json.loads(
            (table.parent / labels.outlines).read_text("utf-8")
        )
        pictures = [(root / labels.images / name, outlines) for name, outlines in known_outlines.items()]
        return [LabelledFile(path, None, labels, outlines) for path, outlines in pictures if path.is_file()]
    # The labels of a set of our own lie beside its table.
    folder = next(
        (
            base / labels.labels
            for base in (root, table.parent)
            if labels.labels and (base / labels.labels).is_dir()
        ),
        None,
    )
    if labels.labels and folder is None:
        raise UsageError(root / labels.labels, "is not a folder", f"correct {table}")
    known = {} if folder is None else {path.stem: path for path in folder.iterdir()}
    files = []
    for path in sorted((root / labels.images).rglob("*")):
        name = path.relative_to(root / labels.images).as_posix()
        wanted = not labels.only or name.startswith(tuple(labels.only))
        if not wanted or (labels.without and name.startswith(tuple(labels.without))) or not path.is_file():
            continue
        if folder is None or path.stem in known:
            files.append(LabelledFile(path, known.get(path.stem), labels))
    return files


def read_labels(file: LabelledFile, height: int, width: int) -> Labels:
    """Return a picture's labels H×W, at its size, by :data:`LABELS`."""
    if file.labels is None:
        labels = np.full((height, width), UNLABELLED, np.uint8)
        for name, outline in file.outlines:
            corners = np.asarray(outline) * (width / 100, height / 100)
            cv2.fillPoly(labels, [np.rint(corners).astype(np.int32)], LABELS[name])
        return labels
    # OpenCV and OpenImageIO turn a palette's indices, which are the labels, into its colours.
    with Image.open(file.labels) as image:
        if image.mode not in ("P", "L"):
            raise UsageError(
                file.labels, "is not an image of one channel", "write label values as grey levels"
            )
        raw = np.asarray(image)
    table = np.full(256, UNLABELLED, np.uint8)
    for value, name in file.of.classes.items():
        table[int(value)] = LABELS[name]
    return np.asarray(cv2.resize(table[raw], (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
