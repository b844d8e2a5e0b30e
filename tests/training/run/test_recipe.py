import pytest

from daynight.errors import UsageError
from daynight.training.recipe import presets, read_preset, read_recipe, update_recipe, write_recipe


@pytest.fixture
def relight():
    return read_preset("relight")


def test_round_trip(relight, tmp_path):
    recipe = update_recipe(relight, {"steps": "7", "to_night.start": "-3"})
    write_recipe(recipe, tmp_path)
    assert read_recipe(tmp_path) == recipe


def test_settings_from_text(relight):
    recipe = update_recipe(
        relight,
        {
            "steps": "12",
            "cycle": "3",
            "mirror": "false",
            "betas": "0.5,0.9",
            "discriminators.score": "sigmoid",
            "to_night.start": "-2.5",
            "generator.blocks": "2",
        },
    )
    run, method = recipe.run, recipe.method
    assert (run.steps, recipe.data.mirror, run.betas) == (12, False, (0.5, 0.9))
    assert method.weights == {**relight.method.weights, "cycle": 3.0}
    assert (method.discriminators, method.to_night) == ({"score": "sigmoid"}, {"start": -2.5})
    assert method.generator == {"blocks": 2}
    assert method.to_day == relight.method.to_day
    assert update_recipe(relight, {"run.steps": "12", "method.weights.cycle": "3"}).run.steps == 12


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("cycl", "1", "did you mean 'cycle'", id="unknown"),
        pytest.param("steps", "1.5", "steps=1.5`: input should be a valid integer", id="not-whole"),
        pytest.param("cycle", "much", "write like `cycle=0.5`", id="no-number"),
        pytest.param("cycle", "-1", "greater than or equal to 0", id="too-low"),
        pytest.param("framing", "round", "'whole', 'square' or 'random'", id="no-choice"),
        pytest.param("betas", "0.5", "write like `betas=0.5,0.999`", id="one-of-two"),
        pytest.param("to_night", "1", "write to_night.NAME=VALUE", id="no-table"),
        pytest.param("cycle.x", "1", "write cycle=VALUE", id="no-value"),
        pytest.param("start", "1", "write one of method.to_night.start, method.to_day.start", id="ambiguous"),
        pytest.param("batch", "2", "needs pictures of one shape", id="whole-frames-in-batches"),
        pytest.param("adversarial", "wasserstein", "pictures of one shape", id="whole-frames-mixed"),
    ],
)
def test_wrong_setting_is_refused(relight, name, text, message):
    with pytest.raises(UsageError, match=message):
        update_recipe(relight, {name: text})


def test_settings_that_hold_together_in_any_order(relight):
    recipe = update_recipe(relight, {"batch": "2", "framing": "random"})
    assert (recipe.run.batch, recipe.data.framing) == (2, "random")


def test_presets_hold_the_papers_figures():
    assert presets() == [
        *("classifier", "night", "p0", "p1-attention"),
        *("p1-cyclegan", "relight", "scene"),
    ]
    p0, attention, baseline = map(read_preset, ("p0", "p1-attention", "p1-cyclegan"))
    assert (p0.method.network, p0.run.learning_rate, p0.method.weights["cycle"]) == ("p0", 2e-4, 10)
    assert (p0.data.size, p0.data.framing, p0.method.discriminators) == (256, "square", {"score": "linear"})
    weights = tuple(attention.method.weights[name] for name in ("cycle", "identity", "attention"))
    assert (attention.method.network, attention.run.learning_rate, weights) == (
        "attention",
        1e-4,
        (20, 10, 100),
    )
    assert (attention.run.weight_decay, attention.run.batch, attention.run.steps) == (1e-4, 10, 20000)
    assert (baseline.run, baseline.data) == (attention.run, attention.data)
    own = {"network", "generator", "weights"}
    assert baseline.method.model_dump(exclude=own) == attention.method.model_dump(exclude=own)


MINE = '[run]\nsteps = 5\n[method]\nname = "cycle-gan"\nnetwork = "p0"\n'


def test_a_preset_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE + '[method.discriminators]\nscore = "sigmoid"\n')
    recipe = read_preset(str(path))
    assert (recipe.run.steps, recipe.method.network) == (5, "p0")
    assert recipe.method.discriminators == {"score": "sigmoid"}
    assert recipe.method.weights["cycle"] == 10, "those left out have their default"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"network = ", "mine.toml: is not a recipe", id="no-toml"),
        pytest.param(b"[run]\nsteps = 5", "method", id="no-method"),
        pytest.param(MINE.replace("cycle-gan", "cycle").encode(), "cycle-gan", id="no-such-method"),
        pytest.param(MINE.replace("= 5", "= 0").encode(), "steps: input should be greater", id="no-steps"),
        pytest.param(MINE.encode() + b"foo = 2", "foo: extra inputs are not permitted", id="unknown"),
        pytest.param(MINE.encode() + b"[method.weights]\ncycl = 2", "cycl is not a loss", id="no-loss"),
        pytest.param(b"\xff\xfe", "is not text in UTF-8", id="no-text"),
    ],
)
def test_broken_preset(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_preset(str(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [("p1", "is unknown; "), ("absent.toml", r"can't be read \(No such file")],
)
def test_no_preset(name, message):
    with pytest.raises(UsageError, match=message):
        read_preset(name)


def test_no_recipe(tmp_path):
    with pytest.raises(UsageError, match=r"holds no recipe\.json"):
        read_recipe(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", '{"run": {"steps": 1}, "unheard": 1}', "[]"])
def test_broken_recipe(tmp_path, text):
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(UsageError, match="is not a recipe"):
        read_recipe(tmp_path)


def test_no_name_is_in_two_tables(relight):
    """So each may be written short."""
    names = [*type(relight.run).model_fields, *type(relight.data).model_fields]
    names += [*type(relight.method).model_fields, *relight.method.weights]
    assert len(names) == len(set(names))
