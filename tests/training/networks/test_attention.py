import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.plugins.networks import ATTENTION  # noqa: E402
from torch import nn  # noqa: E402

from daynight.training.methods import losses  # noqa: E402
from daynight.training.networks.attention import (  # noqa: E402
    LEAST_SIDE,
    AdaLin,
    AttentionDiscriminator,
    AttentionGenerator,
    ClassActivationMap,
    Lin,
)


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


def picture(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return AttentionGenerator()


@pytest.fixture(scope="module")
def discriminators():
    """Both, built once: the global one has 53 million weights, and is never trained here."""
    torch.manual_seed(0)
    return {name: network.eval() for name, network in ATTENTION.discriminators().items()}


@pytest.fixture(scope="module")
def global_one(discriminators):
    return discriminators["global"]


@pytest.fixture(scope="module")
def local(discriminators):
    return discriminators["local"]


def test_parameters(generator, discriminators):
    assert parameters(generator) == parameters(ATTENTION.generator()) == 10_589_888
    assert f"{parameters(generator) / 1e6:.2f}" == "10.59"
    assert {name: parameters(network) for name, network in discriminators.items()} == {
        "global": 53_130_176,
        "local": 3_290_560,
    }


def test_layers_of_the_discriminators(global_one, local):
    """As P1 counts: 7 and 5, the 1x1 among them."""
    for network, layers in ((global_one, 7), (local, 5)):
        convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
        assert len(convs) == layers + 1  # with the last one


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 20, 12), (1, 3, 36, 100)])
def test_what_the_generator_gives(generator, shape):
    given = generator(picture(*shape))
    assert given.picture.shape == shape
    assert given.picture.abs().max() <= 1
    assert given.logits.shape == (shape[0], 2)
    assert given.heat.shape == (shape[0], 1, shape[2] // 4, shape[3] // 4)
    assert given.heat.min() >= 0


@pytest.mark.parametrize(
    ("name", "size", "scores", "heat"),
    [
        pytest.param("local", (256, 256), (30, 30), (31, 31), id="local"),
        pytest.param("local", (33, 71), (2, 6), (3, 7), id="local-odd"),
        pytest.param("global", (256, 256), (6, 6), (7, 7), id="global"),
        pytest.param("global", (LEAST_SIDE, 135), (1, 2), (2, 3), id="global-least"),
    ],
)
def test_what_the_discriminators_give(discriminators, name, size, scores, heat):
    with torch.no_grad():
        given = discriminators[name](picture(2, 3, *size))
    assert given.scores.shape == (2, 1, *scores)
    assert given.logits.shape == (2, 2)
    assert given.heat.shape == (2, 1, *heat)


@pytest.mark.parametrize(("name", "size", "field"), [("global", 288, 190), ("local", 96, 46)])
def test_receptive_fields_before_the_last_convolution(discriminators, name, size, field):
    """Of the features; the attention weighs whole channels and widens nothing."""
    given = picture(1, 3, size, size).requires_grad_()
    features = discriminators[name].features(given)
    middle = features.shape[2] // 2
    (gradient,) = torch.autograd.grad(features[0, :, middle, middle].sum(), given)
    rows, columns = gradient.abs().sum(dim=(0, 1)).nonzero(as_tuple=True)
    assert rows.min().item() > 0
    assert rows.max().item() < size - 1
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == field


def test_scores_see_no_more_than_their_features(local):
    """The last convolution of 4x4 widens 46 to 70."""
    given = picture(1, 3, 128, 128).requires_grad_()
    (gradient,) = torch.autograd.grad(local(given).scores[0, 0, 7, 7], given)
    rows, _ = gradient.abs().sum(dim=(0, 1)).nonzero(as_tuple=True)
    assert rows.max() - rows.min() + 1 == 70


def layer_instance_norm(x, rho):
    """The formula, written out in numpy."""

    def normed(axes):
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-5)

    return rho * normed((2, 3)) + (1 - rho) * normed((1, 2, 3))


@pytest.fixture
def values():
    """Features, rho, gamma and beta, by chance."""
    random = np.random.default_rng(0)
    x = random.normal(0.5, 2, (2, 6, 5, 7)) * random.uniform(0.1, 3, (1, 6, 1, 1))
    return x, random.random((1, 6, 1, 1)), random.normal(1, 1, (2, 6)), random.normal(0, 1, (2, 6))


def test_adalin_is_its_formula(values):
    x, rho, gamma, beta = values
    norm = AdaLin(6).double()
    norm.rho.data = torch.from_numpy(rho)
    given = norm(*(torch.from_numpy(value) for value in (x, gamma, beta)))
    expected = gamma[..., None, None] * layer_instance_norm(x, rho) + beta[..., None, None]
    np.testing.assert_allclose(given.detach().numpy(), expected, rtol=0, atol=1e-12)


def test_lin_is_its_formula(values):
    x, rho, gamma, beta = values
    norm = Lin(6).double()
    norm.rho.data, norm.gamma.data, norm.beta.data = (
        torch.from_numpy(value).reshape(1, 6, 1, 1) for value in (rho, gamma[0], beta[0])
    )
    expected = gamma[0].reshape(1, 6, 1, 1) * layer_instance_norm(x, rho) + beta[0].reshape(1, 6, 1, 1)
    np.testing.assert_allclose(norm(torch.from_numpy(x)).detach().numpy(), expected, rtol=0, atol=1e-12)


