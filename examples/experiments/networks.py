"""P0, the cycle GAN, the attention model and our own on the same photographs for the same time.

    python examples/experiments/networks.py DAY NIGHT OUT --test TEST --judge judge.safetensors

Each gets its own preset's losses and rates. P1's two, of which a step takes seconds on a processor, see one
crop of 128 pixels a step, not ten of 256. TEST holds photographs ``day`` and ``night`` that none was trained
on: ``daynight evaluate`` says what the results are worth, on crops of 256 pixels. ``daynight judge`` makes
the judge.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from experiment import Run, data_and_out, daynight, report

SETTINGS = {"log_every": 5, "schedule": "constant"}
SMALL = {"size": 128, "batch": 1}
FIGURES = {"reads as night": "reads", "KID": "kid", "structure": "gradient_correlation"}


@click.command()
@data_and_out
@click.option("--test", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--judge", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--minutes", default=5.0, show_default=True, help="Of each run.")
def main(day: Path, night: Path, out: Path, *, test: Path, judge: Path, minutes: float) -> None:
    """Train four kinds of network on DAY and NIGHT."""
    presets = {"relight": {}, "p0": {}, "p1-cyclegan": SMALL, "p1-attention": SMALL}
    each = {
        preset: Run(day, night, preset, {**SETTINGS, **values}, minutes) for preset, values in presets.items()
    }
    losses = {preset: run.train(out) for preset, run in each.items()}
    sides = [crops(test / side, out / "networks" / side) for side in ("day", "night")]
    figures = {preset: judged(run.folder(out), sides[0], sides[1], judge) for preset, run in each.items()}
    report(out / "networks", "Four networks", losses, ("cycle", "generator", "discriminator"), figures)


def crops(source: Path, target: Path) -> Path:
    """Crop photographs 1:1 and scale them."""
    daynight("dataset", "crop", str(source), str(target), "--overwrite")
    return target


def judged(run: Path, day: Path, night: Path, judge: Path) -> dict[str, float]:
    """Export the night network of a run, and give its figures."""
    model = run / "night.onnx"
    pictures = ("--pictures", str(day))
    daynight("export", str(run), "--direction", "night", "--out", str(model), *pictures)
    sides = (str(day), "--real", str(night), "--judge", str(judge))
    daynight("evaluate", *sides, "--to", "night", "--model", str(model), "--out", str(run / "evaluation"))
    rows = json.loads((run / "evaluation" / "report.json").read_text())["rows"]
    (look,) = (row for row in rows if row["kind"] == "look")
    return {head: round(look[name], 4) for head, name in FIGURES.items()}


if __name__ == "__main__":
    main()
