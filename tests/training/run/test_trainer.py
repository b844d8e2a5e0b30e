import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.training.run.callbacks import Callback  # noqa: E402
from daynight.training.run.checkpoint import Parts, load_checkpoint  # noqa: E402
from daynight.training.run.method import Method  # noqa: E402
from daynight.training.run.recipe import RunRecipe  # noqa: E402
from daynight.training.run.trainer import Trainer  # noqa: E402


class Listener(Callback):
    """Keeps what a run tells."""

    def __init__(self):
        self.begins, self.losses, self.saves, self.lines, self.ends = [], {}, [], [], []

    def on_begin(self, run, trainer):
        self.begins.append(trainer.step_count)

    def on_step(self, step, losses):
        self.losses[step] = losses

    def on_checkpoint(self, step):
        self.saves.append(step)

    def on_message(self, line):
        self.lines.append(line)

    def on_end(self, step):
        self.ends.append(step)


@pytest.fixture
def make_trainer(open_trainer):
    return open_trainer


def weights(network):
    return torch.cat([value.detach().flatten() for value in network.state_dict().values()])


def content(path):
    with safe_open(path, "pt") as file:
        return load_file(path), file.metadata()


def test_draws_are_the_same_from_seed_and_step_alone(make_trainer):
    one, other = make_trainer(seed=3), make_trainer(seed=3)
    one.draw()
    for _ in range(2):
        (a, b), (c, d) = one.draw()[0], other.draw()[0]
        assert torch.equal(a, c)
        assert torch.equal(b, d)
        one.step_count = other.step_count = 7


def test_same_seed_same_run(make_trainer):
    def run(seed):
        trainer = make_trainer(seed=seed)
        return trainer.step(trainer.draw())

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_rates_fall_to_zero_at_the_end(make_trainer):
    trainer = make_trainer(steps=100, decay=0.4, learning_rate=1e-3, discriminator_rate=0.5)
    seen = []
    for trainer.step_count in (0, 60, 80):
        trainer.step(trainer.draw())
        adams = (trainer.method.generator_adam, trainer.method.discriminator_adam)
        seen += [adam.param_groups[0]["lr"] for adam in adams]
    assert seen == pytest.approx([1e-3, 5e-4, 1e-3, 5e-4, 5e-4, 2.5e-4])


def test_a_run_is_told_step_by_step(make_trainer, tmp_path):
    listener = Listener()
    make_trainer(steps=5, checkpoint_every=2).train(tmp_path, callbacks=[listener])
    assert (listener.begins, listener.saves, listener.ends) == ([0], [2, 4, 5], [5])
    assert [*listener.losses] == [1, 2, 3, 4, 5]
    names = {
        "generator",
        "discriminator",
        "cycle",
        "level",
        "tint",
        "burn",
        "smoothness",
        "structure",
        "total",
    }
    assert all(set(losses) == names for losses in listener.losses.values())


def test_a_run_goes_on_with_other_settings(make_trainer, tmp_path):
    make_trainer(steps=2, checkpoint_every=1).train(tmp_path)
    later = make_trainer(steps=3)
    later.resume(tmp_path)
    assert later.step_count == 2
    later.train(tmp_path)
    assert later.step_count == 3


def test_stops_in_time(make_trainer, tmp_path):
    trainer = make_trainer()
    trainer.train(tmp_path, stop=lambda: True)
    assert trainer.step_count == 0
    assert (tmp_path / "checkpoint-000000.safetensors").is_file()


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"noise": 0.1, "structure": 1.0, "discriminator_warmup": 2}, id="relight"),
        pytest.param({"noise": 0.1, "schedule": "plateau", "patience": 1, "accumulate": 2}, id="plateau"),
    ],
)
def test_a_run_that_goes_on_equals_the_unbroken_one_to_the_last_bit(make_trainer, tmp_path, settings):
    """Networks, averages, moments, pools, data order, noise, rates, the best: all of it."""
    settings = {"steps": 4, "pool": 2, "checkpoint_every": 2, **settings}
    unbroken = make_trainer(**settings)
    unbroken.train(tmp_path / "unbroken")
    first = make_trainer(**settings)
    first.train(tmp_path / "broken", stop=lambda: first.step_count == 3)
    later = make_trainer(**settings)
    later.step(later.draw())  # whatever happened before does not matter
    later.resume(tmp_path / "broken")
    assert later.step_count == 3
    later.train(tmp_path / "broken")
    for name in ("checkpoint-000004.safetensors", "best.safetensors"):
        (one, told), (two, told_too) = (content(tmp_path / run / name) for run in ("broken", "unbroken"))
        assert told == told_too
        assert set(one) == set(two)
        assert [key for key in one if not torch.equal(one[key], two[key])] == []
    assert len(one) > 300


