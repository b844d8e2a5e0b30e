import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training_runs import recipe_of  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.training.methods.cycle_gan import terms  # noqa: E402
from daynight.training.methods.cycle_gan.step import CycleGan  # noqa: E402
from daynight.training.run.processes import ProcessGroup  # noqa: E402
from daynight.training.run.rng import StepRng  # noqa: E402

CPU = torch.device("cpu")
BAND = (torch.full((4, 4), -1.0), torch.full((4, 4), 1.0))
SMALL = {"generator": {"blocks": 1}, "framing": "square"}


class Data:
    """Photographs whose brightness lies in one band."""

    def __init__(self, band, paired=True):
        self.paired = paired
        self._band = band

    def day_levels(self, low, high):
        return self._band

    def night_levels(self, low, high):
        return self._band


@pytest.fixture
def make(kinds):
    def build(network="relight", band=BAND, in_pairs=True, **settings):
        recipe = recipe_of(network, **settings)
        torch.manual_seed(0)
        data = Data(band, in_pairs)
        return CycleGan(recipe, kinds[network], data, device=CPU, group=ProcessGroup())

    return build


def pictures(count, size):
    random = np.random.default_rng(size)
    coarse = torch.from_numpy(random.uniform(-1, 1, (2, count, 3, size // 8, size // 8)).astype(np.float32))
    day, night = (torch.nn.functional.interpolate(side, scale_factor=8, mode="bilinear") for side in coarse)
    return day, night * 0.3 - 0.7


def weights(network):
    return torch.cat([value.detach().flatten() for value in network.state_dict().values()])


def steps(gan, batches, count):
    return [gan.step(batches, StepRng(1, step)) for step in range(count)]


NETWORKS = [
    pytest.param("relight", 64, {"tint": 0.1, "burn": 0.2, "smoothness": 0.1}, id="relight"),
    pytest.param("p0", 256, {}, id="p0"),
    pytest.param("cyclegan", 32, {**SMALL, "identity": 10.0}, id="cyclegan"),
]


@pytest.mark.parametrize(("network", "size", "settings"), NETWORKS)
def test_a_step_moves_every_network_of_every_kind(make, network, size, settings):
    gan = make(network, ema=0.5, **settings)
    modules = gan.parts().modules
    before = {name: weights(module) for name, module in modules.items()}
    losses = gan.step([pictures(1, size)], StepRng(1, 0))
    assert {"generator", "discriminator", "cycle", "total"} <= set(losses)
    assert [name for name, module in modules.items() if torch.equal(before[name], weights(module))] == []


def test_an_attention_step_has_all_its_losses_and_keeps_rho(make):
    gan = make("attention", **SMALL, identity=10.0, attention=100.0, cycle=10.0, learning_rate=0.5)
    losses = gan.step([pictures(1, 96)], StepRng(1, 0))
    assert {"generator", "discriminator", "cycle", "identity", "attention", "total"} == set(losses)
    rhos = [value for name, value in gan.to_night.named_parameters() if name.endswith("rho")]
    assert rhos
    assert all(rho.min() >= 0 and rho.max() <= 1 for rho in rhos)  # a rate of 0.5 would leave the range


@pytest.mark.parametrize(("weight", "falls"), [(10.0, True), (0.0, False)])
def test_cycle_error_falls_by_its_weight(make, weight, falls):
    gan = make("relight", cycle=weight, learning_rate=3e-4, to_night={"start": -4.0}, to_day={"start": 3.0})
    errors = [losses["cycle"] for losses in steps(gan, [pictures(1, 64)], 12)]
    assert (min(errors) < 0.95 * errors[0]) is falls


@pytest.mark.parametrize("name", ["identity", "level", "structure", "paired", "smoothness"])
def test_each_loss_falls_by_its_weight(make, name):
    low = (torch.full((4, 4), -1.0), torch.full((4, 4), -0.9))
    gan = make("relight", low, cycle=0.0, learning_rate=1e-3, **{name: 20.0})
    for generator in (gan.to_night, gan.to_day):
        torch.nn.init.normal_(generator.head.weight, std=0.3)
    values = [losses[name] for losses in steps(gan, [pictures(1, 64)], 8)]
    assert min(values[4:]) < 0.95 * values[0]


def test_a_loss_is_one_row(make, monkeypatch):
    """Its weight is known to recipes, and its value stands in the losses and in their sum."""
    bright = terms.Term("bright", 0.0, lambda a, b: a.forward.picture.mean() + b.forward.picture.mean())
    monkeypatch.setattr(terms, "TERMS", (*terms.TERMS, bright))
    without = make().step([pictures(1, 64)], StepRng(1, 0))
    losses = make(bright=3.0).step([pictures(1, 64)], StepRng(1, 0))
    assert "bright" not in without
    assert losses["total"] == pytest.approx(without["total"] + 3 * losses["bright"], rel=1e-5)


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        ("p0", {"burn": 1.0}, "loss burn: needs maps, which network p0 does not return; set `burn=0`"),
        ("relight", {"attention": 1.0}, "loss attention: needs attention, which network relight does not"),
        ("relight", {"paired": 1.0}, "loss paired: needs photographs in pairs; give `pairs`"),
    ],
)
def test_a_loss_that_networks_or_data_do_not_feed_is_refused(make, network, settings, message):
    with pytest.raises(UsageError, match=message):
        make(network, in_pairs=False, **settings)


@pytest.mark.parametrize("adversarial", ["least-squares", "hinge", "wasserstein"])
def test_discriminators_learn(make, adversarial):
    """With generators that stand still, the discriminators' loss falls."""
    gan = make(
        "p0", framing="square", adversarial=adversarial, learning_rate=1e-3, discriminator_warmup=100, pool=0
    )
    before = weights(gan.to_night)
    losses = steps(gan, [pictures(1, 256)], 5)
    assert losses[-1]["discriminator"] < losses[0]["discriminator"] - 0.1
    assert ("penalty" in losses[0]) is (adversarial == "wasserstein")
    assert torch.equal(before, weights(gan.to_night))


def test_batches_in_parts_give_the_gradient_of_the_whole(make):
    day, night = pictures(4, 64)
    settings = {"framing": "square", "pool": 0, "clip": 1.0, "learning_rate": 1e-3}
    whole, parts = make(**settings), make(**settings)
    one = whole.step([(day, night)], StepRng(1, 0))
    two = parts.step(
        [
            (day[:1], night[:1]),
            (day[1:2], night[1:2]),
            *zip(day[2:].split(1), night[2:].split(1), strict=True),
        ],
        StepRng(1, 0),
    )
    assert two == pytest.approx(one, rel=1e-4)
    gradients = [torch.cat([p.grad.flatten() for p in gan.to_night.parameters()]) for gan in (whole, parts)]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-6)


