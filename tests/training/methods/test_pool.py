import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.training.methods.cycle_gan.pool import ImagePool  # noqa: E402


def picture(value):
    return torch.full((1, 3, 2, 2), float(value))


def test_without_a_pool_the_newest_is_given():
    pool, random = ImagePool(0), np.random.default_rng(0)
    assert [pool.swapped(picture(n), random).mean().item() for n in range(5)] == list(range(5))


def test_gives_earlier_ones_half_the_time():
    pool, random = ImagePool(10), np.random.default_rng(0)
    given = [pool.swapped(picture(n), random).mean().item() for n in range(1000)]
    assert given[:10] == list(range(10))
    earlier = [value < n for n, value in enumerate(given)][10:]
    assert 0.4 < np.mean(earlier) < 0.6


def test_keeps_a_picture_without_the_rest_of_its_batch():
    pool = ImagePool(2)
    for _ in range(3):
        pool.swapped(torch.rand(8, 3, 2, 2), np.random.default_rng(0))
    assert [kept.untyped_storage().nbytes() for kept in pool.pictures] == [3 * 2 * 2 * 4] * 2


def test_takes_no_gradient_along():
    given = ImagePool(1).swapped(picture(1).requires_grad_(), np.random.default_rng(0))
    assert not given.requires_grad
