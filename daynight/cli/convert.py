"""``daynight convert``: the main job."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from daynight.cli.job_options import JobCommand, given, job_options
from daynight.cli.options import FilePath, strict_plugins_option

if TYPE_CHECKING:
    from daynight.engine.events import Summary
    from daynight.engine.run import Conversion
    from daynight.job import Job

CONFIG_VARIABLE: Final = "DAYNIGHT_CONFIG"
"""A studio's defaults: a TOML file like a job file."""


@click.command("convert", cls=JobCommand)
@job_options
@click.option("--job", "job_file", type=FilePath(), metavar="FILE.toml", help="Take options from a job file.")
@click.option("--save-job", type=FilePath(), metavar="FILE.toml", help="Write the job to a job file.")
@click.option(
    "--config",
    type=FilePath(),
    metavar="FILE.toml",
    envvar=CONFIG_VARIABLE,
    help=f"A studio's defaults, a file like a job file. Default: ${CONFIG_VARIABLE}.",
)
@click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "json", "none"]),
    default="auto",
    show_default=True,
    help="A bar on a terminal, or one JSON line a frame on standard output.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@strict_plugins_option
@click.option("--debug", is_flag=True, help="Show a traceback for errors.")
def command(
    job_file: Path | None,
    save_job: Path | None,
    config: Path | None,
    progress: str,
    dry_run: bool,
    strict_plugins: bool,
    debug: bool,
    **values: Any,
) -> None:
    """Convert plates to a look.

    SOURCE is a folder (searched: it may hold many shots), an image, or a pattern like sh010.%04d.exr or
    sh010.####.exr. Results go beside a folder, or to --out. Finished frames are left alone: to resume a run
    that was interrupted, start it again.
    """
    from daynight.api import plan, run
    from daynight.cli import warn
    from daynight.cli.progress import open_progress
    from daynight.plugin.registry import Registry

    # A farm ends a job with SIGTERM: treated like Ctrl-C, what is being written is finished first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = _job(config, job_file, given(click.get_current_context(), values))
    if save_job:
        _save(job, save_job)
    if dry_run:
        registry = Registry.load(warn=warn, strict=strict_plugins)
        for line in _plan_lines(plan(job, registry=registry, warn=warn)):
            click.echo(line)
        return
    with open_progress(progress) as shown:
        registry = Registry.load(warn=shown.warn, strict=strict_plugins)
        summary = run(job, registry=registry, observe=shown.observe, warn=shown.warn)
        shown.finish(summary)
    _show_summary(summary, job, quiet=progress == "json", debug=debug)
    if not summary.complete:
        raise SystemExit(1)


def _job(config: Path | None, job_file: Path | None, given: dict[str, Any]) -> Job:
    """Return the job: built-in defaults, then the studio's, then the job file's, then the command line's."""
    from daynight.job_file import layered, read_options

    layers = [read_options(path) for path in (config, job_file) if path is not None]
    job = layered(*layers, given)
    if not job.paths:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    if not (job.to or job.chain):
        raise click.UsageError("Give one of '--to LOOK' and '--chain FILE'. See: daynight looks")
    return job


def _save(job: Job, path: Path) -> None:
    """Write a job file, whole or not at all.

    Raises:
        UsageError: it can't be written.
    """
    from daynight.errors import UsageError
    from daynight.job_file import to_toml
    from daynight.plates import written_whole

    if path.suffix != ".toml":
        raise UsageError(f"`save_job={path}`", "is not the name of a job file", "give one that ends in .toml")
    try:
        with written_whole(path) as temporary:
            temporary.write_text(to_toml(job, path.parent), encoding="utf-8")
    except OSError as error:
        fault = f"can't be written ({error.strerror})"
        raise UsageError(f"`save_job={path}`", fault, "check disk space and permissions") from None


def _plan_lines(conversion: Conversion) -> list[str]:
    from daynight.plates.sequences import format_ranges

    plan, chain = conversion.plan, conversion.chain
    lines = [f"chain: {' → '.join(step.name for step in chain.steps) or 'no steps'}"]
    if conversion.started.device:
        lines.append(f"device: {conversion.started.device}")
    lines.append(f"color config: {conversion.spaces.config}")
    for shot in plan.shots:
        missing = shot.missing
        gap = f", {len(missing)} missing ({format_ranges(missing)})" if missing else ""
        lines.append(f"{shot.name}: {len(shot.frames)} frames{gap}")
    lines += [f"would write to {folder}" for folder in plan.outputs]
    finished = f", {plan.finished} already finished" if plan.finished else ""
    return [*lines, f"{len(plan.jobs)} frames to do{finished}"]


def _show_summary(summary: Summary, job: Job, *, quiet: bool, debug: bool) -> None:
    """Print how it ended: faults to the error stream, one line each, then one line of summary."""
    from daynight.cli import error

    for fault in summary.faults:
        error(str(fault))
    for event in summary.failed if debug else ():
        click.echo(event.trace, err=True)
    folders = ", ".join(str(folder) for folder in summary.outputs)
    click.echo(f"{summary} → {folders}", err=quiet)
    if job.report:
        click.echo(f"report: {job.report}", err=quiet)
