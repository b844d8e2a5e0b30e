import copy
import inspect
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from daynight.plugins import networks  # noqa: E402
from torch import nn  # noqa: E402

from daynight.models.facts import ModelFacts  # noqa: E402
from daynight.plugin.network_kind import NetworkKind  # noqa: E402
from daynight.training.methods import losses  # noqa: E402
from daynight.training.networks import attention, cyclegan, p0, relight  # noqa: E402

RNG = torch.Generator().manual_seed(0)


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


def picture(*shape):
    return torch.rand(shape, generator=RNG) * 2 - 1


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return p0.P0Generator().eval()


def test_parameters(generator):
    assert parameters(generator) == 1_813_987
    assert parameters(p0.P0Discriminator()) == 167_649


def test_sizes_of_table_1(generator):
    shapes, features = [], picture(1, 3, 256, 256)
    for layer in generator:
        features = layer(features)
        shapes.append(tuple(features.shape[1:]))
    assert shapes == [
        (32, 128, 128),
        (64, 64, 64),
        (128, 32, 32),
        (128, 32, 32),
        *[(128, 32, 32)] * 5,
        (64, 64, 64),
        (32, 128, 128),
        (16, 256, 256),
        (3, 256, 256),
    ]


def test_sizes_of_table_2():
    shapes, features = [], picture(1, 3, 256, 256)
    for layer in p0.P0Discriminator():
        features = layer(features)
        shapes += [tuple(features.shape[1:])] if isinstance(layer, nn.Conv2d) else []
    assert shapes == [(32, 64, 64), (64, 16, 16), (128, 4, 4), (1, 1, 1)]


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 24, 8), (1, 3, 40, 184)])
def test_result_has_the_size_of_the_picture(generator, shape):
    assert generator(picture(*shape)).picture.shape == shape


@pytest.mark.parametrize(
    ("size", "scores"), [((256, 256), (1, 1)), ((300, 511), (1, 1)), ((512, 776), (2, 3))]
)
def test_scores(size, scores):
    assert p0.P0Discriminator()(picture(2, 3, *size)).shape == (2, 1, *scores)


def test_every_kernel_has_a_bias_and_nothing_is_normed(generator):
    kinds = {type(module) for module in generator.modules() if not list(module.children())}
    assert kinds == {nn.Conv2d, nn.ConvTranspose2d, nn.ReLU}
    convs = [module for module in generator.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convs) == 4 + 10 + 3 + 1
    assert all(conv.bias is not None and conv.kernel_size == (3, 3) for conv in convs)


def test_output_is_linear(generator):
    """The table names no activation there."""
    given, step = picture(1, 3, 16, 16), torch.tensor([-5.0, 0.0, 5.0])
    moved = copy.deepcopy(generator)
    with torch.no_grad():
        moved[-1].bias += step
    change = (moved(given).picture - generator(given).picture).mean(dim=(0, 2, 3))
    assert torch.allclose(change, step, atol=1e-5)


@pytest.mark.parametrize(("score", "inside"), [("linear", False), ("sigmoid", True)])
def test_range_of_scores(score, inside):
    network = p0.P0Discriminator(score)
    with torch.no_grad():
        network[6].bias.fill_(7.0)
    value = network(picture(1, 3, 256, 256)).item()
    assert (0 < value < 1) is inside
    assert value > 0.99


def test_linear_is_the_default():
    assert not any(isinstance(layer, nn.Sigmoid) for layer in p0.P0Discriminator())


def test_unknown_score():
    with pytest.raises(ValueError, match="neither linear nor sigmoid"):
        p0.P0Discriminator("softmax")


def open_all_paths(network):
    """Positive weights, in 64 bits: every ReLU lets through, and no two paths cancel out."""
    network = network.double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(1e-2)
    return network


def seen(result, given):
    """First and last row and column that a result depends on."""
    (gradient,) = torch.autograd.grad(result, given, retain_graph=True)
    rows, columns = gradient.abs().sum(dim=(0, 1)).nonzero(as_tuple=True)
    return rows.min().item(), rows.max().item(), columns.min().item(), columns.max().item()


