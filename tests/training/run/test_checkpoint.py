import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.errors import UsageError  # noqa: E402
from daynight.training.methods.cycle_gan.pool import ImagePool  # noqa: E402
from daynight.training.run.checkpoint import (  # noqa: E402
    Parts,
    load_checkpoint,
    save_checkpoint,
)


def trained(seed):
    """A small network and its optimiser, a step on."""
    torch.manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 1, 3))
    adam = torch.optim.Adam(network.parameters(), 1e-2)
    network(torch.rand(1, 3, 8, 8)).mean().backward()
    adam.step()
    return network, adam


def values(network, adam):
    moments = [state[key] for state in adam.state_dict()["state"].values() for key in sorted(state)]
    return [*network.state_dict().values(), *moments]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(values(*one), values(*other), strict=True))


def test_round_trip_is_bit_equal(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 250, Parts({"night": network}, {"adam": adam}))
    other, other_adam = trained(1)
    assert not same((network, adam), (other, other_adam))
    assert load_checkpoint(tmp_path, Parts({"night": other}, {"adam": other_adam})) == (250, {})
    assert same((network, adam), (other, other_adam))


def test_one_file_and_no_pickle(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000001.safetensors"]
    assert load_checkpoint(tmp_path, Parts({}))[0] == 1


def test_a_write_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}))

    def disk_full(path, content):
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", disk_full)
        with pytest.raises(OSError, match="No space"):
            save_checkpoint(tmp_path, 2, Parts({"night": network}, {"adam": adam}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000001.safetensors"]
    assert load_checkpoint(tmp_path, Parts({"night": network})) == (1, {})


def test_half_a_file_is_not_taken(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}))
    path = tmp_path / "checkpoint-000001.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UsageError, match="can't be read"):
        load_checkpoint(tmp_path, Parts({"night": network}))


def test_the_one_before_a_broken_one_is_taken_and_that_is_told(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}))
    later, later_adam = trained(1)
    newest = save_checkpoint(tmp_path, 2, Parts({"night": later}, {"adam": later_adam}))
    newest.write_bytes(newest.read_bytes()[:-40])
    other, other_adam = trained(2)
    told = []
    assert load_checkpoint(tmp_path, Parts({"night": other}, {"adam": other_adam}), told.append) == (1, {})
    assert same((network, adam), (other, other_adam))
    assert len(told) == 1
    assert told[0].startswith(f"{newest} is broken")


def test_the_last_two_are_kept(tmp_path):
    network, adam = trained(0)
    for step in (1, 20, 300):
        save_checkpoint(tmp_path, step, Parts({"night": network}, {"adam": adam}))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-000020.safetensors", "checkpoint-000300.safetensors"]
    assert load_checkpoint(tmp_path, Parts({}))[0] == 300


def test_the_best_stays_and_can_be_asked_for(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}), best=True)
    for step in (2, 3, 4):
        save_checkpoint(tmp_path, step, Parts({"night": trained(step)[0]}))
    other, _ = trained(9)
    assert load_checkpoint(tmp_path, Parts({"night": other}), best=True)[0] == 1
    assert torch.equal(other[0].weight, network[0].weight)
    assert load_checkpoint(tmp_path, Parts({"night": other}))[0] == 4


def test_steps_are_counted_beyond_six_digits(tmp_path):
    network, _ = trained(0)
    for step in (999_999, 1_000_000, 1_000_001):
        save_checkpoint(tmp_path, step, Parts({"night": network}))
    assert load_checkpoint(tmp_path, Parts({}))[0] == 1_000_001
    assert {path.stem for path in tmp_path.iterdir()} == {"checkpoint-1000000", "checkpoint-1000001"}


def test_no_best(tmp_path):
    save_checkpoint(tmp_path, 1, Parts({"night": trained(0)[0]}))
    with pytest.raises(UsageError, match="holds no best checkpoint"):
        load_checkpoint(tmp_path, Parts({}), best=True)


def test_pools_and_state_come_back(tmp_path):
    random, pool = np.random.default_rng(5), ImagePool(3)
    for value in range(3):
        pool.swapped(torch.full((1, 3, 2, 2 + value), float(value)), random)
    parts = Parts({}, pools={"pool": pool})
    save_checkpoint(tmp_path, 1, parts, {"falls": 2, "best": float("inf")})
    expected = [picture.clone() for picture in pool.pictures]
    pool.swapped(torch.ones(1, 3, 4, 4), random)
    pool.pictures.clear()
    assert load_checkpoint(tmp_path, parts) == (1, {"falls": 2, "best": float("inf")})
    assert all(torch.equal(a, b) for a, b in zip(pool.pictures, expected, strict=True))


def test_no_checkpoint(tmp_path):
    with pytest.raises(UsageError, match="holds no checkpoint"):
        load_checkpoint(tmp_path, Parts({}))


def test_another_network_is_refused(tmp_path):
    network, adam = trained(0)
    save_checkpoint(tmp_path, 1, Parts({"night": network}, {"adam": adam}))
    with pytest.raises(UsageError, match="does not fit the networks"):
        load_checkpoint(tmp_path, Parts({"night": torch.nn.Linear(2, 2)}))
