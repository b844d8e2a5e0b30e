"""``daynight judge``: train the classifier that ``daynight evaluate`` judges by."""

from __future__ import annotations

from pathlib import Path

import click

from daynight.cli.options import FilePath


@click.command("judge")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", type=FilePath(), required=True, help="The file to write.")
@click.option("--steps", type=click.IntRange(min=1), default=700, show_default=True, help="Batches of 16.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def command(day: Path, night: Path, out: Path, steps: int, seed: int) -> None:
    """Train a classifier of day and night on two folders of photographs.

    It sees photographs alone, never a result: an independent judge for ``daynight evaluate``.
    """
    from daynight.cli import warn
    from daynight.errors import UsageError
    from daynight.plates import written_whole
    from daynight.training import require_torch

    require_torch()
    from safetensors.torch import save

    from daynight.cli.training_progress import open_callbacks
    from daynight.evaluation.classifier import train_classifier

    if out.exists():  # reports name a classifier by its digest: it must not be replaced silently
        raise UsageError(f"`out={out}`", "exists already", "give another name, or move it away")
    out.parent.mkdir(parents=True, exist_ok=True)
    with open_callbacks("lines") as callbacks:
        shown = callbacks[:1]  # no files of the run are kept
        classifier = train_classifier(day, night, steps=steps, seed=seed, callbacks=shown, warn=warn)
    with written_whole(out) as temporary:
        temporary.write_bytes(save(classifier.state_dict()))
