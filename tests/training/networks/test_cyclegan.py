import pytest

torch = pytest.importorskip("torch")

from daynight.plugins.networks import CYCLEGAN  # noqa: E402
from torch import nn  # noqa: E402

from daynight.training.methods import losses  # noqa: E402
from daynight.training.networks.cyclegan import (  # noqa: E402
    LEAST_SIDE,
    CycleGanGenerator,
    PatchDiscriminator,
    ResidualBlock,
)


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


def picture(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return CycleGanGenerator()


def test_parameters(generator):
    assert parameters(generator) == 11_378_179
    assert parameters(PatchDiscriminator()) == 2_764_737


def test_kind():
    assert parameters(CYCLEGAN.generator()) == 11_378_179
    assert {name: parameters(network) for name, network in CYCLEGAN.discriminators().items()} == {
        "patch": 2_764_737
    }
    assert CYCLEGAN.radius is None


def test_layers(generator):
    shapes, features = [], picture(1, 3, 32, 48)
    for layer in generator:
        features = layer(features)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | ResidualBlock):
            shapes.append(tuple(features.shape[1:]))
    assert shapes == [
        (64, 32, 48),  # c7s1-64
        (128, 16, 24),  # d128
        (256, 8, 12),  # d256
        *[(256, 8, 12)] * 9,  # R256
        (128, 16, 24),  # u128
        (64, 32, 48),  # u64
        (3, 32, 48),  # c7s1-3
    ]


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 20, 12), (1, 3, 36, 100)])
def test_result_has_the_size_of_the_picture(generator, shape):
    result = generator(picture(*shape)).picture
    assert result.shape == shape
    assert result.abs().max() <= 1


@pytest.mark.parametrize(
    ("size", "scores"),
    [((256, 256), (30, 30)), ((LEAST_SIDE, LEAST_SIDE), (1, 1)), ((33, 71), (2, 6))],
)
def test_scores(size, scores):
    assert PatchDiscriminator()(picture(1, 3, *size)).shape == (1, 1, *scores)


def test_a_score_is_of_70_pixels():
    """Measured without the norms, which see the whole picture."""
    layers = [layer for layer in PatchDiscriminator() if not isinstance(layer, nn.InstanceNorm2d)]
    given = picture(1, 3, 160, 160).double().requires_grad_()
    scores = nn.Sequential(*layers).double()(given)
    scores[0, 0, 9, 9].backward()
    rows, columns = given.grad.abs().sum(dim=(0, 1)).nonzero(as_tuple=True)
    assert rows.min().item() > 0
    assert rows.max().item() < 159
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == 70


def test_the_norm_sees_the_whole_picture():
    """That's why there is no radius: one corner changes the other."""
    torch.manual_seed(0)
    given = picture(1, 3, 96, 96).requires_grad_()
    generator = CycleGanGenerator(blocks=0)
    generator(given).picture[..., :4, :4].sum().backward()
    assert given.grad[..., -4:, -4:].abs().max() > 0


def test_a_step():
    torch.manual_seed(0)
    day, night = picture(1, 3, 64, 64), picture(1, 3, 64, 64).flip(3)
    generator, discriminator = CycleGanGenerator(), PatchDiscriminator()
    made = generator(day).picture.detach()
    for network, loss in (
        (generator, lambda: losses.generator_loss([discriminator(generator(day).picture)])),
        (
            discriminator,
            lambda: losses.discriminator_loss([discriminator(night)], [discriminator(made)]),
        ),
    ):
        before = [weight.clone() for weight in network.parameters()]
        adam = torch.optim.Adam(network.parameters(), 1e-5)  # small: P0's 2e-4 leaps over the valley here
        first = loss()
        first.backward()
        adam.step()
        assert any(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
        assert loss() < first
