"""P0's experiment (c): learning rates 2e-4, 2e-3 and 2e-2.

python examples/experiments/rates.py DAY NIGHT OUT
"""

from __future__ import annotations

from pathlib import Path

import click
from experiment import Run, report


@click.command()
@click.argument("day", type=click.Path(path_type=Path, exists=True))
@click.argument("night", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--steps", default=1500, show_default=True)
def main(day: Path, night: Path, out: Path, steps: int) -> None:
    """Train P0 on DAY and NIGHT at three learning rates."""
    runs = {
        rate: Run(rate, day, night, "p0", {"steps": steps, "learning_rate": rate}).train(out)
        for rate in ("2e-4", "2e-3", "2e-2")
    }
    report(out, "Learning rates", runs, ("total", "cycle", "generator", "discriminator"))


if __name__ == "__main__":
    main()
