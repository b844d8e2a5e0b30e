"""``daynight convert``: the main job."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daynight.cli.options import FilePath, Name, device_option, jobs_option, strict_plugins_option

if TYPE_CHECKING:
    from daynight.engine.planning import Plan
    from daynight.engine.run import Event, Summary
    from daynight.looks.chain import Chain


@click.command("convert")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=FilePath())
@click.option("--to", metavar="LOOK", help="The look: night, day, … (see daynight looks).")
@click.option("--out", type=FilePath(), metavar="DIR", help="Folder for the results.")
@click.option("--frames", metavar="RANGE", help="Frames, like 1001-1100x2 or 1,5,10-20.")
@click.option("--chain", type=FilePath(), metavar="FILE", help="A chain file, in the look's place.")
@click.option("--model", metavar="FILE.onnx|NAME", help="A model, in the place of the look's.")
@click.option(
    "--set", "settings", multiple=True, metavar="STEP.OPTION=VALUE", help="Change one option of the chain."
)
@device_option
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the look, in stops; 0 gives the plate exactly.",
)
@click.option(
    "--mask",
    type=Name(),
    metavar="FILE|LAYER",
    help="White is changed, black is not: an image, a sequence, a channel.",
)
@click.option("--protect-lights", is_flag=True, help="Keep the plates' own lamps and headlights as they are.")
@click.option("--aovs", is_flag=True, help="Write the maps that relight the plate beside the picture.")
@click.option(
    "--layer", type=Name(), metavar="NAME", help="The picture's layer, part or view; else R, G and B."
)
@click.option(
    "--ocio", type=Name(), metavar="CONFIG", help="An OCIO config; else $OCIO, else a built-in one."
)
@click.option(
    "--colorspace", type=Name(), metavar="NAME", help="Colour space of the plates; else what each file tells."
)
@click.option(
    "--out-colorspace", type=Name(), metavar="NAME", help="Colour space of the results; else the plates'."
)
@click.option(
    "--nonfinite",
    type=click.Choice(["keep", "zero", "error"]),
    default="keep",
    show_default=True,
    help="What becomes of NaN and infinite light.",
)
@click.option("--ext", type=Name(), metavar="exr|png|…", help="Format of the results; else as the plates.")
@click.option(
    "--depth",
    type=click.Choice(["8", "10", "12", "16", "half", "float"]),
    help="Pixel type of the results; else as the plates.",
)
@click.option(
    "--compression", metavar="NAME[:LEVEL]", help="Like zips, dwaa:45, jpeg:90; else as the plates."
)
@click.option("--strip-metadata", is_flag=True, help="Write only what the pixels can't be read without.")
@click.option("--strict", is_flag=True, help="What a format can't hold fails the frame.")
@click.option(
    "--max-pixels", type=click.IntRange(min=1), default=2**28, show_default=True, help="Largest plate read."
)
@click.option(
    "--max-channels", type=click.IntRange(min=1), default=1024, show_default=True, help="Most channels read."
)
@click.option(
    "--max-mb", type=click.IntRange(min=1), default=16384, show_default=True, help="Largest plate, decoded."
)
@click.option(
    "--on-missing",
    type=click.Choice(["error", "skip", "hold", "black"]),
    default="error",
    show_default=True,
    help="What becomes of a gap in a shot.",
)
@click.option(
    "--on-error",
    type=click.Choice(["stop", "continue"]),
    default="continue",
    show_default=True,
    help="Whether a failed frame ends the run.",
)
@click.option("--overwrite", is_flag=True, help="Do finished frames again.")
@jobs_option
@click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "json", "none"]),
    default="auto",
    show_default=True,
    help="A bar on a terminal, or one JSON line a frame on standard output.",
)
@click.option("--report", type=FilePath(), metavar="FILE.html", help="Write a before/after page.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@strict_plugins_option
@click.option("--debug", is_flag=True, help="Show a traceback for errors.")
def command(
    sources: tuple[Path, ...],
    progress: str,
    dry_run: bool,
    strict_plugins: bool,
    max_pixels: int,
    max_channels: int,
    max_mb: int,
    **asked: Any,
) -> None:
    """Convert plates to a look.

    SOURCE is a folder (searched through: it may hold many shots), an image, or a pattern like
    sh010.%04d.exr or sh010.####.exr. Results go beside a folder, or to --out; finished frames are left
    alone, so a run that broke off is simply started again.
    """
    from daynight.api import convert
    from daynight.cli import warn
    from daynight.cli.progress import open_progress
    from daynight.plates import Limits
    from daynight.plugin.registry import Registry

    # A farm ends a job with SIGTERM: treated like Ctrl-C, what is being written is finished first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if bool(asked["to"]) == bool(asked["chain"]):
        raise click.UsageError("Give one of '--to LOOK' and '--chain FILE'. See: daynight looks")
    debug = asked.pop("debug")
    asked["limits"] = Limits(max_pixels, max_channels, max_mb)
    if dry_run:
        registry = Registry.load(warn=warn, strict=strict_plugins)
        convert(sources, **asked, dry_run=True, registry=registry, observe=_show_plan, warn=warn)
        return
    with open_progress(progress) as shown:
        registry = Registry.load(warn=shown.warn, strict=strict_plugins)
        summary = convert(sources, **asked, registry=registry, observe=shown.observe, warn=shown.warn)
        shown.finish(summary)
    _show_summary(summary, asked["report"], quiet=progress == "json", debug=debug)
    if summary.failed or summary.unread:
        raise SystemExit(1)


def _show_plan(event: Event) -> None:
    from daynight.engine.run import Started

    if isinstance(event, Started):
        for line in _plan_lines(event.plan, event.chain):
            click.echo(line)


def _plan_lines(plan: Plan, chain: Chain) -> list[str]:
    lines = [f"chain: {' → '.join(step.name for step in chain.steps) or 'no step'}"]
    if chain.network:
        lines.append(f"device: {chain.network.device}")
    lines.append(f"colour: {chain.spaces.config}")
    for shot in plan.shots:
        gap = f", {len(shot.missing)} missing" if shot.missing else ""
        lines.append(f"{shot.name}: {len(shot.frames)} frames{gap}")
    lines += [f"would write to {folder}" for folder in plan.outputs]
    there = f", {plan.finished} there already" if plan.finished else ""
    return [*lines, f"{plan.written} frames to do{there}"]


def _show_summary(summary: Summary, report: Path | None, *, quiet: bool, debug: bool) -> None:
    """Print how it ended: failed frames to the error stream, one line each, then one line of summary."""
    for fault in summary.unread:
        click.echo(f"error: {fault}", err=True)
    for event in summary.failed:
        click.echo(f"error: {event.fault}", err=True)
        if debug:
            click.echo(event.trace, err=True)
    places = ", ".join(str(folder) for folder in summary.outputs)
    click.echo(f"{summary} → {places}", err=quiet)
    if report:
        click.echo(f"report: {report}", err=quiet)
