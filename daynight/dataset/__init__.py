"""Photographs to train on: sorted into day and night by brightness, counted, cropped. Needs no torch."""

from __future__ import annotations

from daynight.dataset.brightness import Classified, class_of, hsp
from daynight.dataset.crop import CropOptions, Cropped, crop
from daynight.dataset.graph import brightness_graph
from daynight.dataset.pairs import FoundPair, find_pairs, write_pairs
from daynight.dataset.split import Score, Split, SplitOptions, split
from daynight.dataset.stats import Stats, measure

__all__ = [
    "Classified",
    "CropOptions",
    "Cropped",
    "FoundPair",
    "Score",
    "Split",
    "SplitOptions",
    "Stats",
    "brightness_graph",
    "class_of",
    "crop",
    "find_pairs",
    "hsp",
    "measure",
    "split",
    "write_pairs",
]
