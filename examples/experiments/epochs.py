"""P0's experiments (a) and (b): few photographs for many epochs against many for few, in as many steps.

python examples/experiments/epochs.py DAY NIGHT OUT
"""

from __future__ import annotations

from pathlib import Path

import click
from experiment import data_and_out, p0, report, steps_option, subset


@click.command()
@data_and_out
@click.option("--few", default=60, show_default=True, help="Photographs a side of the small set.")
@steps_option
def main(day: Path, night: Path, out: Path, *, few: int, steps: int) -> None:
    """Train P0 on a small part of DAY and NIGHT and on all of them."""
    part = [subset(side, out / f"{few}" / side.name, few) for side in (day, night)]
    settings = {"steps": steps}
    runs = {
        f"{few} a side": p0(*part, settings).train(out),
        "all": p0(day, night, settings).train(out),
    }
    report(out / "epochs", "Few against many", runs, ("total", "cycle", "generator", "discriminator"))


if __name__ == "__main__":
    main()
