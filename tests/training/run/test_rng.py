import pytest

torch = pytest.importorskip("torch")

from daynight.training.run.rng import StepRng  # noqa: E402


def drawn(rng, what="data", rank=0):
    own = torch.rand(1, generator=rng.torch(what, rank, torch.device("cpu")))
    return float(rng.numpy(what).random()), float(own)


def test_the_same_step_draws_the_same():
    assert drawn(StepRng(1, 5)) == drawn(StepRng(1, 5))


@pytest.mark.parametrize("other", [StepRng(2, 5), StepRng(1, 6), StepRng(1, 5, rollbacks=1)])
def test_another_seed_step_or_rollback_draws_another(other):
    assert not set(drawn(StepRng(1, 5))) & set(drawn(other))


def test_uses_are_apart():
    assert not set(drawn(StepRng(1, 5), "data")) & set(drawn(StepRng(1, 5), "pools"))


def test_processes_share_all_but_random_tensors():
    (shared, own), (also_shared, other) = drawn(StepRng(1, 5)), drawn(StepRng(1, 5), rank=1)
    assert shared == also_shared
    assert own != other
