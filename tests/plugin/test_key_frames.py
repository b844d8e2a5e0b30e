"""Numbers that change over a shot."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from daynight.plugin.key_frames import KeyFrames
from daynight.plugin.step import StepOptions

Kelvin = Annotated[float, Field(ge=1000)]


class Options(StepOptions):
    level: float = Field(0.0, ge=-5, le=5)
    warmth: float | None = None
    colour: Kelvin | tuple[float, float, float] = (1.0, 1.0, 1.0)
    text: str = ""


def test_values_go_straight_from_key_to_key_and_hold_beyond() -> None:
    options = Options(level="1001:0 1101:-2")
    assert [options.at(number).level for number in (900, 1001, 1026, 1101, 2000)] == [0, 0, -0.5, -2, -2]


def test_smooth_eases_in_and_out() -> None:
    keys = KeyFrames.parse("0:0 100:1 smooth")
    assert keys is not None
    assert keys.at(50) == pytest.approx(0.5)
    assert keys.at(10) < 0.05
    assert keys.at(90) > 0.95


def test_keys_may_come_in_any_order_and_with_commas() -> None:
    assert KeyFrames.parse("10:1, -5:0") == KeyFrames(((-5, 0.0), (10, 1.0)))


def test_a_frame_without_a_number_has_the_first_value() -> None:
    assert Options(level="1001:3 1100:4").at(None).level == 3


def test_an_option_that_may_be_none_may_be_key_framed() -> None:
    assert Options(warmth="1:2000 3:4000").at(2).warmth == 3000


def test_a_constrained_number_among_others_may_be_key_framed() -> None:
    assert Options(colour="1:2000 3:4000").at(2).colour == 3000
    with pytest.raises(ValidationError, match="greater than or equal to 1000"):
        Options(colour="1:2000 3:4")


def test_text_stays_text_and_plain_numbers_cost_nothing() -> None:
    options = Options(text="1:2", level=1)
    assert options.text == "1:2"
    assert options.at(7) is options


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1001:0 half", "level: 'half' is no key frame"),
        ("1001:0 1001:1", "frame 1001 has two values"),
        ("1001:0 1002:-7", "greater than or equal to -5"),
        ("1001:0 1002", "'1002' is no key frame"),
        ("much", "valid number"),
    ],
)
def test_wrong_key_frames_are_refused(value: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Options(level=value)


def test_key_frames_are_part_of_what_a_result_says_of_itself() -> None:
    plain, keyed = Options(level=0), Options(level="1:0 9:1")
    assert plain.model_dump(mode="json") != keyed.model_dump(mode="json")
    assert keyed.model_dump(mode="json")["level"] == ["linear", [1, 0.0], [9, 1.0]]
