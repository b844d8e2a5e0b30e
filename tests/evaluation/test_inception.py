"""Inception's features, by torch-fidelity's own network with weights drawn at random: no others are here."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
from click.testing import CliRunner
from pictures import as_uint8, picture, write_image

torch = pytest.importorskip("torch")


def torchvision_or_nothing() -> None:
    """Let an empty torchvision stand in where it is absent, or built for another PyTorch, as on CI.

    torch-fidelity imports it for other networks and their data; Inception uses none of it.
    """
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in ("torchvision", "torchvision.datasets", "torchvision.transforms.functional"):
            sys.modules[name] = MagicMock()


torchvision_or_nothing()
extractors = pytest.importorskip(
    "torch_fidelity.feature_extractor_inceptionv3", reason="needs the extra `fidelity`"
)

from safetensors.torch import save_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.evaluation.formulas import frechet  # noqa: E402
from daynight.evaluation.inception import Inception  # noqa: E402
from daynight.evaluation.options import EvaluationOptions  # noqa: E402
from daynight.evaluation.run import evaluate  # noqa: E402


class Untrained(extractors.FeatureExtractorInceptionV3):
    """The network as it is built, with what chance gives."""

    def load_state_dict(self, *_args, **_kwargs):
        """Load nothing."""


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Untrained:
    empty = tmp_path_factory.mktemp("empty") / "empty.pth"
    torch.save({}, empty)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = Untrained("untrained", ["2048"], feature_extractor_weights_path=str(empty))
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):  # PyTorch's own weights let a picture fade over fifty layers
            torch.nn.init.kaiming_normal_(module.weight)
    return network


@pytest.fixture(scope="module")
def weights(untrained: Untrained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "inception.safetensors"
    save_file(untrained.state_dict(), path)
    return path


def test_features_are_those_of_the_network_that_torch_fidelity_runs(weights, untrained):
    seen = picture(40, 60)
    levels = torch.from_numpy(as_uint8(seen).transpose(2, 0, 1)[np.newaxis].copy())
    with torch.no_grad():
        (expected,) = untrained(levels)
    np.testing.assert_allclose(Inception(weights)(seen), expected[0].numpy(), rtol=1e-5, atol=1e-7)


def test_a_report_has_fid_and_kid_of_each_version(weights, classifier_file, tmp_path):
    from daynight.cli.evaluate import command

    for number in range(4):
        bright = picture(48, 64, seed=number)
        write_image(tmp_path / f"plates/p_{number}.png", as_uint8(bright))
        write_image(tmp_path / f"real/n_{number}.png", as_uint8(bright))
    arguments = [tmp_path / "plates", "--to", "passthrough", "--target", "night"]
    arguments += ["--real", tmp_path / "real", "--out", tmp_path / "out"]
    options = (
        "--classifier",
        str(classifier_file),
        "--inception",
        str(weights),
        "--device",
        "cpu",
        "--jobs",
        "1",
    )
    result = CliRunner().invoke(command, [*map(str, arguments), *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "FID" in result.stdout
    assert "Inception KID" in result.stdout
    assert "not taken" not in result.stdout
    figures = json.loads((tmp_path / "out/report.json").read_text())
    rows = {row["name"]: row for row in figures["rows"]}
    assert rows["passthrough"]["fid"] == pytest.approx(0, abs=1e-6), "the same pictures"
    assert rows["grade"]["fid"] > 10 * abs(rows["passthrough"]["fid"])
    assert rows["grade"]["inception_kid"] > rows["passthrough"]["inception_kid"]
    assert len(figures["protocol"]["inception_sha256"]) == 64


def test_without_photographs_to_compare_with_it_is_refused(weights, classifier_file, tmp_path):
    write_image(tmp_path / "plates/p.png", as_uint8(picture(48, 64)))
    options = EvaluationOptions(
        tmp_path / "plates", "passthrough", classifier_file, tmp_path / "out", inception=weights
    )
    with pytest.raises(UsageError, match="`inception`: needs real photographs to compare with"):
        evaluate(options)


def test_fid_is_what_torch_fidelity_gives():
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric

    random = np.random.default_rng(0)
    x, y = random.normal(0, 1, (40, 6)), random.normal(0.3, 2, (30, 6)) @ random.normal(0, 1, (6, 6))
    sides = [fid_features_to_statistics(torch.from_numpy(side)) for side in (x, y)]
    assert frechet(x, y) == pytest.approx(fid_statistics_to_metric(*sides, False)[KEY_METRIC_FID], rel=1e-9)


class Trap:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self):
        """Ask the reader to write a file."""
        return Path.touch, (self._trace,)


def test_a_pickle_is_refused_unopened(tmp_path):
    path, trace = tmp_path / "weights.pth", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Trap(trace)))
    with pytest.raises(UsageError, match=r"weights\.pth: does not hold Inception weights in safetensors"):
        Inception(path)
    assert not trace.exists()


def test_weights_of_something_else_are_refused(classifier_file):
    with pytest.raises(UsageError, match="does not hold Inception weights"):
        Inception(classifier_file)
