import json

import pytest

torch = pytest.importorskip("torch")

from daynight.training.data import Photographs  # noqa: E402
from daynight.training.recipe import Recipe  # noqa: E402
from daynight.training.trainer import Trainer  # noqa: E402


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
    trainer.train(tmp_path, until=0.0, tell=ignore)
    assert trainer.step_count == 0
    assert (tmp_path / "checkpoint.safetensors").is_file()
