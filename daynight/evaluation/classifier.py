"""An independent classifier: whether a picture reads as night.

Trained on photographs alone, it never sees a generated picture, and no generator is trained against it.

Source: P2's weak independent classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from daynight.training import train
from daynight.training.networks.classifier import Classifier
from daynight.training.run.callbacks import Callback
from daynight.training.run.checkpoint import Parts, load_checkpoint


def train_classifier(
    day: Path,
    night: Path,
    *,
    steps: int = 700,
    seed: int = 1,
    run: Path | None = None,
    callbacks: Sequence[Callback] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> Classifier:
    """Train on two folders of photographs, half of each batch by day and half by night.

    Args:
        day: a folder, searched through, a pattern, or one image.
        night: likewise.
        steps: batches of 16.
        seed: of the weights and of the batches.
        run: folder of the run; one that holds a checkpoint is resumed. ``None``: a temporary one.
        callbacks: called as the run goes on.
        warn: called with one line for each file that can't be read; it is left out.

    Raises:
        UsageError: a folder holds no image that can be read.
    """
    with TemporaryDirectory() as temporary:
        folder = run or Path(temporary)
        settings = {"steps": steps, "seed": seed}
        resume = any(folder.glob("checkpoint-*"))
        preset = None if resume else "classifier"
        train(
            day,
            night,
            folder,
            preset=preset,
            settings=settings,
            resume=resume,
            device="cpu",
            callbacks=callbacks,
            warn=warn,
        )
        classifier = Classifier()
        load_checkpoint(folder, Parts({"classifier": classifier}))
    return classifier.eval()
