"""The HTML page of a report: before/after wipes, faults and timings, in one file that needs no other."""

from __future__ import annotations

import base64
import html
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from string import Template
from threading import Lock
from typing import Final

import cv2
import numpy as np

from daynight.colour.names import SRGB
from daynight.colour.spaces import ColourSpaces
from daynight.engine.events import Event, FrameDone, Observer, Summary
from daynight.engine.planning import FrameJob, Plan
from daynight.engine.run import Conversion
from daynight.errors import UsageError
from daynight.frames.frame import Frame
from daynight.frames.resize import reduced
from daynight.plates import written_whole
from daynight.version import __version__

_SAMPLES: Final = 12
_WIDTH: Final = 960
_STAGES: Final = ("read", "compute", "write")


@dataclass(frozen=True)
class Wipe:
    """A picture before and after, laid over each other."""

    caption: str
    before: str
    after: str
    width: int
    height: int


class Report:
    """Gathers a run's samples and timings, and writes them as one page.

    Args:
        path: of the page.
        conversion: what is run; the frames to sample are chosen from its plan.

    Raises:
        UsageError: the page's folder is not there.
    """

    def __init__(self, path: Path, conversion: Conversion) -> None:
        if not path.resolve().parent.is_dir():
            raise UsageError(f"`report={path}`", "its folder does not exist", "make the folder first")
        if path.is_dir() or path.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"`report={path}`", "is not the name of a page", "give one that ends in .html")
        self._path = path
        self._chain, self._spaces = conversion.chain, conversion.spaces
        self._sampled = {job.target: index for index, job in enumerate(_samples(conversion.plan))}
        self._wipes: dict[int, Wipe] = {}
        self._done: list[FrameDone] = []
        self._lock = Lock()

    def observing(self, observe: Observer) -> Observer:
        """Return an observer that notes what this page needs and passes all on."""

        def both(event: Event) -> None:
            if isinstance(event, FrameDone):
                self._done.append(event)
            observe(event)

        return both

    def view(self, job: FrameJob, plate: Frame, result: Frame) -> None:
        """Keep a frame's pictures, if it is one of the samples; called by writers' threads."""
        index = self._sampled.get(job.target)
        if index is None:
            return
        before = _thumbnail(_same_part(plate, result), self._spaces)
        after = _thumbnail(result, self._spaces)
        height, width = after.shape[:2]
        caption = job.shot.name + (f" · {job.number}" if job.number is not None else "")
        wipe = Wipe(caption, jpeg_url(before), jpeg_url(after), width, height)
        with self._lock:
            self._wipes[index] = wipe

    def write(self, summary: Summary) -> None:
        """Write the page.

        Raises:
            UsageError: it can't be written.
        """
        page = _PAGE.substitute(
            title=html.escape(self._chain.name),
            version=__version__,
            wipe_style=WIPE_STYLE,
            wipe_script=WIPE_SCRIPT,
            summary=html.escape(str(summary)),
            chain=html.escape(" → ".join(step.name for step in self._chain.steps) or "no step"),
            device=html.escape(summary.device or "no model"),
            wipes="\n".join(wipe_html(self._wipes[index]) for index in sorted(self._wipes)),
            faults=_faults_html(summary),
            timings=_timings_html([event.seconds for event in self._done if not event.fault]),
        )
        try:
            with written_whole(self._path) as temporary:
                # A file name may hold bytes that are no text.
                temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(
                self._path, f"can't be written ({error.strerror})", "check its permissions"
            ) from None


