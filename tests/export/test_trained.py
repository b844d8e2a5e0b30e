import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training_runs import recipe_of  # noqa: E402

from daynight.errors import ModelError, UsageError  # noqa: E402
from daynight.export.trained import facts_of, load_generator  # noqa: E402
from daynight.training.recipe import write_recipe  # noqa: E402
from daynight.training.run.checkpoint import Parts, save_checkpoint  # noqa: E402


@pytest.fixture
def make_run(kinds, tmp_path):
    """Write a run of a kind of network, and give its folder and its night network."""

    def make(kind, *, best=False, steps=5, **settings):
        write_recipe(recipe_of(kind, generator=settings, steps=9, seed=4), tmp_path)
        network = kinds[kind].generator(**settings)
        save_checkpoint(tmp_path, steps, Parts({"night-average": network}), best=best)
        return tmp_path, network

    return make


def test_the_running_average_with_the_recipes_settings(make_run, kinds):
    run, network = make_run("cyclegan", blocks=1)
    trained = load_generator(run, "night", kinds)
    plate = np.random.default_rng(0).uniform(-1, 1, (1, 3, 24, 32)).astype(np.float32)
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(plate)).picture.numpy()
    (given,) = trained(plate)
    assert np.array_equal(given, expected)
    assert (trained.step, trained.direction, trained.outputs) == (5, "night", ("picture",))
    assert not trained.network.training


def test_a_network_that_attends_gives_the_picture_alone(make_run, kinds):
    run, network = make_run("attention", blocks=1)
    plate = torch.zeros(1, 3, 24, 32)
    with torch.no_grad():
        expected = network.eval()(plate).picture.numpy()
    (given,) = load_generator(run, "night", kinds)(plate.numpy())
    assert np.array_equal(given, expected)


def test_settings_of_one_direction_go_over_those_of_both(kinds, tmp_path):
    recipe = recipe_of("cyclegan", generator={"blocks": 3}, to_day={"blocks": 1}, steps=9)
    write_recipe(recipe, tmp_path)
    averages = {
        f"{name}-average": kinds["cyclegan"].generator(blocks) for name, blocks in (("night", 3), ("day", 1))
    }
    save_checkpoint(tmp_path, 1, Parts(averages))
    counts = [len(load_generator(tmp_path, name, kinds).network.network) for name in ("night", "day")]
    assert counts[0] - counts[1] == 2


def test_maps_are_two(make_run, kinds):
    run, _ = make_run("relight")
    trained = load_generator(run, "night", kinds)
    assert trained.outputs == ("stops", "emission")
    assert [each.shape for each in trained(np.zeros((1, 3, 64, 128), np.float32))] == [(1, 3, 64, 128)] * 2


def test_the_best_checkpoint(make_run, kinds):
    run, _ = make_run("cyclegan", blocks=1, steps=5, best=True)
    make_run("cyclegan", blocks=1, steps=8)
    assert [load_generator(run, "night", kinds, best=best).step for best in (False, True)] == [8, 5]


def test_a_kind_that_no_plugin_has(make_run, kinds):
    run, _ = make_run("p0")
    with pytest.raises(
        UsageError, match="is a run of network 'p0', which no installed plugin has; install its plugin"
    ):
        load_generator(run, "night", {})


def test_a_broken_checkpoint_is_told(make_run, kinds):
    run, _ = make_run("cyclegan", blocks=1)
    (run / "checkpoint-000009.safetensors").write_bytes(b"nothing")
    told = []
    assert load_generator(run, "night", kinds, warn=told.append).step == 5
    assert "is broken" in told[0]


def test_facts_of_kind_run_card_and_file(make_run, kinds):
    run, _ = make_run("p0")
    (run / "night.md").write_text("# A card\n", encoding="utf-8")
    (run / "facts.json").write_text(json.dumps({"licence": "CC0-1.0", "bytes_per_pixel": 900}))
    facts = facts_of(run, load_generator(run, "night", kinds))
    assert (facts.kind, facts.size_multiple, facts.radius, facts.exact_tiling) == ("pixels", 8, 103, True)
    assert (facts.direction, facts.short_side, facts.training) == ("day-to-night", None, "5 steps, seed 4")
    assert (facts.card, facts.licence, facts.bytes_per_pixel) == ("# A card\n", "CC0-1.0", 900)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("{", UsageError, "is not JSON"),
        ("[]", UsageError, "is not a JSON object"),
        ('{"licens": ""}', ModelError, "did you mean 'licence'?"),
    ],
)
def test_facts_that_can_not_be_taken(make_run, kinds, text, kind, message):
    run, _ = make_run("cyclegan", blocks=1)
    (run / "facts.json").write_text(text)
    with pytest.raises(kind) as caught:
        facts_of(run, load_generator(run, "night", kinds))
    assert message in str(caught.value)
