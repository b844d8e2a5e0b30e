"""The trained classifier, applied to pictures."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from pictures import picture

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.evaluation.classifier import Classifier  # noqa: E402
from daynight.evaluation.classify import TrainedClassifier, strong_error  # noqa: E402


def test_it_returns_what_the_network_returns(classifier_file):
    trained = TrainedClassifier(classifier_file)
    assert trained.sha256 == hashlib.sha256(classifier_file.read_bytes()).hexdigest()
    classifier = Classifier().eval()
    classifier.load_state_dict(load_file(classifier_file))
    seen = picture(150, 200)
    with torch.no_grad():
        expected = float(classifier(torch.from_numpy(seen.transpose(2, 0, 1)[np.newaxis].copy())))
    answer = trained(seen)
    assert answer.night == pytest.approx(expected, abs=1e-5)
    assert answer.features.shape == (96,)
    assert answer.small.shape == (3, 128, 192)


def test_a_file_that_is_not_a_classifier(tmp_path):
    (tmp_path / "classifier.safetensors").write_bytes(b"no")
    for name in ("classifier.safetensors", "absent.safetensors"):
        with pytest.raises(UsageError, match="is not a classifier; make one"):
            TrainedClassifier(tmp_path / name)


def test_the_strong_classifier_tells_what_differs_and_no_more():
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    grain = [random.normal(0, 0.02, (3, 128, 192)).astype(np.float32) for _ in range(32)]
    bright, dark = [each + 0.7 for each in grain[:8]], [each + 0.2 for each in grain[8:16]]
    assert strong_error(bright, dark, steps=25) == 0
    alike = [each + 0.7 for each in grain[16:]]
    assert strong_error(alike[::2], alike[1::2], steps=10) == pytest.approx(0.5, abs=0.3)