def test_the_best_has_the_lowest_mean_of_losses(make_trainer, tmp_path, monkeypatch):
    trainer = make_trainer(steps=8, checkpoint_every=2)
    whole = trainer.method.step

    def step(batches, rng):
        totals = [9.0, 5.0, 3.0, 2.0, 8.0, 1.0, 4.0, 4.0]
        return {**whole(batches, rng), "total": totals[rng.step]}

    monkeypatch.setattr(trainer.method, "step", step)
    trainer.train(tmp_path)
    assert load_checkpoint(tmp_path, Parts({}), best=True)[0] == 4


def test_a_loss_that_is_no_number_goes_back_and_gives_up_in_the_end(make_trainer, tmp_path, monkeypatch):
    trainer, listener = make_trainer(steps=20, checkpoint_every=2), Listener()
    whole, rngs = trainer.method.step, []

    def step(batches, rng):
        losses = whole(batches, rng)
        if rng.step == 3 and len(rngs) < 2:
            rngs.append(rng)
            with torch.no_grad():
                next(trainer.method.to_night.parameters()).fill_(float("nan"))
            return {**losses, "cycle": float("nan")}
        return losses

    monkeypatch.setattr(trainer.method, "step", step)
    trainer.train(tmp_path, stop=lambda: trainer.step_count == 6, callbacks=[listener])
    assert listener.lines == ["step 4: a loss or a weight is not finite; back to step 2"] * 2
    assert [rng.rollbacks for rng in rngs] == [0, 1]  # drawn anew each time
    assert listener.begins == [0, 2, 2]
    assert torch.isfinite(weights(trainer.method.to_night)).all()

    monkeypatch.setattr(trainer.method, "step", lambda *_: {"total": float("nan")})
    with pytest.raises(UsageError, match="not finite, 4 times up to step 7; lower `learning_rate`"):
        trainer.train(tmp_path)


def test_weights_that_are_no_number_are_never_saved(make_trainer, tmp_path, monkeypatch):
    """The losses of the step that made them are numbers still."""
    trainer, listener = make_trainer(steps=20, checkpoint_every=2), Listener()
    whole, broken = trainer.method.step, iter([4, 7])
    at = [next(broken)]

    def step(batches, rng):
        losses = whole(batches, rng)
        if rng.step + 1 == at[0]:
            at[0] = next(broken, None)
            with torch.no_grad():
                next(trainer.method.night_discriminators.parameters()).fill_(float("inf"))
        return losses

    monkeypatch.setattr(trainer.method, "step", step)
    trainer.train(tmp_path, stop=lambda: trainer.step_count == 7, callbacks=[listener])
    assert listener.lines == [
        "step 4: a loss or a weight is not finite; back to step 2",
        "step 7: a loss or a weight is not finite; back to step 6",
    ]
    for path in (*tmp_path.glob("*.safetensors"),):
        assert all(torch.isfinite(value).all() for value in load_file(path).values())
    assert trainer.step_count == 6


def test_a_run_that_goes_on_with_other_pictures_and_weights(make_trainer, tmp_path):
    """No earlier picture of another size meets the new ones, and the best is sought anew."""
    square = {"framing": "square", "batch": 2, "pool": 4, "checkpoint_every": 1}
    first = make_trainer(steps=3, **square)
    first.train(tmp_path)
    same = make_trainer(steps=4, **square)
    same.resume(tmp_path)
    assert [len(pool.pictures) for pool in same.method.parts().pools.values()] == [4, 4]
    best = load_checkpoint(tmp_path, Parts({}), best=True)[0]
    later = make_trainer(steps=4, **{**square, "size": 128}, structure=50.0)
    later.resume(tmp_path)
    assert [len(pool.pictures) for pool in later.method.parts().pools.values()] == [0, 0]
    later.train(tmp_path)
    assert best < load_checkpoint(tmp_path, Parts({}), best=True)[0] == 4


