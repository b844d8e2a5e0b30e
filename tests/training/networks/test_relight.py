import pytest

torch = pytest.importorskip("torch")

from daynight.training.networks.relight import (  # noqa: E402
    Relight,
    apply_maps,
    decode_display,
    encode_display,
)


@pytest.mark.parametrize(
    ("linear", "stops", "emission", "expected"),
    [
        pytest.param(0.8, 0.0, 0.0, 0.8, id="nothing"),
        pytest.param(0.8, -2.0, 0.0, 0.2, id="two-stops-darker"),
        pytest.param(0.1, 3.0, 0.0, 0.8, id="three-stops-brighter"),
        pytest.param(0.8, -3.0, 0.5, 0.6, id="lamp-in-the-dark"),
        pytest.param(12.0, -1.0, 0.25, 6.25, id="above-one"),
    ],
)
def test_apply_maps(linear, stops, emission, expected):
    maps = (torch.full((1, 3, 2, 2), value) for value in (linear, stops, emission))
    assert torch.allclose(apply_maps(*maps), torch.full((1, 3, 2, 2), expected))


def test_display_curve_comes_back():
    display = torch.linspace(0, 1, 256).reshape(1, 1, 16, 16)
    assert torch.allclose(encode_display(decode_display(display)), display, atol=1e-5)


def test_middle_grey():
    assert encode_display(torch.tensor(0.18)) == pytest.approx(0.4614, abs=1e-3)


def test_burnt_out_light_keeps_a_gradient():
    light = torch.tensor([2.0, 200.0], requires_grad=True)
    encode_display(light).sum().backward()
    per_stop = light.grad * light.detach()  # d/dS of x * 2^S
    assert torch.allclose(per_stop, torch.full((2,), 0.05))


@pytest.mark.parametrize("start", [-4.5, 3.0])
def test_starts_at_the_stops_told(start):
    torch.manual_seed(0)
    made = Relight(start).eval()(torch.rand(1, 3, 64, 128) * 2 - 1)
    stops, emission = made.stops, made.emission
    assert stops.mean().item() == pytest.approx(start, abs=0.3)
    assert 0 < emission.mean().item() < 0.02


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (2, 3, 128, 320), (1, 3, 256, 64)])
def test_maps_have_the_size_of_the_plate(shape):
    made = Relight(-4.5)(torch.zeros(shape))
    stops, emission = made.stops, made.emission
    assert stops.shape == emission.shape == shape
    assert stops.dtype == emission.dtype == torch.float32


def test_maps_stay_in_their_range():
    network = Relight(0.0)
    torch.nn.init.normal_(network.head.weight, std=50.0)
    made = network(torch.rand(1, 3, 64, 64) * 2 - 1)
    stops, emission = made.stops, made.emission
    assert stops.abs().max() <= 8
    assert stops.abs().max() > 7.9
    assert emission.min() >= 0


def test_sees_the_whole_frame():
    """What one corner gets depends on the other: that's what the deep U-Net is for."""
    torch.manual_seed(0)
    plate = (torch.rand(1, 3, 256, 256) * 2 - 1).requires_grad_()
    Relight(-4.5)(plate).stops[..., -8:, -8:].sum().backward()
    assert plate.grad[..., :8, :8].abs().max() > 0
