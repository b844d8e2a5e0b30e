"""P0's discriminator as printed, with its last activation as a sigmoid, against a linear score.

python examples/experiments/saturation.py DAY NIGHT OUT
"""

from __future__ import annotations

from pathlib import Path

import click
from experiment import Run, report


@click.command()
@click.argument("day", type=click.Path(path_type=Path, exists=True))
@click.argument("night", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--steps", default=2000, show_default=True)
def main(day: Path, night: Path, out: Path, steps: int) -> None:
    """Train P0 on DAY and NIGHT with both scores."""
    runs = {
        score: Run(score, day, night, "p0", {"steps": steps, "discriminators.score": score}).train(out)
        for score in ("sigmoid", "linear")
    }
    report(out, "The discriminator's score", runs, ("discriminator", "generator", "cycle"))


if __name__ == "__main__":
    main()
