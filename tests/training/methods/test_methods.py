"""The methods that recipes can name, and their presets."""

import pytest

pytest.importorskip("torch")

from daynight.errors import UsageError
from daynight.training.methods import METHODS, find_method, preset_files
from daynight.training.recipe import read_preset


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_name_of_its_row_and_of_its_recipe(name):
    method = find_method(name)
    assert method.name == name
    assert method.recipe.model_fields["name"].default == name


@pytest.mark.parametrize("name", preset_files())
def test_a_preset_is_a_recipe_of_a_method(name):
    assert read_preset(name).method.name in METHODS


def test_an_unknown_method_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"method 'cycle_gan': is unknown; did you mean 'cycle-gan'\?"):
        find_method("cycle_gan")