def test_the_cycle_gains_its_weight(make):
    gan = make(cycle=4.0, cycle_start=1.0, cycle_ramp=10)
    assert [gan._weights(step)["cycle"] for step in (0, 5, 10, 50)] == [1.0, 2.5, 4.0, 4.0]


def test_averages_follow_slowly_and_not_at_all_without(make):
    gan = make(ema=0.9, learning_rate=1e-2)
    steps(gan, [pictures(1, 64)], 3)
    assert not torch.equal(weights(gan.to_night), weights(gan.night_average))
    gan = make(ema=0.0, learning_rate=1e-2)
    steps(gan, [pictures(1, 64)], 3)
    assert torch.equal(weights(gan.to_night), weights(gan.night_average))


def test_networks_compute_in_16_bits_where_asked(make):
    batch = [pictures(1, 64)]
    exact, rough = (make(precision=precision).step(batch, StepRng(1, 0)) for precision in ("fp32", "bf16"))
    assert exact != rough
    assert rough == pytest.approx(exact, rel=0.05)


def test_noise_fades_over_the_run(make, monkeypatch):
    from daynight.training.methods.cycle_gan import step as module

    deviations = []
    whole = module.Noise.__init__

    def noted(self, deviation, *others):
        deviations.append(deviation)
        whole(self, deviation, *others)

    monkeypatch.setattr(module.Noise, "__init__", noted)
    gan = make(noise=0.2)
    for step in (0, 50, 100):
        gan.step([pictures(1, 64)], StepRng(1, step))
    assert deviations == pytest.approx([0.2, 0.1, 0])
    noise = module.Noise(0.2, StepRng(1, 0), 0)
    assert noise(torch.zeros(1, 3, 64, 64)).std().item() == pytest.approx(0.2, rel=0.05)