def test_rho_is_clipped():
    network = AttentionGenerator(blocks=1)
    rhos = {name: weight for name, weight in network.named_parameters() if name.endswith("rho")}
    assert len(rhos) == 2 + 2  # two in the decoder block, one in each up-sampling block
    others = {name: weight.clone() for name, weight in network.named_parameters() if name not in rhos}
    with torch.no_grad():
        for rho in rhos.values():
            rho[:, 0], rho[:, 1], rho[:, 2] = -0.2, 0.4, 1.3
    network.clip_rho()
    for rho in rhos.values():
        assert rho[0, :3, 0, 0].tolist() == pytest.approx([0.0, 0.4, 1.0])
        assert rho.requires_grad
    kept = dict(network.named_parameters())
    assert all(torch.equal(weight, kept[name]) for name, weight in others.items())


def test_attention_is_its_formula():
    """Two channels: one has a larger mean, the other a larger peak."""
    cam = ClassActivationMap(2)
    with torch.no_grad():
        cam.mean.weight.copy_(torch.tensor([[2.0, -1.0]]))
        cam.largest.weight.copy_(torch.tensor([[0.5, 3.0]]))
    features = torch.tensor([[[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 2.0]]]])
    maps, logits = cam(features)
    assert logits.tolist() == [[2 * 1 - 0.5, 0.5 * 1 + 3 * 2]]
    assert maps[0, :, 1, 1].tolist() == [2.0, -2.0, 0.5, 6.0]
    assert maps.shape == (1, 4, 2, 2)


def test_the_light_form_sees_means_alone(generator):
    """Gamma and beta come from 256 values, whatever the size: no weight depends on it."""
    assert generator.style[0].in_features == generator.gamma.in_features == 256


def test_spectral_norm_bounds():
    """The largest singular value of each weight but the 1x1 convolution's is 1, after some iterations."""
    network = AttentionDiscriminator(layers=5)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("original"):
                weight.mul_(30)
        for _ in range(5):
            network(picture(1, 3, 32, 32))
    network.eval()
    bounded = [
        m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear) and m is not network.join[0]
    ]
    assert len(bounded) == 4 + 2 + 1
    for module in bounded:
        largest = torch.linalg.matrix_norm(module.weight.detach().flatten(1), ord=2).item()
        assert largest == pytest.approx(1, abs=0.05)
    assert not hasattr(network.join[0], "parametrizations")


def generator_losses(generator, local, day, night):
    made, same = generator(day), generator(night)
    judged = local(made.picture)
    adversarial = losses.total_loss(
        [losses.generator_loss([judged.scores]), losses.generator_loss([judged.logits])]
    )
    identity = losses.identity_loss(night, same.picture)
    return adversarial + 10 * identity + 100 * losses.cam_generator_loss(made.logits, same.logits)


def discriminator_losses(local, night, made):
    real, generated = local(night), local(made)
    return losses.total_loss(
        [
            losses.discriminator_loss([real.scores], [generated.scores]),
            losses.cam_discriminator_loss(real.logits, generated.logits),
        ]
    )


def test_a_step():
    torch.manual_seed(0)
    day, night = picture(1, 3, 64, 64), 0.2 * picture(1, 3, 64, 64).flip(3) - 0.7
    generator, local = AttentionGenerator(), AttentionDiscriminator(layers=5)
    adam = torch.optim.Adam(generator.parameters(), 1e-4, weight_decay=1e-4)
    before = [weight.clone() for weight in generator.parameters()]
    first = generator_losses(generator, local, day, night)
    first.backward()
    adam.step()
    generator.clip_rho()
    assert all(not torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True) if a.any())
    assert generator_losses(generator, local, day, night) < first
    assert all(
        0 <= m.rho.min() <= m.rho.max() <= 1 for m in generator.modules() if isinstance(m, AdaLin | Lin)
    )

    adam = torch.optim.Adam(local.parameters(), 1e-4, weight_decay=1e-4)
    made = generator(day).picture.detach()
    first = discriminator_losses(local, night, made)
    adam.zero_grad()
    first.backward()
    adam.step()
    assert discriminator_losses(local, night, made) < first


@pytest.mark.parametrize("kind", losses.ADVERSARIAL)
def test_local_discriminator_under_every_loss(kind):
    """The gradient penalty differentiates twice, through spectral norm and attention."""
    torch.manual_seed(0)
    local, adversarial = AttentionDiscriminator(layers=5), losses.ADVERSARIAL[kind]
    night, made = picture(2, 3, 32, 32), 0.3 * picture(2, 3, 32, 32).flip(3)
    loss = adversarial.discriminator([local(night).scores], [local(made).scores])
    if adversarial.penalised:
        share = torch.full((2, 1, 1, 1), 0.4)
        loss = loss + 10 * losses.gradient_penalty(lambda x: [local(x).scores], night, made, share)
    loss.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in local.parameters())


def test_weights_come_back_from_their_state(local):
    """Spectral norm keeps its vectors in the state: the same scores after a checkpoint."""
    other = AttentionDiscriminator(layers=5).eval()
    other.load_state_dict(local.state_dict())
    given = picture(1, 3, 32, 32)
    assert torch.equal(other(given).scores, local(given).scores)
