import pytest

from daynight.errors import UsageError
from daynight.training.run.recipe import Recipe, presets


@pytest.fixture
def relight():
    return Recipe.preset("relight")


def test_round_trip(relight, tmp_path):
    recipe = relight.updated({"steps": "7", "to_night.start": "-3"})
    recipe.write(tmp_path)
    assert Recipe.read(tmp_path) == recipe


def test_settings_from_text(relight):
    recipe = relight.updated(
        {
            "steps": "12",
            "cycle": "3",
            "mirror": "false",
            "betas": "0.5,0.9",
            "discriminators.score": "sigmoid",
            "to_night.start": "-2.5",
            "generator.blocks": "2",
        }
    )
    assert (recipe.steps, recipe.cycle, recipe.mirror, recipe.betas) == (12, 3.0, False, (0.5, 0.9))
    assert (recipe.discriminators, recipe.to_night) == ({"score": "sigmoid"}, {"start": -2.5})
    assert recipe.generator == {"blocks": 2}
    assert recipe.to_day == relight.to_day


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("cycl", "1", "did you mean 'cycle'", id="unknown"),
        pytest.param("steps", "1.5", "steps=1.5: input should be a valid integer", id="not-whole"),
        pytest.param("cycle", "much", "write like cycle=0.5", id="no-number"),
        pytest.param("cycle", "-1", "greater than or equal to 0", id="too-low"),
        pytest.param("framing", "round", "'whole', 'square' or 'random'", id="no-choice"),
        pytest.param("betas", "0.5", "write like betas=0.5,0.999", id="one-of-two"),
        pytest.param("to_night", "1", "write to_night.NAME=VALUE", id="no-table"),
        pytest.param("cycle.x", "1", "write cycle=VALUE", id="no-value"),
        pytest.param("batch", "2", "needs pictures of one shape", id="whole-frames-in-batches"),
        pytest.param("adversarial", "wasserstein", "pictures of one shape", id="whole-frames-mixed"),
    ],
)
def test_wrong_setting_is_refused(relight, name, text, message):
    with pytest.raises(UsageError, match=message):
        relight.updated({name: text})


def test_settings_that_hold_together_in_any_order(relight):
    recipe = relight.updated({"batch": "2", "framing": "random"})
    assert (recipe.batch, recipe.framing) == (2, "random")


def test_presets_hold_the_papers_figures():
    assert presets() == ["p0", "p1-attention", "p1-cyclegan", "relight"]
    p0, attention = Recipe.preset("p0"), Recipe.preset("p1-attention")
    assert (p0.network, p0.learning_rate, p0.cycle, p0.size) == ("p0", 2e-4, 10, 256)
    assert (p0.framing, p0.discriminators) == ("square", {"score": "linear"})
    weights = (attention.cycle, attention.identity, attention.attention)
    assert (attention.network, attention.learning_rate, weights) == ("attention", 1e-4, (20, 10, 100))
    assert (attention.weight_decay, attention.batch, attention.steps) == (1e-4, 10, 20000)
    baseline = Recipe.preset("p1-cyclegan")
    same = {"network", "attention", "generator"}
    assert baseline.model_dump(exclude=same) == attention.model_dump(exclude=same)


def test_a_preset_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('network = "p0"\nsteps = 5\n[discriminators]\nscore = "sigmoid"\n')
    assert Recipe.preset(str(path)) == Recipe(network="p0", steps=5, discriminators={"score": "sigmoid"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"network = ", "mine.toml: is no recipe", id="no-toml"),
        pytest.param(b"steps = 5", "network: field required", id="no-network"),
        pytest.param(b'network = "p0"\nsteps = 0', "steps: input should be greater", id="no-steps"),
        pytest.param(
            b'network = "p0"\nsteps = 1\nfoo = 2', "foo: extra inputs are not permitted", id="unknown"
        ),
        pytest.param(b"\xff\xfe", "is no text in UTF-8", id="no-text"),
    ],
)
def test_broken_preset(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        Recipe.preset(str(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [("p1", "is unknown; known: p0, p1-attention"), ("absent.toml", r"can't be read \(No such file")],
)
def test_no_preset(name, message):
    with pytest.raises(UsageError, match=message):
        Recipe.preset(name)


def test_no_recipe(tmp_path):
    with pytest.raises(UsageError, match=r"holds no recipe\.json"):
        Recipe.read(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", '{"network": "p0", "steps": 1, "unheard": 1}', "[]"])
def test_broken_recipe(tmp_path, text):
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(UsageError, match="is no recipe"):
        Recipe.read(tmp_path)
