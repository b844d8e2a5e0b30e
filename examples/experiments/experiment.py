"""What the experiments share: a run of ``daynight train``, its metrics, a table and a plot.

Each command is a process of its own, as anyone would type it, so an experiment measures the tool and not
itself. Runs lie in OUT/runs by what they are, so experiments with the same OUT share those that are alike;
one that is started again keeps the runs that are done, and begins the others anew.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click

from daynight.plates import EXTENSIONS
from daynight.training.recipe import read_preset, update_recipe
from daynight.training.run.curves import Record, draw_comparison, read_records

_LAST = 0.1
"""Part of a run, at its end, over which its losses are averaged."""

steps_option = click.option("--steps", default=600, show_default=True, help="Of each run.")


def data_and_out(command: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments that every experiment has."""
    for name in ("out", "night", "day"):
        path = click.Path(path_type=Path, exists=name != "out")
        command = click.argument(name, type=path)(command)
    return command


@dataclass(frozen=True)
class Run:
    """One run of an experiment."""

    day: Path
    night: Path
    preset: str
    settings: Mapping[str, object]
    minutes: float | None = None

    def folder(self, out: Path) -> Path:
        """Give where it is kept: named by its data, and by the settings that are not its preset's own."""
        preset = read_preset(self.preset)
        texts = {name: str(value) for name, value in self.settings.items()}
        changed = [
            f"{name}={text}" for name, text in texts.items() if update_recipe(preset, {name: text}) != preset
        ]
        minutes = [f"{self.minutes:g}min"] if self.minutes else []
        return out / "runs" / "_".join([self.preset, self.day.parent.name, *minutes, *changed])

    def train(self, out: Path) -> list[Record]:
        """Train it, unless that is done, and give its records."""
        folder = self.folder(out)
        done = folder / "done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            settings = [f"{name}={value}" for name, value in self.settings.items()]
            options = [part for setting in settings for part in ("--set", setting)]
            options += ["--minutes", str(self.minutes)] if self.minutes else []
            sides = (str(self.day), str(self.night))
            command = ["train", *sides, "--out", str(folder), "--preset", self.preset, "--progress", "lines"]
            daynight(*command, *options)
            done.touch()
        return read_records(folder)


def p0(day: Path, night: Path, settings: Mapping[str, object]) -> Run:
    """Give a run of P0, logged often enough for short runs' curves."""
    return Run(day, night, "p0", {"log_every": 10, **settings})


def daynight(*arguments: str) -> None:
    """Run a command of daynight."""
    subprocess.run([sys.executable, "-m", "daynight", *arguments], check=True)  # noqa: S603


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


def report(
    out: Path,
    title: str,
    runs: Mapping[str, Sequence[Record]],
    losses: Sequence[str],
    figures: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Write ``NAME.png`` of each loss and ``results.json``, and print a table of last means and figures."""
    out.mkdir(parents=True, exist_ok=True)
    for name in losses:
        (out / f"{name}.png").write_bytes(draw_comparison(runs, name))
    rows = {
        label: {
            "steps": int(records[-1]["step"]),
            **{name: round(last(records, name), 4) for name in losses},
            **(figures or {}).get(label, {}),
        }
        for label, records in runs.items()
    }
    (out / "results.json").write_text(json.dumps({"title": title, "runs": rows}, indent=2) + "\n")
    heads = list(next(iter(rows.values())))
    print(f"\n{title}: losses are means over the last tenth\n\n| run | {' | '.join(heads)} |")
    print("|---" * (1 + len(heads)) + "|")
    for label, row in rows.items():
        print(f"| {label} | " + " | ".join(f"{row[name]:.5g}" for name in heads) + " |")


def values_of(
    setting: str, values: Sequence[str], *, name: str, title: str, losses: Sequence[str]
) -> click.Command:
    """Give the command of an experiment that trains P0 with each value of one setting."""

    @click.command(help=f"Train P0 on DAY and NIGHT with {setting} {', '.join(values)}.")
    @data_and_out
    @steps_option
    def command(day: Path, night: Path, out: Path, steps: int) -> None:
        runs = {value: p0(day, night, {"steps": steps, setting: value}).train(out) for value in values}
        report(out / name, title, runs, losses)

    return command