def test_samples_are_of_the_same_photographs_all_through_a_run(make_trainer):
    trainer = make_trainer()
    before = trainer.samples()
    trainer.step(trainer.draw())
    after = trainer.samples()
    assert before.shape == after.shape
    assert not np.array_equal(before, after), "the networks have moved"
    column = slice(0, before.shape[1] // 4)
    np.testing.assert_array_equal(before[:, column], after[:, column], err_msg="the photographs")


class Mean(Method):
    """A method that is no GAN: it learns the mean of what it is given."""

    def __init__(self):
        self.network = torch.nn.Linear(1, 1)
        self.adam = torch.optim.Adam(self.network.parameters(), 0.1)

    def step(self, batches, rng):
        noise = rng.torch("noise", 0, torch.device("cpu"))
        self.adam.zero_grad()
        for values, truth in batches:
            grain = torch.randn(values.shape, generator=noise)
            loss = ((self.network(values + 0.01 * grain) - truth) ** 2).mean()
            loss.backward()
        self.adam.step()
        return {"squares": loss.item(), "total": loss.item()}

    def set_rate(self, share):
        self.adam.param_groups[0]["lr"] = 0.1 * share

    def parts(self):
        return Parts({"line": self.network}, {"adam": self.adam})

    def networks(self):
        return {"line": self.network}


class Line:
    """Data of that method: y = 2 x + 1."""

    def draw(self, random, count):
        values = torch.from_numpy(random.random((count, 1)).astype(np.float32))
        return values, 2 * values + 1

    def describe(self):
        return ["a line"]


def test_a_method_that_is_no_gan_trains_and_resumes_to_the_last_bit(tmp_path):
    def open_run(steps):
        torch.manual_seed(0)
        values = {"steps": steps, "batch": 8, "schedule": "cosine", "decay": 1.0, "checkpoint_every": 50}
        recipe = RunRecipe.model_validate(values)
        return Trainer(Mean(), Line(), recipe)

    unbroken, listener = open_run(200), Listener()
    unbroken.train(tmp_path / "unbroken", callbacks=[listener])
    assert listener.losses[200]["squares"] < 0.01 < listener.losses[1]["squares"]
    first = open_run(200)
    first.train(tmp_path / "broken", stop=lambda: first.step_count == 77)
    later = open_run(200)
    later.resume(tmp_path / "broken")
    assert later.step_count == 77
    later.train(tmp_path / "broken")
    name = "checkpoint-000200.safetensors"
    (one, _), (two, _) = content(tmp_path / "unbroken" / name), content(tmp_path / "broken" / name)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)


@pytest.mark.parametrize(
    ("preset", "settings", "message"),
    [
        pytest.param("p0", {"burn": 1.0, "size": 256}, "burn", id="stops-of-pictures"),
        pytest.param("relight", {"attention": 1.0}, "attention", id="attention-of-none"),
        pytest.param(
            "relight", {"generator": {"width": 3}}, "network relight: .*width", id="unknown-setting"
        ),
    ],
)
def test_a_recipe_that_the_network_does_not_fit(make_trainer, preset, settings, message):
    with pytest.raises(UsageError, match=message):
        make_trainer(preset, **settings)


def test_sigterm_saves_and_stops(photographs, tmp_path):
    run = tmp_path / "run"
    settings = ("--set", "size=64", "--set", "steps=100000", "--jobs", "1")
    command = [Path(sys.executable).with_name("daynight"), "train", *photographs, "--out", run, *settings]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 90
        while not list(run.glob("checkpoint-*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    done = int(told.split()[-3])
    assert told.endswith(f"{done} steps done\n")
    assert load_checkpoint(run, Parts({}))[0] == done < 100000
