"""``daynight train`` as it is typed."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from daynight.cli import main  # noqa: E402

FEW = ("--set", "size=64", "--set", "steps=2", "--set", "log_every=1", "--jobs", "1")


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """A sequence by day, a folder by night."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("sides")
    (root / "night").mkdir()
    for number in range(3):
        picture = np.full((80, 120, 3), 0.5, np.float32)
        picture[: 30 + 10 * number] = 4.0
        cv2.imwrite(str(root / f"day.{1001 + number}.hdr"), picture)
        cv2.imwrite(str(root / "night" / f"n_{number}.png"), (picture * 10).astype(np.uint8))
    return root / "day.####.hdr", root / "night"


def train(*arguments):
    return CliRunner().invoke(main, ["train", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(sides, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    done = train(*sides, "--out", folder, *FEW, "--progress", "lines")
    assert done.exit_code == 0, done.output
    assert "step 2/2" in done.output
    assert done.output.endswith(f"{folder}: 2 steps done\n")
    return folder


def test_what_a_run_leaves(run):
    names = {path.name for path in run.iterdir()}
    assert names >= {"recipe.json", "metrics.jsonl", "losses.png", "samples-000002.png", "events"}
    assert {"checkpoint-000000.safetensors", "checkpoint-000002.safetensors"} <= names
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [1, 2]
    assert all(np.isfinite(list(record.values())).all() for record in records)


def test_a_run_is_not_written_over_and_goes_on_when_asked(run, sides):
    refused = train(*sides, "--out", run, *FEW)
    assert refused.exit_code == 2
    fault = "already holds a run; continue it with --resume, or give another --out"
    assert refused.output == f"error: {run}: {fault}\n"
    went_on = train(*sides, "--out", run, "--resume", "--set", "steps=3")
    assert went_on.output.endswith("3 steps done\n"), went_on.output
    assert json.loads((run / "recipe.json").read_text())["data"]["size"] == 64


@pytest.mark.parametrize("preset", ["relight", "p0", "p1-cyclegan"])
def test_a_dry_run_shows_networks_data_and_plan_and_trains_nothing(sides, tmp_path, preset):
    done = train(*sides, "--out", tmp_path / "run", "--preset", preset, "--dry-run")
    assert done.exit_code == 0, done.output
    counts = {
        "relight": ["relight generator, two: 2,3", "discriminator multiscale, two: "],
        "p0": ["p0 generator, two: 1,813,987 ", "discriminator whole, two: 167,649 "],
        "p1-cyclegan": ["cyclegan generator, two: 11,378,179 ", "discriminator patch, two: 2,764,737 "],
    }
    for line in (*counts[preset], "3 photographs", "learning_rate = ", "1 process on cpu"):
        assert line in done.output
    assert not (tmp_path / "run").exists()


def test_starting_from_the_bundled_models(sides, tmp_path):
    done = train(
        *sides, "--out", tmp_path, "--start", "day", "--start", "day", *FEW, "--set", "discriminator_warmup=9"
    )
    assert done.exit_code == 0, done.output
    started = load_file(tmp_path / "checkpoint-000002.safetensors")
    other = tmp_path / "other"
    assert train(*sides, "--out", other, *FEW, "--set", "discriminator_warmup=9").exit_code == 0
    fresh = load_file(other / "checkpoint-000002.safetensors")
    assert (started["night/head.bias"] - fresh["night/head.bias"]).abs().max() > 0.01
    assert torch.equal(started["night/head.bias"], started["night-average/head.bias"])
    assert torch.equal(started["night/head.bias"], started["day/head.bias"])


def test_pairs(sides, tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("day,night\nn_0.png,n_1.png\n")
    night = sides[1]
    done = train(night, night, "--out", tmp_path / "run", "--pairs", table, *FEW, "--set", "paired=10")
    assert done.exit_code == 0, done.output
    assert "paired" in json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--set", "cycl=1"), "did you mean 'cycle'", id="setting"),
        pytest.param(("--set", "cycle"), "--set cycle: has no value; write NAME=VALUE", id="no-value"),
        pytest.param(("--preset", "p2"), "--preset p2: is unknown", id="preset"),
        pytest.param(("--set", "network=relite"), "did you mean 'relight'", id="network"),
        pytest.param(("--set", "seed=-1"), "--set seed=-1: input should be greater", id="seed"),
        pytest.param(("--set", "betas=0.5,1"), "--set betas=0.5,1: input should be less", id="betas"),
        pytest.param(("--set", "discriminators.kind=x"), "network relight: ", id="network-setting"),
        pytest.param(("--set", "size=100"), "is not a multiple of 64", id="size"),
        pytest.param(("--set", "paired=1"), "needs photographs in pairs; give --pairs", id="no-pairs"),
        pytest.param(
            ("--start", "day", "--start", "nowhere.onnx"), "nowhere.onnx: can't be read", id="no-model"
        ),
        pytest.param(
            ("--preset", "p0", "--start", "day", "--start", "day"),
            "day.onnx: holds no weight",
            id="other-model",
        ),
        pytest.param(("--resume",), "holds no recipe.json; give the folder of a training run", id="no-run"),
        pytest.param(("--device", "cuda"), "--device cuda: this PyTorch has no CUDA", id="no-cuda"),
    ],
)
def test_wrong_input_is_one_line(sides, tmp_path, arguments, message):
    if "cuda" in arguments and torch.cuda.is_available():
        pytest.skip("CUDA is there")
    done = train(*sides, "--out", tmp_path / "run", *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert done.output.count("\n") == 1
    assert done.output.startswith("error: ")


def test_a_run_that_never_began_begins_anew(sides, tmp_path):
    """The first checkpoint could not be written: nothing is there to go on from."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/recipe.json").write_text("{}")
    begun = train(*sides, "--out", tmp_path / "run", *FEW)
    assert begun.exit_code == 0, begun.output
    assert "device: cpu (" in begun.stdout


def test_a_disk_that_refuses_is_one_line(sides, tmp_path):
    (tmp_path / "file").touch()
    refused = train(*sides, "--out", tmp_path / "file/run", *FEW)
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1].startswith(f"error: {tmp_path}/file")
    assert refused.stderr.endswith("; check permissions and disk space\n")


def test_too_little_memory_is_one_line(sides, tmp_path, monkeypatch):
    def step(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("daynight.training.run.trainer.Trainer.step", step)
    refused = train(*sides, "--out", tmp_path / "run", *FEW)
    assert refused.exit_code == 2
    assert "error: --device cuda: has too little memory for a step; lower batch" in refused.stderr


@pytest.mark.parametrize("option", [("--preset", "p0"), ("--start", "day", "--start", "day")])
def test_what_only_a_new_run_takes(run, sides, option):
    done = train(*sides, "--out", run, "--resume", *option)
    assert done.exit_code == 2
    assert f"error: {option[0]}: is for new runs only" in done.output
