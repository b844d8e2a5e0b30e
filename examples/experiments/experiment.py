"""What the experiments share: a run of ``daynight train``, its metrics, a table and a plot.

Each run is a process of its own, as anyone would type it, so an experiment measures the tool and not itself.
An experiment that is started again keeps the runs that are done, and begins the others anew.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click

from daynight.images import EXTENSIONS
from daynight.training.curves import Record, draw_comparison, read_records

_LAST = 0.1
"""Part of a run, at its end, over which its losses are averaged."""


@dataclass(frozen=True)
class Run:
    """One run of an experiment."""

    label: str
    day: Path
    night: Path
    preset: str
    settings: Mapping[str, object]
    minutes: float | None = None

    def train(self, out: Path) -> list[Record]:
        """Train it, unless that is done, and give its records."""
        folder = out / self.label.replace(" ", "-")
        done = folder / "done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            settings = [f"{name}={value}" for name, value in self.settings.items()]
            options = [part for setting in settings for part in ("--set", setting)]
            options += ["--minutes", str(self.minutes)] if self.minutes else []
            sides = (str(self.day), str(self.night))
            command = ["train", *sides, "--out", str(folder), "--preset", self.preset, "--progress", "lines"]
            subprocess.run([sys.executable, "-m", "daynight", *command, *options], check=True)  # noqa: S603
            done.touch()
        return read_records(folder)


def subset(source: Path, target: Path, count: int, *, seed: int = 0) -> Path:
    """Link ``count`` photographs of a folder, drawn at random, into another."""
    photographs = sorted(path for path in source.rglob("*") if path.suffix.lower() in EXTENSIONS)
    if count > len(photographs):
        raise SystemExit(f"{source}: holds {len(photographs)} photographs, {count} are asked for")
    target.mkdir(parents=True, exist_ok=True)
    for path in random.Random(seed).sample(photographs, count):  # noqa: S311
        link = target / path.name
        if not link.is_symlink():
            link.symlink_to(path.resolve())
    return target


def last(records: Sequence[Record], name: str) -> float:
    """Give the mean of a loss over the last tenth of a run."""
    values = [record[name] for record in records if name in record]
    return fmean(values[-max(round(len(values) * _LAST), 1) :])


def report(out: Path, title: str, runs: Mapping[str, Sequence[Record]], losses: Sequence[str]) -> None:
    """Write ``NAME.png`` of each loss and ``results.json``, and print a table of their last means."""
    out.mkdir(parents=True, exist_ok=True)
    for name in losses:
        (out / f"{name}.png").write_bytes(draw_comparison(runs, name))
    rows = {
        label: {
            "steps": int(records[-1]["step"]),
            **{name: round(last(records, name), 4) for name in losses},
        }
        for label, records in runs.items()
    }
    (out / "results.json").write_text(json.dumps({"title": title, "runs": rows}, indent=2) + "\n")
    print(f"\n{title}: means over the last tenth\n\n| run | steps | {' | '.join(losses)} |")
    print("|---" * (2 + len(losses)) + "|")
    for label, row in rows.items():
        print(f"| {label} | {row['steps']} | " + " | ".join(f"{row[name]:.3f}" for name in losses) + " |")


def values_of(
    setting: str, values: Sequence[str], *, title: str, steps: int, losses: Sequence[str]
) -> click.Command:
    """Give the command of an experiment that trains P0 with each value of one setting."""

    @click.command(help=f"Train P0 on DAY and NIGHT with {setting} {', '.join(values)}.")
    @click.argument("day", type=click.Path(path_type=Path, exists=True))
    @click.argument("night", type=click.Path(path_type=Path, exists=True))
    @click.argument("out", type=click.Path(path_type=Path))
    @click.option("--steps", default=steps, show_default=True)
    def command(day: Path, night: Path, out: Path, steps: int) -> None:
        runs = {
            value: Run(value, day, night, "p0", {"steps": steps, setting: value}).train(out)
            for value in values
        }
        report(out, title, runs, losses)

    return command
