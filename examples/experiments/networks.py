"""P0, the cycle GAN, the attention model and our own on the same photographs for the same time.

    python examples/experiments/networks.py DAY NIGHT OUT --test TEST --classifier classifier.safetensors

Each gets its own preset's losses and rates. P1's two, of which a step takes seconds on a processor, see one
crop of 128 pixels a step, not ten of 256. TEST holds photographs ``day`` and ``night`` that none was trained
on: ``daynight evaluate`` measures the results on crops of 256 pixels, with a classifier from ``daynight
evaluate train-classifier``.
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
@click.option("--classifier", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--minutes", default=5.0, show_default=True, help="Of each run.")
def main(day: Path, night: Path, out: Path, *, test: Path, classifier: Path, minutes: float) -> None:
    """Train four kinds of network on DAY and NIGHT."""
    presets = {"relight": {}, "p0": {}, "p1-cyclegan": SMALL, "p1-attention": SMALL}
    each = {
        preset: Run(day, night, preset, {**SETTINGS, **values}, minutes) for preset, values in presets.items()
    }
    losses = {preset: run.train(out) for preset, run in each.items()}
    sides = [crops(test / side, out / "networks" / side) for side in ("day", "night")]
    figures = {
        preset: evaluated(run.folder(out), sides[0], sides[1], classifier) for preset, run in each.items()
    }
    report(out / "networks", "Four networks", losses, ("cycle", "generator", "discriminator"), figures)


def crops(source: Path, target: Path) -> Path:
    """Crop photographs 1:1 and scale them."""
    daynight("dataset", "crop", str(source), str(target), "--overwrite")
    return target


def evaluated(run: Path, day: Path, night: Path, classifier: Path) -> dict[str, float]:
    """Export the night network of a run, and give its figures."""
    model = run / "night.onnx"
    pictures = ("--pictures", str(day))
    daynight("export", str(run), "--direction", "night", "--out", str(model), *pictures)
    sides = (str(day), "--real", str(night), "--classifier", str(classifier))
    daynight("evaluate", *sides, "--to", "night", "--model", str(model), "--out", str(run / "evaluation"))
    rows = json.loads((run / "evaluation" / "report.json").read_text())["rows"]
    (look,) = (row for row in rows if row["role"] == "look")
    return {head: round(look[name], 4) for head, name in FIGURES.items()}


if __name__ == "__main__":
    main()
