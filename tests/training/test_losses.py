import pytest

torch = pytest.importorskip("torch")

from daynight.training import losses  # noqa: E402


def full(value, shape=(1, 3, 4, 4)):
    return torch.full(shape, float(value))


@pytest.mark.parametrize(
    ("real", "generated", "expected"),
    [
        pytest.param([1.0], [0.0], 0.0, id="sees-through"),
        pytest.param([0.0], [1.0], 2.0, id="fooled"),
        pytest.param([0.5], [0.5], 0.5, id="undecided"),
        pytest.param([1.0, 0.0], [0.0, 1.0], 1.0, id="scales-alike"),
    ],
)
def test_discriminator_loss(real, generated, expected):
    scores = ([full(value, (1, 1, 2, 2)) for value in side] for side in (real, generated))
    assert losses.discriminator_loss(*scores).item() == pytest.approx(expected)


def test_generator_loss_weighs_scales_alike_whatever_their_size():
    scores = [full(1, (1, 1, 8, 8)), full(0, (1, 1, 2, 2))]
    assert losses.generator_loss(scores).item() == pytest.approx(0.5)


def test_cycle_loss_is_half_of_both():
    value = losses.cycle_loss(full(0.5), full(0.7), full(0.1), full(0.5))
    assert value.item() == pytest.approx((0.2 + 0.4) / 2)


@pytest.mark.parametrize(("light", "expected"), [(0.5, 0.0), (1.0, 0.0), (2.0, 1.0), (8.0, 3.0)])
def test_burn_loss_counts_stops_above_white(light, expected):
    assert losses.burn_loss(full(light)).item() == pytest.approx(expected)


def test_tint_loss():
    stops = torch.tensor([-3.0, -4.0, -5.0]).reshape(1, 3, 1, 1)
    assert losses.tint_loss(stops).item() == pytest.approx(2 / 3)
    assert losses.tint_loss(full(-4)).item() == 0


def test_smoothness_loss():
    steps = torch.tensor([[0.0, 1.0], [0.0, 1.0]]).reshape(1, 1, 2, 2)
    assert losses.smoothness_loss(steps).item() == pytest.approx(1.0)
    assert losses.smoothness_loss(steps.transpose(2, 3)).item() == pytest.approx(1.0)
    assert losses.smoothness_loss(full(-4)).item() == 0


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        pytest.param(0.3, 0.0, id="inside"),
        pytest.param(0.7, 0.2, id="too-bright"),
        pytest.param(0.0, 0.1, id="too-dark"),
    ],
)
def test_level_loss(level, expected):
    band = full(0.1, (4, 4)), full(0.5, (4, 4))
    assert losses.level_loss(full(level, (1, 3, 8, 16)), *band).item() == pytest.approx(expected)


def test_level_loss_looks_part_by_part():
    """Black sky and bright ground average to a fair level, and are not fair."""
    picture = torch.cat([full(0.0, (1, 3, 8, 16)), full(0.6, (1, 3, 8, 16))], dim=2)
    assert losses.level_loss(picture, full(0.1, (4, 4)), full(0.5, (4, 4))).item() == pytest.approx(0.1)
