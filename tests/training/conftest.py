import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """Two folders of small photographs, day and night, made here."""
    root = tmp_path_factory.mktemp("photographs")
    random = np.random.default_rng(0)
    for name, sky, ground in (("day", 230, 130), ("night", 12, 40)):
        (root / name).mkdir()
        for number in range(4):
            picture = np.full((96, 160, 3), ground, np.float64)
            picture[: 30 + 10 * number] = sky
            picture += random.normal(0, 6, picture.shape)
            path = root / name / f"made_{number:04d}.png"
            cv2.imwrite(str(path), np.clip(picture, 0, 255).astype(np.uint8))
    return root / "day", root / "night"


@pytest.fixture
def open_trainer(photographs, kinds):
    """Open a trainer of a preset on the small photographs, with a few settings changed."""
    pytest.importorskip("torch")
    from training_runs import trainer_of

    def make(preset="relight", *, pairs=None, sources=photographs, **settings):
        settings = {"size": 64, "steps": 40, **settings}
        return trainer_of(kinds, *sources, preset=preset, pairs=pairs, **settings)

    return make


@pytest.fixture(autouse=True)
def _one_thread():
    """Small tensors gain nothing from more threads, and lose much on a busy machine."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
