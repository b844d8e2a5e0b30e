"""Each row of the generators' losses: its value for known pictures, what it needs, and its default weight."""

import math

import pytest

torch = pytest.importorskip("torch")

from daynight.training.methods.cycle_gan.terms import TERMS, Pass  # noqa: E402
from daynight.training.methods.cycle_gan.translation import Rendering  # noqa: E402


def level(value):
    return torch.full((1, 3, 8, 8), float(value))


def pair(value):
    return torch.full((1, 2), float(value))


def band(low, high):
    return torch.full((4, 4), float(low)), torch.full((4, 4), float(high))


STOPS = torch.tensor([-3.0, -4.0, -5.0]).reshape(1, 3, 1, 1).expand(1, 3, 8, 8)
STEPS = torch.arange(8.0).expand(1, 3, 8, 8)
DAY = Pass(
    level(0.5),
    Rendering(level(-0.5), light=level(4.0), stops=STOPS, logits=pair(0.0)),
    cycled=Rendering(level(0.4)),
    identity=Rendering(level(0.8), logits=pair(-100.0)),
    band=band(-1, -0.9),
)
NIGHT = Pass(
    level(-0.7),
    Rendering(level(0.2), light=level(1.0), stops=STEPS, logits=pair(100.0)),
    cycled=Rendering(level(-0.4)),
    identity=Rendering(level(-0.6), logits=pair(0.0)),
    band=band(0.5, 1),
)
ROWS = {each.name: each for each in TERMS}
VALUES = {
    "cycle": (0.1 + 0.3) / 2,
    "identity": 0.3 + 0.1,
    "burn": 2.0,  # the day's result is at 4, two stops above white; the night's at 1 is not
    "tint": 2 / 3,
    "smoothness": 1.0,
    # Each generator's source by its forward pass, its target by the other side's identity pass:
    # -log s(0) - log(1 - s(0)) to night, nothing to day, where both are certain and right.
    "attention": 2 * math.log(2),
    "paired": abs(-0.5 + 0.7) + abs(0.2 - 0.5),
    "level": 0.4 + 0.3,  # the night 0.4 too bright, the day 0.3 too dark
}


@pytest.mark.parametrize("name", VALUES)
def test_a_term_has_its_value(name):
    assert ROWS[name].loss(DAY, NIGHT).item() == pytest.approx(VALUES[name], abs=1e-5)


def test_structure_is_lost_where_edges_turn_around():
    turned = Pass(STEPS, Rendering(-STEPS), Rendering(STEPS), None, DAY.band)
    kept = Pass(STEPS, Rendering(STEPS / 2 - 1), Rendering(STEPS), None, DAY.band)
    assert ROWS["structure"].loss(kept, kept).item() == pytest.approx(0, abs=1e-5)
    assert ROWS["structure"].loss(turned, kept).item() == pytest.approx(2, abs=1e-5)


def test_every_term_is_tested_and_none_but_the_cycle_is_on_by_itself():
    assert {*VALUES, "structure"} == set(ROWS)
    assert {name for name, row in ROWS.items() if row.weight} == {"cycle"}
    assert {name for name, row in ROWS.items() if row.always} == {"cycle"}


@pytest.mark.parametrize("name", ["burn", "tint", "smoothness", "attention", "identity"])
def test_a_term_without_what_it_needs_can_not_be_computed(name):
    bare = Pass(level(0), Rendering(level(0)), Rendering(level(0)), None, DAY.band)
    assert ROWS[name].needs
    with pytest.raises(AssertionError):
        ROWS[name].loss(bare, bare)
