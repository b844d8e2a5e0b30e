import math

import pytest

torch = pytest.importorskip("torch")

from daynight.training.methods import losses  # noqa: E402


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


@pytest.mark.parametrize(
    ("real", "generated", "expected"),
    [
        pytest.param([1.0], [-1.0], 0.0, id="sees-through"),
        pytest.param([3.0], [-2.0], 0.0, id="beyond-counts-no-more"),
        pytest.param([0.0], [0.0], 2.0, id="undecided"),
        pytest.param([-0.5], [0.25], 1.5 + 1.25, id="fooled"),
        pytest.param([1.0, -1.0], [-1.0, 1.0], (0.0 + 4.0) / 2, id="scales-alike"),
    ],
)
def test_hinge_discriminator_loss(real, generated, expected):
    scores = ([full(value, (1, 1, 2, 2)) for value in side] for side in (real, generated))
    assert losses.hinge_discriminator_loss(*scores).item() == pytest.approx(expected)


def test_wasserstein_discriminator_loss():
    real = [torch.tensor([1.0, 4.0]), torch.tensor([-1.0])]
    generated = [torch.tensor([0.0, 1.0]), torch.tensor([3.0])]
    value = losses.wasserstein_discriminator_loss(real, generated).item()
    assert value == pytest.approx(((0.5 - 2.5) + (3.0 + 1.0)) / 2)


def test_linear_generator_loss():
    value = losses.linear_generator_loss([torch.tensor([1.0, 4.0]), torch.tensor([-1.0])]).item()
    assert value == pytest.approx(-(2.5 - 1.0) / 2)


def test_gradient_penalty_of_a_plane():
    """D(x) = w · x has the gradient w everywhere; here |w| = 0.5 * sqrt(48)."""
    value = losses.gradient_penalty(
        lambda x: [0.5 * x.sum(dim=(1, 2, 3), keepdim=True)], full(1), full(0), torch.full((1, 1, 1, 1), 0.3)
    )
    assert value.item() == pytest.approx((0.5 * 48**0.5 - 1) ** 2)


def test_gradient_penalty_is_taken_between_both():
    """D(x) = x^2 / 2 of one pixel has the gradient x: 2 and -3 at the shares 0.75 and 0.5."""
    real, generated = (torch.tensor(pair).reshape(2, 1, 1, 1) for pair in ([3.0, -2.0], [-1.0, -4.0]))
    share = torch.tensor([0.75, 0.5]).reshape(2, 1, 1, 1)
    value = losses.gradient_penalty(lambda x: [x**2 / 2], real, generated, share)
    assert value.item() == pytest.approx(((2 - 1) ** 2 + (3 - 1) ** 2) / 2)


def test_gradient_penalty_trains_the_discriminator():
    """Its gradient reaches the weights: d/dw (w - 1)^2 = 2 (w - 1); and it averages scales."""
    weight = torch.tensor(3.0, requires_grad=True)
    pixel = torch.ones(1, 1, 1, 1)
    penalty = losses.gradient_penalty(lambda x: [weight * x, weight * x], pixel, -pixel, pixel / 2)
    assert penalty.item() == pytest.approx(4.0)
    penalty.backward()
    assert weight.grad.item() == pytest.approx(4.0)


def test_gradient_penalty_needs_one_size():
    with pytest.raises(ValueError, match="can't be mixed"):
        losses.gradient_penalty(lambda x: [x], full(0), full(0, (1, 3, 4, 8)), torch.zeros(1, 1, 1, 1))


@pytest.mark.parametrize("kind", losses.ADVERSARIAL)
def test_adversarial_losses_pull_the_right_way(kind):
    """The discriminator raises real and lowers generated scores; the generator raises generated ones."""
    adversarial = losses.ADVERSARIAL[kind]
    real, generated = full(0.4, (1, 1, 2, 2)).requires_grad_(), full(0.4, (1, 1, 2, 2)).requires_grad_()
    adversarial.discriminator([real], [generated]).backward()
    assert real.grad.max() < 0 < generated.grad.min()
    generated.grad = None
    adversarial.generator([generated]).backward()
    assert generated.grad.max() < 0
    assert adversarial.penalised is (kind == "wasserstein")


def test_total_loss_adds():
    assert losses.total_loss([torch.tensor(0.5), torch.tensor(2.0)]).item() == pytest.approx(2.5)


def test_identity_loss():
    photograph = torch.tensor([0.1, 0.5, -0.2]).reshape(1, 3, 1, 1)
    unchanged = torch.tensor([0.4, 0.5, -0.8]).reshape(1, 3, 1, 1)
    assert losses.identity_loss(photograph, unchanged).item() == pytest.approx(0.3)


def test_cam_generator_loss():
    """Probabilities 0.8 and 0.5 of the source, where it is one; 0.4 and 0.1, where it is none."""
    source, target = (torch.logit(torch.tensor([pair])) for pair in ([0.8, 0.5], [0.4, 0.1]))
    expected = -(math.log(0.8) + math.log(0.5)) / 2 - (math.log(0.6) + math.log(0.9)) / 2
    assert losses.cam_generator_loss(source, target).item() == pytest.approx(expected, rel=1e-5)


def test_cam_generator_loss_stays_finite():
    value = losses.cam_generator_loss(torch.tensor([[-200.0]]), torch.tensor([[200.0]]))
    assert value.item() == pytest.approx(400)


def test_cam_discriminator_loss_has_the_usual_targets():
    """Not as P1 prints them: real → 1, generated → 0."""
    real, generated = torch.tensor([[1.0, 0.5]]), torch.tensor([[0.0, -0.4]])
    value = losses.cam_discriminator_loss(real, generated).item()
    assert value == pytest.approx(0.25 / 2 + 0.16 / 2)
    assert losses.cam_discriminator_loss(torch.ones(1, 2), torch.zeros(1, 2)).item() == 0


def structure(*rows):
    return torch.tensor(rows).expand(1, 3, len(rows), len(rows[0])) * 1.0


def test_structure_loss_knows_no_contrast_and_no_level():
    plate = structure((0.1, 0.5, 0.2), (0.9, 0.3, 0.4))
    assert losses.structure_loss(plate, plate).item() == pytest.approx(0, abs=1e-6)
    assert losses.structure_loss(plate, 0.2 * plate - 0.7).item() == pytest.approx(0, abs=1e-6)
    assert losses.structure_loss(plate, -plate).item() == pytest.approx(2)


def test_structure_loss_is_one_minus_the_correlation_of_steps():
    plate, picture = structure((0.0, 1.0, 0.0)), structure((0.0, 1.0, 1.0))
    # No step goes down; across they are (1, -1) and (1, 0), about their means (1, -1) and (0.5, -0.5).
    assert losses.structure_loss(plate, picture).item() == pytest.approx(0, abs=1e-6)
    other = structure((0.0, 1.0, 1.0, 0.0))
    # (1, 0, -1) and (1, -1, 0): 1 over sqrt(2 * 2)
    assert losses.structure_loss(other, structure((0.0, 1.0, 0.0, 0.0))).item() == pytest.approx(0.5)


def test_structure_loss_of_a_flat_picture_has_a_gradient_that_is_finite():
    flat = torch.zeros(1, 3, 4, 4, requires_grad=True)
    losses.structure_loss(structure((0.0, 1.0), (0.5, 0.2)).repeat(1, 1, 2, 2), flat).backward()
    assert torch.isfinite(flat.grad).all()


def test_pair_loss():
    assert losses.pair_loss(torch.tensor([0.5, -0.5]), torch.tensor([0.0, 0.0])).item() == 0.5
