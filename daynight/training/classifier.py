"""An independent judge of results: whether a picture reads as night, and whether it is still its plate.

Trained on photographs alone, it never sees a generated picture, and no generator is trained against it.

    python -m daynight.training.classifier train DAY NIGHT --out CLASSIFIER
    python -m daynight.training.classifier score CLASSIFIER FOLDER...
    python -m daynight.training.classifier compare PLATES RESULTS

Source: P2's weak independent classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from daynight.colour import luminance, to_encoding
from daynight.errors import DaynightError, UsageError
from daynight.evaluation.measures import gradient_correlation
from daynight.images import EXTENSIONS, read_frame, written_whole
from daynight.training.data import Photographs

_SIZE: Final = (128, 192)
"""Height and width that it sees of a whole frame."""
_BATCH: Final = 16
_EXPOSURE: Final = 3.0
"""Change of exposure in training, in stops either way: darkness alone shall not make a night. With one stop,
a plain grade of three stops less read as night every time."""
_RATE: Final = 1e-3

Picture = NDArray[np.float32]


class Classifier(nn.Module):
    """Five convolutions of stride 2 and a mean: how much a picture reads as night."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 96, 96)
        layers: list[nn.Module] = []
        for wide, wider in pairwise(widths):
            layers += [nn.Conv2d(wide, wider, 3, 2, 1), nn.BatchNorm2d(wider), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Score pictures N×3×H×W, display-encoded in [0, 1]: N values, above 0 for night."""
        small = functional.interpolate(picture, size=_SIZE, mode="bilinear", antialias=True)
        features: Tensor = self.features(small * 2 - 1).mean(dim=(2, 3))  # (N, 96)
        score: Tensor = self.score(features)  # (N, 1)
        return score.squeeze(1)


def train_classifier(
    day: Photographs, night: Photographs, *, steps: int, seed: int, tell: Callable[[str], None]
) -> Classifier:
    """Train on photographs, half of each batch day and half night."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    classifier = Classifier().train()
    adam = torch.optim.Adam(classifier.parameters(), _RATE)
    # At a rate that stays, the last step alone moved how many day plates read as night from 3 % to 30 %.
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    truth = torch.tensor([0.0, 1.0] * (_BATCH // 2))
    for step in range(1, steps + 1):
        drawn = [side.draw(random, exposure=_EXPOSURE) for _ in range(_BATCH // 2) for side in (day, night)]
        batch = torch.cat([functional.interpolate(picture, _SIZE, mode="bilinear") for picture in drawn])
        loss = functional.binary_cross_entropy_with_logits(classifier(batch), truth)
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        rate.step()
        if step % 50 == 0:
            tell(f"step {step}/{steps}  loss {loss.item():.3f}")
    return classifier.eval()


@torch.no_grad()
def night_fraction(classifier: Classifier, folder: Path) -> tuple[float, int]:
    """Give the part of a folder's pictures that read as night, and how many there are.

    Raises:
        UsageError: the folder holds no picture.
        PlateError: a picture can't be read.
    """
    votes = []
    for path in _pictures(folder):
        picture = torch.from_numpy(_read(path).transpose(2, 0, 1)[np.newaxis].copy())  # (1, 3, H, W)
        votes.append(float(classifier(picture)) > 0)
    if not votes:
        raise UsageError(folder, "holds no picture", "give a folder of pictures")
    return float(np.mean(votes)), len(votes)


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in EXTENSIONS)


def _read(path: Path) -> Picture:
    """Read a picture H×W×3, display-encoded in [0, 1]."""
    return np.clip(to_encoding(read_frame(path), "display").image, 0, 1)


def _loaded(path: Path) -> Classifier:
    classifier = Classifier().eval()
    try:
        classifier.load_state_dict(load_file(path))
    except Exception as error:  # safetensors and PyTorch raise many classes
        raise UsageError(path, "is no classifier", "make one with train") from error
    return classifier


@click.group()
def main() -> None:
    """Judge pictures by an independent classifier of day and night."""


@main.command("train")
@click.argument("day", type=click.Path(path_type=Path))
@click.argument("night", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--steps", default=700, show_default=True, help=f"Batches of {_BATCH} photographs.")
@click.option("--seed", default=1, show_default=True)
def train_command(day: Path, night: Path, out: Path, steps: int, seed: int) -> None:
    """Train a classifier on photographs."""
    sides = [Photographs(folder, _SIZE[0], click.echo) for folder in (day, night)]
    classifier = train_classifier(*sides, steps=steps, seed=seed, tell=click.echo)
    with written_whole(out) as temporary:
        temporary.write_bytes(save(classifier.state_dict()))


@main.command("score")
@click.argument("classifier", type=click.Path(path_type=Path))
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
def score_command(classifier: Path, folders: tuple[Path, ...]) -> None:
    """Say what part of each folder's pictures reads as night."""
    judge = _loaded(classifier)
    for folder in folders:
        fraction, count = night_fraction(judge, folder)
        click.echo(f"{folder}: {fraction:.0%} of {count} read as night")


@main.command("compare")
@click.argument("plates", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path))
def compare_command(plates: Path, results: Path) -> None:
    """Compare results with plates of the same names: edges kept, and mean difference."""
    by_name = {path.stem: path for path in _pictures(plates)}
    pairs = [(by_name[path.stem], path) for path in _pictures(results) if path.stem in by_name]
    if not pairs:
        raise UsageError(results, "holds no picture named like a plate", "give the folder that convert wrote")
    correlations, differences = [], []
    for plate_path, result_path in pairs:
        plate, result = _read(plate_path), _read(result_path)
        if result.shape != plate.shape:
            result = np.asarray(cv2.resize(result, plate.shape[1::-1]), np.float32)
        correlations.append(gradient_correlation(luminance(plate), luminance(result)))
        differences.append(np.abs(plate - result).mean())
    click.echo(
        f"{results}: {len(pairs)} pairs, gradient correlation {np.nanmean(correlations):.3f}, "
        f"mean difference {np.mean(differences):.3f}"
    )


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except DaynightError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from None
