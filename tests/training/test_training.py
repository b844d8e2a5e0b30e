"""The front door in Python."""

import json
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.training import TrainingResult, train  # noqa: E402
from daynight.training.run.callbacks import Callback  # noqa: E402

SETTINGS = {"size": 64, "steps": 2, "log_every": 1, "precision": "fp32"}


class Steps(Callback):
    def __init__(self):
        self.seen = []

    def on_step(self, step, losses):
        self.seen.append(step)


def test_a_run_in_python_goes_on_with_other_settings(photographs, tmp_path):
    steps = Steps()
    run = tmp_path / "run"
    common = {"device": "cpu", "jobs": 1, "callbacks": [steps]}
    assert train(*photographs, run, settings=SETTINGS, **common) == TrainingResult(run, 2)
    assert {"recipe.json", "metrics.jsonl", "samples-000002.png"} <= {each.name for each in run.iterdir()}
    assert train(*photographs, run, settings={"run.steps": 3}, resume=True, **common).steps == 3
    recipe = json.loads((run / "recipe.json").read_text())
    assert (recipe["run"]["steps"], recipe["data"]["size"]) == (3, 64)
    assert steps.seen == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"settings": {"cycl": 1}}, "`cycl`: is not a hyper-parameter; did you mean", id="name"),
        pytest.param({"settings": {"size": 100}}, "`size=100`: is not a multiple", id="size"),
        pytest.param({"preset": "p2"}, "`preset=p2`: is unknown", id="preset"),
        pytest.param({"resume": True}, "holds no recipe.json", id="no-run"),
    ],
)
def test_wrong_options_are_named_as_in_python(photographs, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        train(*photographs, tmp_path, **options)


def test_a_run_is_not_overwritten(photographs, tmp_path):
    (tmp_path / "checkpoint-000001.safetensors").touch()
    with pytest.raises(UsageError, match="already holds a run; continue it with `resume`"):
        train(*photographs, tmp_path)


def test_the_classifier_resumes_to_the_last_bit(photographs, tmp_path):
    settings = {"steps": 4, "checkpoint_every": 2, "batch": 4}
    common = {"preset": "classifier", "device": "cpu", "jobs": 1}
    train(*photographs, tmp_path / "whole", settings=settings, **common)
    train(
        *photographs, tmp_path / "parts", settings={**settings, "steps": 2, "schedule": "constant"}, **common
    )
    # A schedule follows from the steps: constant in both halves.
    train(*photographs, tmp_path / "flat", settings={**settings, "schedule": "constant"}, **common)
    train(*photographs, tmp_path / "parts", settings={"steps": 4}, resume=True, device="cpu", jobs=1)
    one, two, other = (
        load_file(tmp_path / run / "checkpoint-000004.safetensors") for run in ("parts", "flat", "whole")
    )
    assert all(torch.equal(one[key], two[key]) for key in two)
    assert not torch.equal(one["classifier/score.bias"], other["classifier/score.bias"])


def test_importing_training_brings_no_torch():
    code = "import sys, daynight.training; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
