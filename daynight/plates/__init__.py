"""Plates from and to disk, by OpenImageIO: read whole or refused, written completely or not at all."""

from __future__ import annotations

from daynight.plates.atomic import written_whole
from daynight.plates.dropped import dropped_data
from daynight.plates.formats import EXTENSIONS, WRITABLE, OutputSpec, output_spec
from daynight.plates.quantise import as_float
from daynight.plates.reading import LIMITS, Limits, channel_of, display_size, read_frame, read_matte
from daynight.plates.writing import WriteOptions, check_options, write_frame

__all__ = [
    "EXTENSIONS",
    "LIMITS",
    "WRITABLE",
    "Limits",
    "OutputSpec",
    "WriteOptions",
    "as_float",
    "channel_of",
    "check_options",
    "display_size",
    "dropped_data",
    "output_spec",
    "read_frame",
    "read_matte",
    "write_frame",
    "written_whole",
]
