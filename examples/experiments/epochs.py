"""P0's experiments (a) and (b): few images for many epochs against many images for few, in as many steps.

python examples/experiments/epochs.py DAY NIGHT OUT
"""

from __future__ import annotations

from pathlib import Path

import click
from experiment import Run, report, subset

FEW = 60


@click.command()
@click.argument("day", type=click.Path(path_type=Path, exists=True))
@click.argument("night", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--many", default=560, show_default=True, help="Photographs a side of the large set.")
@click.option("--steps", default=2500, show_default=True)
def main(day: Path, night: Path, out: Path, many: int, steps: int) -> None:
    """Train P0 on a small and on a large part of DAY and NIGHT."""
    runs = {}
    for count in (FEW, many):
        sides = [subset(side, out / f"{count}" / side.name, count) for side in (day, night)]
        label = f"{count} images, {steps / count:.0f} epochs"
        runs[label] = Run(label, sides[0], sides[1], "p0", {"steps": steps}).train(out)
    report(out, "Few images against many", runs, ("total", "cycle", "generator", "discriminator"))


if __name__ == "__main__":
    main()
