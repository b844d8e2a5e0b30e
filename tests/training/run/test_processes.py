import json
import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from daynight.training.run.processes import ProcessGroup  # noqa: E402

SETTINGS = "size=256 framing=square steps=2 log_every=1 pool=0 precision=fp32 learning_rate=1e-3 seed=4"


def train(launcher, photographs, run, *settings):
    options = [each for setting in (*SETTINGS.split(), *settings) for each in ("--set", setting)]
    command = [*launcher, "-m", "daynight", "train", *photographs, "--out", run, "--preset", "p0", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def weights(run):
    tensors = load_file(run / "checkpoint-000002.safetensors")
    names = [name for name in sorted(tensors) if name.startswith(("night/", "night-discriminators/"))]
    return torch.cat([tensors[name].flatten() for name in names])


def test_two_processes_equal_one_with_the_doubled_batch(photographs, tmp_path):
    """Losses step by step, and the networks in the end."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    told = train(torchrun, photographs, tmp_path / "two", "batch=1")
    train([sys.executable], photographs, tmp_path / "one", "batch=2")
    train([sys.executable], photographs, tmp_path / "less", "batch=1")
    assert told.count("2 steps done") == 1  # the first process speaks for all
    losses = {
        run: [json.loads(line) for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("two", "one", "less")
    }
    assert [record["step"] for record in losses["two"]] == [1, 2]
    for two, one in zip(losses["two"], losses["one"], strict=True):
        assert two == pytest.approx(one, rel=1e-4)
    assert losses["less"][1] != pytest.approx(losses["one"][1], rel=1e-4)
    # Adam makes whole steps of the sign of a gradient near zero, so single weights may differ.
    two, one, less = (weights(tmp_path / run) for run in ("two", "one", "less"))
    assert (two - one).abs().mean() < 0.05 * (less - one).abs().mean()


def test_alone_nothing_is_sent():
    group, device = ProcessGroup(), torch.device("cpu")
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.grad = torch.tensor([1.0, 2.0])
    group.average_gradients([parameter])
    group.wait()
    assert parameter.grad.tolist() == [1, 2]
    assert group.is_main
    assert group.average({"cycle": 0.5}, device) == {"cycle": 0.5}
    assert [group.any(told, device) for told in (False, True)] == [False, True]
