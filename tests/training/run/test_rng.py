import pytest

torch = pytest.importorskip("torch")

from daynight.training.run.rng import Chance  # noqa: E402


def drawn(chance, what="data", rank=0):
    own = torch.rand(1, generator=chance.of_tensors(what, rank, torch.device("cpu")))
    return float(chance.of(what).random()), float(own)


def test_the_same_step_draws_the_same():
    assert drawn(Chance(1, 5)) == drawn(Chance(1, 5))


@pytest.mark.parametrize("other", [Chance(2, 5), Chance(1, 6), Chance(1, 5, falls=1)])
def test_another_seed_step_or_fall_draws_another(other):
    assert not set(drawn(Chance(1, 5))) & set(drawn(other))


def test_uses_are_apart():
    assert not set(drawn(Chance(1, 5), "data")) & set(drawn(Chance(1, 5), "pools"))


def test_processes_share_all_but_the_chance_of_tensors():
    (shared, own), (also_shared, other) = drawn(Chance(1, 5)), drawn(Chance(1, 5), rank=1)
    assert shared == also_shared
    assert own != other
