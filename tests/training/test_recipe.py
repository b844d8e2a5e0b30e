import pytest

from daynight.errors import UsageError
from daynight.training.recipe import Recipe


def test_round_trip(tmp_path):
    recipe = Recipe(steps=7, learning_rate=1e-3)
    recipe.write(tmp_path)
    assert Recipe.read(tmp_path) == recipe


def test_settings_from_text():
    recipe = Recipe().updated({"steps": "12", "cycle": "3"})
    assert (recipe.steps, recipe.cycle) == (12, 3.0)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("cycl", "1", "did you mean 'cycle'", id="unknown"),
        pytest.param("steps", "1.5", "no whole number", id="not-whole"),
        pytest.param("cycle", "much", "no number", id="no-number"),
    ],
)
def test_wrong_setting_is_refused(name, text, message):
    with pytest.raises(UsageError, match=message):
        Recipe().updated({name: text})


def test_no_recipe(tmp_path):
    with pytest.raises(UsageError, match=r"holds no recipe\.json"):
        Recipe.read(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", '{"betas": [0, 1], "unheard": 1}'])
def test_broken_recipe(tmp_path, text):
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(UsageError, match="is no recipe"):
        Recipe.read(tmp_path)