def test_radius_of_the_generator():
    """The farthest input on each side, for a pixel of every phase of the grid of 8."""
    given = torch.ones(1, 3, 240, 240, dtype=torch.float64, requires_grad=True)
    result = open_all_paths(p0.P0Generator())(given).picture.sum(dim=(0, 1))
    before, after = [], []
    for place in range(112, 120):
        top, bottom, left, right = seen(result[place, 231 - place], given)
        before += [place - top, 231 - place - left]
        after += [bottom - place, right - (231 - place)]
    assert (max(before), max(after)) == (p0.RADIUS, p0.RADIUS)
    assert max(before) == 8 * 11 + 8 + 7


def test_discriminator_sees_256_pixels():
    given = torch.ones(1, 3, 512, 512, dtype=torch.float64, requires_grad=True)
    scores = open_all_paths(p0.P0Discriminator())(given)
    assert seen(scores[0, 0, 1, 0], given) == (256, 511, 0, 255)


def test_tiles_equal_the_whole_frame(generator):
    halo = 104  # the radius, rounded up to the grid of 8
    plate = picture(1, 3, 24, 520)
    tile = plate[..., 240 - halo : 272 + halo]
    with torch.no_grad():
        whole, part = generator(plate).picture[..., 240:272], generator(tile).picture[..., halo:-halo]
    assert torch.allclose(whole, part, rtol=0, atol=1e-6)
    assert whole.std() > 1e-4


@pytest.mark.parametrize("score", ["linear", "sigmoid"])
def test_a_step(score):
    torch.manual_seed(0)
    day, night = picture(1, 3, 256, 256), picture(1, 3, 256, 256)
    generator, discriminator = p0.P0Generator(), p0.P0Discriminator(score)
    made = generator(day).picture.detach()
    for network, loss in (
        (generator, lambda: losses.generator_loss([discriminator(generator(day).picture)])),
        (
            discriminator,
            lambda: losses.discriminator_loss([discriminator(night)], [discriminator(made)]),
        ),
    ):
        before = [weight.clone() for weight in network.parameters()]
        adam = torch.optim.Adam(network.parameters(), 2e-4)
        first = loss()
        first.backward()
        adam.step()
        assert all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
        assert loss() < first


OWN = {
    "p0": (networks.P0, p0),
    "cyclegan": (networks.CYCLEGAN, cyclegan),
    "attention": (networks.ATTENTION, attention),
}


def test_kinds_by_name():
    kinds = networks.daynight_networks()
    assert [kind.name for kind in kinds] == [
        *("p0", "cyclegan", "attention", "relight"),
        *("scene", "lights"),
    ]
    assert all(isinstance(kind, NetworkKind) and kind.summary for kind in kinds)


@pytest.mark.parametrize(("kind", "module"), OWN.values(), ids=OWN)
def test_kinds_repeat_the_facts_of_their_networks(kind, module):
    assert kind.size_multiple == module.SIZE_MULTIPLE
    assert kind.least_side == module.LEAST_SIDE
    assert kind.radius == getattr(module, "RADIUS", None)


@pytest.mark.parametrize("kind", networks.daynight_networks(), ids=lambda kind: kind.name)
def test_kinds_make_model_facts(kind):
    """What a kind says is what a model file may say."""
    ModelFacts(
        kind=kind.output,
        size_multiple=kind.size_multiple,
        radius=kind.radius,
        exact_tiling=kind.exact_tiling,
    )
    assert kind.exact_tiling is (kind.name == "p0")


def test_p0_kind():
    assert isinstance(networks.P0.generator(), p0.P0Generator)
    assert inspect.signature(networks.P0.discriminators).parameters["score"].default == "linear"
    (discriminator,) = networks.P0.discriminators(score="sigmoid").values()
    assert isinstance(discriminator[-1], nn.Sigmoid)


def test_relight_kind():
    kind = networks.RELIGHT
    assert (kind.size_multiple, kind.output) == (relight.SIZE_MULTIPLE, "maps")
    side = kind.least_side
    stops = kind.generator(start=-4.5)(torch.zeros(1, 3, side, side)).stops
    assert stops.mean().item() == pytest.approx(-4.5, abs=0.3)
    (discriminator,) = kind.discriminators().values()
    scores = discriminator(picture(1, 3, side, side))
    assert [tuple(score.shape[2:]) for score in scores] == [(7, 7), (3, 3), (2, 2)]


def test_kinds_are_listed_without_torch():
    code = (
        "import sys; import daynight.plugins.networks as own; own.daynight_networks(); "
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