def _samples(plan: Plan) -> list[FrameJob]:
    """Choose first, middle and last frame of each shot, as far as the page's size allows."""
    shots = groupby(
        (job for job in plan.jobs if job.missing is None), key=lambda job: (job.shot.root, job.shot.name)
    )
    groups = [list(jobs) for _, jobs in shots]
    many = [[0.5], [0.0, 0.5, 1.0]][len(groups) * 3 <= _SAMPLES]
    step = max(1, -(-len(groups) // _SAMPLES))
    chosen = []
    for jobs in groups[::step]:
        indices = sorted({round(share * (len(jobs) - 1)) for share in many})
        chosen += [jobs[index] for index in indices]
    return chosen


def _same_part(plate: Frame, result: Frame) -> Frame:
    """Return the part of the plate that a chain which crops has left."""
    whole, part = plate.window, result.window
    return (
        plate if whole == part else plate.cropped(part.x - whole.x, part.y - whole.y, part.width, part.height)
    )


def _thumbnail(frame: Frame, spaces: ColourSpaces) -> np.ndarray:
    """The picture as seen on a display, at most 960 wide, H×W×3 uint8."""
    small = reduced(frame.image, _WIDTH / frame.width)
    small = spaces.to_file(frame.with_image(small), SRGB, integer=True).image
    return np.rint(np.clip(np.nan_to_num(small), 0, 1) * 255).astype(np.uint8)


def jpeg_url(picture: np.ndarray) -> str:
    """Return a picture H×W×3 uint8 as a JPEG that stands in the page itself."""
    _, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode("ascii")


def wipe_html(wipe: Wipe) -> str:
    """Return the figure of a wipe; the page brings its style and script."""
    caption = html.escape(wipe.caption)
    return (
        f'<figure><div class="wipe" style="aspect-ratio:{wipe.width}/{wipe.height};--cut:50%">'
        f'<img src="{wipe.before}" alt="{caption}, before"><img class="after" src="{wipe.after}" alt="{caption}, after">'
        f'<input type="range" min="0" max="100" value="50" aria-label="wipe between before and after"></div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _faults_html(summary: Summary) -> str:
    if summary.complete:
        return ""
    rows = "".join(f"<li>{html.escape(str(fault))}</li>" for fault in summary.faults)
    return f"<h2>Faults</h2><ul>{rows}</ul>"


def _timings_html(seconds: Sequence[Mapping[str, float]]) -> str:
    rows = []
    for stage in _STAGES:
        times = sorted(each[stage] * 1000 for each in seconds if stage in each)
        if times:
            middle = statistics.median(times)
            rows.append(f"<tr><th>{stage}<td>{times[0]:.0f}<td>{middle:.0f}<td>{times[-1]:.0f}")
    return "<table><tr><th>stage, ms a frame<th>least<th>median<th>most" + "".join(rows) + "</table>"


WIPE_STYLE: Final = """figcaption { color: #8b929c } .wipe { position: relative; width: 100% } .wipe img { position: absolute; inset:
0; width: 100%; height: 100% } .wipe .after { clip-path: inset(0 0 0 var(--cut)) }
.wipe::after { content: ""; position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; background:
#fff9 } .wipe input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor:
ew-resize; z-index: 1 } .wipe:focus-within { outline: 2px solid #7aa2f7 }"""
WIPE_SCRIPT: Final = """for (const wipe of document.querySelectorAll(".wipe"))
  wipe.querySelector("input").addEventListener("input", event =>
    wipe.style.setProperty("--cut", event.target.value + "%"));"""
"""What a page with wipes needs in its style and its script."""

_PAGE: Final = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>daynight: $title</title>
<style>
body { background: #16181c; color: #d8dce2; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
max-width: 62rem; padding: 0 1rem } h1, h2 { font-weight: 500 } table { border-collapse: collapse } td, th {
padding: .2rem .8rem; text-align: right } th:first-child { text-align: left } figure { margin: 2rem 0 }
$wipe_style
</style>
<h1>daynight: $title</h1>
<p>$summary<br>chain: $chain<br>device: $device<br>daynight $version</p>
$wipes
$faults
<h2>Timings</h2>
$timings
<p>Stages of different frames overlap, so their sum is more than the wall time.</p>
<script>
$wipe_script
</script>
</html>
""")
