"""Photographs to train on: told into day and night by their brightness, counted, cropped. Needs no torch."""

from __future__ import annotations

from daynight.dataset.brightness import Judged, class_of, hsp
from daynight.dataset.crop import Cropped, crop
from daynight.dataset.graph import brightness_graph
from daynight.dataset.split import Score, Split, split
from daynight.dataset.stats import Stats, measure

__all__ = [
    "Cropped",
    "Judged",
    "Score",
    "Split",
    "Stats",
    "brightness_graph",
    "class_of",
    "crop",
    "hsp",
    "measure",
    "split",
]
