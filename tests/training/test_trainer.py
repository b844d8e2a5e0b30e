import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.training.checkpoint import checkpoint_step  # noqa: E402
from daynight.training.data import Photographs  # noqa: E402
from daynight.training.recipe import Recipe  # noqa: E402
from daynight.training.trainer import Losses, Trainer  # noqa: E402


def ignore(line):
    raise AssertionError(line)


@pytest.fixture
def make_trainer(photographs):
    def make(**settings):
        day, night = (Photographs(folder, 64, ignore) for folder in photographs)
        return Trainer(Recipe(**{"short_side": 64, "steps": 40, **settings}), day, night)

    return make


def weights(network):
    return torch.cat([value.detach().flatten() for value in network.state_dict().values()])


def test_a_step_changes_every_network(make_trainer):
    trainer = make_trainer()
    modules = trainer._modules()
    before = {name: weights(module) for name, module in modules.items()}
    trainer.step(*trainer.draw())
    assert trainer.step_count == 1
    assert [name for name, module in modules.items() if torch.equal(before[name], weights(module))] == []


@pytest.mark.parametrize(("weight", "falls"), [(10.0, True), (0.0, False)])
def test_cycle_error_falls_by_its_weight(make_trainer, weight, falls):
    settings = {"cycle": weight, "cycle_start": weight, "learning_rate": 1e-4}
    trainer = make_trainer(**settings, level=0.0, exposure=0.0)
    pair = trainer.draw()
    errors = [trainer.step(*pair).cycle for _ in range(19)]
    assert (min(errors) < 0.95 * errors[0]) is falls


def test_judges_learn_to_tell(make_trainer):
    """With generators that stand still, the discriminators' loss falls."""
    trainer = make_trainer(learning_rate=1e-3, discriminator_rate=1.0, noise=0.0)
    trainer._generator_adam.param_groups[0]["lr"] = 0.0
    pair = trainer.draw()
    losses = [trainer.step(*pair).discriminator for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]


def test_same_seed_same_run(make_trainer):
    def run(seed):
        trainer = make_trainer(seed=seed)
        return trainer.step(*trainer.draw())

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_rates_fall_to_zero_at_the_end(make_trainer):
    trainer = make_trainer(steps=100, decay=0.4, learning_rate=1e-3, discriminator_rate=0.5)
    seen = []
    for trainer.step_count in (0, 60, 80, 100):
        trainer._set_rates()
        seen.append(
            (trainer._generator_adam.param_groups[0]["lr"], trainer._judge_adam.param_groups[0]["lr"])
        )
    assert seen == [pytest.approx(pair) for pair in [(1e-3, 5e-4), (1e-3, 5e-4), (5e-4, 2.5e-4), (0, 0)]]


def test_a_run_goes_on(make_trainer, tmp_path):
    lines = []
    make_trainer(steps=2, checkpoint_every=1).train(tmp_path, tell=lines.append)
    assert (tmp_path / "samples-000002.png").is_file()
    later = make_trainer(steps=3)
    later.resume(tmp_path)
    assert later.step_count == 2
    later.train(tmp_path, tell=lines.append)
    assert later.step_count == 3
    assert json.loads((tmp_path / "recipe.json").read_text())["steps"] == 3


def test_stops_in_time(make_trainer, tmp_path):
    trainer = make_trainer()
    trainer.train(tmp_path, stop=lambda: True, tell=ignore)
    assert trainer.step_count == 0
    assert (tmp_path / "checkpoint-000000.safetensors").is_file()


def test_a_run_that_goes_on_equals_the_unbroken_one_to_the_last_bit(make_trainer, tmp_path):
    """Networks, averages, moments, pools, data order, noise: all of it."""
    settings = {"steps": 6, "pool": 2, "checkpoint_every": 3, "noise": 0.1}
    unbroken = make_trainer(**settings)
    unbroken.train(tmp_path / "unbroken", tell=ignore)
    first = make_trainer(**settings)
    first.train(tmp_path / "broken", stop=lambda: first.step_count == 3, tell=ignore)
    later = make_trainer(**settings)
    later.draw()  # whatever happened before does not matter
    later.resume(tmp_path / "broken")
    assert later.step_count == 3
    later.train(tmp_path / "broken", tell=ignore)
    for name, module in unbroken._modules().items():
        assert torch.equal(weights(module), weights(later._modules()[name])), name
    name = "checkpoint-000006.safetensors"
    one, two = (load_file(tmp_path / run / name) for run in ("broken", "unbroken"))
    assert set(one) == set(two)
    assert [key for key in one if not torch.equal(one[key], two[key])] == []


def test_a_loss_that_is_no_number_goes_back_and_gives_up_in_the_end(make_trainer, tmp_path, monkeypatch):
    trainer, told = make_trainer(steps=20, checkpoint_every=2), []
    whole, spoilt = trainer.step, []

    def step(day, night):
        losses = whole(day, night)
        if trainer.step_count == 4 and len(spoilt) < 2:
            spoilt.append(trainer.step_count)
            with torch.no_grad():
                next(trainer.to_night.parameters()).fill_(float("nan"))
            return dataclasses.replace(losses, cycle=float("nan"))
        return losses

    monkeypatch.setattr(trainer, "step", step)
    trainer.train(tmp_path, stop=lambda: trainer.step_count == 6, tell=told.append)
    assert told == ["step 4: the loss is no number; back to step 2"] * 2
    assert torch.isfinite(weights(trainer.to_night)).all()

    monkeypatch.setattr(trainer, "step", lambda *_: Losses(float("nan"), 1, 1, 1))
    with pytest.raises(UsageError, match="the loss is no number, 4 times since step 6; lower learning_rate"):
        trainer.train(tmp_path, tell=told.append)


def test_sigterm_saves_and_stops(photographs, tmp_path):
    run = tmp_path / "run"
    settings = ("--set", "short_side=64", "--set", "steps=100000", "--jobs", "1")
    command = [Path(sys.executable).with_name("daynight"), "train", *photographs, "--out", run, *settings]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 90
        while not list(run.glob("checkpoint-*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    done = int(told.split()[-3])
    assert told.endswith(f"{done} steps done\n")
    assert checkpoint_step(run) == done < 100000
