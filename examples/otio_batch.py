"""Convert the shots of an OpenTimelineIO timeline, and write a timeline that shows the results.

``python examples/otio_batch.py cut.otio --to night --out DIR --handles 8``

Of each clip's media (an image sequence, a pattern like ``sh010.%04d.exr``, a still) the frames of its source
range are converted, to a folder of the clip's name. Clips of the same media share the first one's folder, and
frames that they share are converted once. A clip that can't be converted is named and keeps its media; the
exit code is 1 then. Retimes and transitions show frames beyond the source range: give them ``--handles``.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

import daynight
from daynight.errors import DaynightError, UsageError

Clip = Any
PATTERN = re.compile(r"%0?\d*d|#|@|\$F\d*")


@dataclass(frozen=True)
class Media:
    """Numbered files, and how a clip's times become their numbers."""

    origin: RationalTime
    """Time of the file ``number``, at the files' own rate."""
    number: int
    step: int
    """From one file's number to the next one's."""

    def files_in(self, span: TimeRange) -> tuple[int, int]:
        """First and last number of the files that a span of time shows."""
        start, end = (
            (time - self.origin).rescaled_to(self.origin.rate).value
            for time in (span.start_time, span.end_time_exclusive())
        )
        # A millionth of a frame is more than rates like 24000/1001 lose in the division.
        first, last = math.floor(start + 1e-6), math.ceil(end - 1e-6) - 1
        return self.number + first // self.step * self.step, self.number + last // self.step * self.step

    def span_of(self, first: int, last: int) -> TimeRange:
        """Span of time that these files show."""
        rate = self.origin.rate
        start = self.origin + RationalTime(first - self.number, rate)
        return TimeRange(start, RationalTime(last - first + self.step, rate))


def path_of(url: str, beside: Path) -> Path:
    """Give the file that a URL means, or a path, which may start at the timeline's folder."""
    if not url.startswith("file:"):
        return beside / url
    # Tools write #### and %04d as they stand, so no parser of URLs may see them.
    place = re.sub(r"^file:(//(?=/)|//localhost)?", "", url)
    return Path(url2pathname(re.sub(r"%(?=0\d+d)", "%25", place)))


def url_of(path: Path, like: str) -> str:
    """Write a path as the timeline wrote its own: as a URL or plainly."""
    return f"{path.parent.as_uri()}/{path.name}" if "://" in like else str(path)


def plates_of(clip: Clip, beside: Path) -> tuple[Path, Media | None]:
    """Give a clip's pattern and its numbering, or a still, which has none.

    Raises:
        UsageError: its media is nothing of the kind.
    """
    reference = clip.media_reference
    available = reference.available_range
    if isinstance(reference, otio.schema.ImageSequenceReference):
        url = reference.abstract_target_url(f"%0{reference.frame_zero_padding}d")
        number = reference.start_frame
        origin = available.start_time if available else RationalTime(number, reference.rate)
        media = Media(origin.rescaled_to(reference.rate), number, reference.frame_step)
        return path_of(url, beside), media
    if not isinstance(reference, otio.schema.ExternalReference):
        raise UsageError(clip.name, f"has no files ({reference.schema_name()})", "link its media")
    plates = path_of(reference.target_url, beside)
    if not PATTERN.search(plates.name):
        return plates, None
    # Nothing says where a pattern's files begin: its times are taken for their numbers.
    rate = (available or clip.trimmed_range()).start_time.rate
    return plates, Media(RationalTime(0, rate), 0, 1)


def seen(clip: Clip, handles: int) -> TimeRange:
    """Give a clip's trimmed range with handles, as far as there is media for them."""
    trimmed, available = clip.trimmed_range(), clip.media_reference.available_range
    more = RationalTime(handles, trimmed.start_time.rate)
    start, end = trimmed.start_time - more, trimmed.end_time_exclusive() + more
    if available:
        start = max(start, min(trimmed.start_time, available.start_time))
        end = min(end, max(trimmed.end_time_exclusive(), available.end_time_exclusive()))
    return otio.opentime.range_from_start_end_time(start, end)


def relink(clip: Clip, result: Path, media: Media | None, files: tuple[int, int]) -> None:
    """Point a clip to its result; its source range means the same frames as before."""
    reference = clip.media_reference.clone()
    if isinstance(reference, otio.schema.ImageSequenceReference):
        reference.target_url_base = url_of(result.parent, reference.target_url_base) + "/"
        reference.start_frame = files[0]
    else:
        reference.target_url = url_of(result, reference.target_url)
    if media:
        reference.available_range = media.span_of(*files)
    clip.media_reference = reference


class Batch:
    """The clips of one timeline, each media in a folder of its own.

    Args:
        beside: folder that the timeline's paths start at.
        asked: the command line.
    """

    def __init__(self, beside: Path, asked: argparse.Namespace) -> None:
        self._beside = beside
        self._asked = asked
        self._folders: dict[Path, str] = {}

    def convert(self, clip: Clip) -> bool:
        """Convert what a clip shows, and say whether all of it has its result."""
        try:
            return self._convert(clip)
        except (DaynightError, otio.exceptions.OTIOError, ValueError) as error:
            print(f"error: {clip.name} is skipped: {error}", file=sys.stderr)
            return False

    def _convert(self, clip: Clip) -> bool:
        plates, media = plates_of(clip, self._beside)
        files = media.files_in(seen(clip, self._asked.handles)) if media else (0, 0)
        folder = self._asked.out.absolute() / self._folder(plates, clip.name)
        summary = daynight.convert(
            plates,
            self._asked.to,
            out=folder,
            frames=f"{files[0]}-{files[1]}x{media.step}" if media else None,
        )
        for fault in summary.faults:
            print(f"error: {fault}", file=sys.stderr)
        if summary.done or summary.finished:
            relink(clip, folder / plates.name, media, files)
            print(f"{clip.name}: {summary} → {folder}")
        return summary.complete

    def _folder(self, plates: Path, name: str) -> str:
        if plates not in self._folders:
            folder = re.sub(r"[^\w.-]", "_", name).strip(".") or "clip"
            while folder in self._folders.values():
                folder += "_"
            self._folders[plates] = folder
        return self._folders[plates]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("timeline", type=Path)
    parser.add_argument("--to", default="night", metavar="LOOK")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--handles", type=int, default=0, metavar="N", help="frames more at either end")
    parser.add_argument("--out-timeline", type=Path, metavar="FILE", help="else DIR/NAME.otio")
    asked = parser.parse_args()
    target = asked.out_timeline or asked.out / f"{asked.timeline.stem}.otio"
    if target.resolve() == asked.timeline.resolve():
        parser.error(f"{target} would be written over: name another with --out-timeline")
    try:
        timeline = otio.adapters.read_from_file(str(asked.timeline))
    except (OSError, ValueError, otio.exceptions.OTIOError) as error:
        parser.error(f"{asked.timeline} is no readable timeline ({error})")
    batch = Batch(asked.timeline.absolute().parent, asked)
    whole = [batch.convert(clip) for clip in timeline.find_clips()]
    target.parent.mkdir(parents=True, exist_ok=True)
    otio.adapters.write_to_file(timeline, str(target))
    print(f"timeline: {target}")
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
