"""P0, the cycle GAN, the attention model and our own on the same photographs for the same time.

    python examples/experiments/networks.py DAY NIGHT OUT

Each gets its own preset's losses and rates; batches are of one picture, for time is short. What the results
are worth says ``daynight evaluate``.
"""

from __future__ import annotations

from pathlib import Path

import click
from experiment import Run, report


@click.command()
@click.argument("day", type=click.Path(path_type=Path, exists=True))
@click.argument("night", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--minutes", default=20.0, show_default=True, help="Of each run.")
def main(day: Path, night: Path, out: Path, minutes: float) -> None:
    """Train four kinds of network on DAY and NIGHT."""
    one = {"batch": 1, "schedule": "constant", "log_every": 5}
    settings = {"relight": {"log_every": 5}, "p0": one, "p1-cyclegan": one, "p1-attention": one}
    runs = {
        preset: Run(preset, day, night, preset, values, minutes).train(out)
        for preset, values in settings.items()
    }
    report(out, "Four networks", runs, ("cycle", "generator", "discriminator"))


if __name__ == "__main__":
    main()
