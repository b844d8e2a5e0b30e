import pytest

from daynight.training.run.recipe import RunRecipe
from daynight.training.run.schedules import Plateau, Rates, rate_share


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 1, 0.5, 0]),
        ("cosine", [1, 1, 0.5, 0]),
    ],
)
def test_shares_at_the_start_before_amid_and_after_the_decay(schedule, expected):
    assert [rate_share(schedule, progress, 0.4) for progress in (0, 0.6, 0.8, 1)] == pytest.approx(expected)


def test_cosine_falls_slowly_at_first():
    linear, cosine = (rate_share(schedule, 0.7, 0.4) for schedule in ("linear", "cosine"))
    assert linear == pytest.approx(0.75)
    assert cosine == pytest.approx(0.8535534)


def test_a_plateau_halves_the_rates_each_time():
    plateau = Plateau(patience=10)
    for _ in range(5):
        plateau.add(1.0)
    assert plateau.share == 1
    for _ in range(6):
        plateau.add(1.0)
    assert plateau.share == 0.5
    for _ in range(10):
        plateau.add(2.0)
    assert plateau.share == 0.25


def test_no_plateau_while_losses_fall():
    plateau = Plateau(patience=5)
    for step in range(100):
        plateau.add(1 / (1 + step))
    assert plateau.share == 1


def test_a_plateau_goes_on_where_it_was():
    one, other = Plateau(10), Plateau(10)
    for _ in range(8):
        one.add(1.0)
    other.restore(one.state())
    shares = []
    for plateau in (one, other):
        for _ in range(3):
            plateau.add(1.0)
        shares.append(plateau.share)
    assert shares == [0.5, 0.5]


def test_the_recipe_chooses():
    rates = Rates(RunRecipe(steps=100, schedule="plateau", patience=1))
    rates.plateau.add(1.0)
    rates.plateau.add(1.0)
    assert rates.share(0) == 0.5
    assert Rates(RunRecipe(steps=100, schedule="linear", decay=1.0)).share(25) == 0.75
