"""Light groups: they add up, each control moves its own, and lamps stay where lamps can be."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from surveys import HEIGHT, SKYLINE, WIDTH, WINDOW, street, survey_of

from daynight.looks.night import Night, night
from daynight.looks.night_options import NightOptions
from daynight.models.scene import MATTES

BUILDING = MATTES.index("building")
GROUPS = ("ambient", "practicals", "emission")


def made(**options: Any) -> Night:
    plate = street()
    return night(plate, survey_of(plate), NightOptions(**options))


def changed(**options: Any) -> set[str]:
    """The groups that options change."""
    plain, other = made(), made(**options)
    return {name for name in GROUPS if not np.array_equal(getattr(plain, name), getattr(other, name))}


def stops(light: NDArray[np.float32], where: Any) -> float:
    return float(np.log2(light[where].mean()))


GROUND = (slice(SKYLINE + 8, None), slice(100, None))
SKY = (slice(0, SKYLINE - 8), slice(None))


@pytest.mark.parametrize(
    ("options", "group"),
    [
        ({"ambient": 1.0}, "ambient"),
        ({"flat": -4.0}, "ambient"),
        ({"moon": 4000.0}, "ambient"),
        ({"saturation": 0.1}, "ambient"),
        ({"black": 0.001}, "ambient"),
        ({"sky_level": -5.0}, "ambient"),
        ({"sky_colour": [1.0, 0.5, 0.25]}, "ambient"),
        ({"sky_gradient": 3.0}, "ambient"),
        ({"clouds": 1.5}, "ambient"),
        ({"practicals": -1.0}, "practicals"),
        ({"practicals_on": False}, "practicals"),
        ({"practicals_colour": 2200.0}, "practicals"),
        ({"lamps": 1.0}, "emission"),
        ({"lamps_on": False}, "emission"),
        ({"lamps_colour": 2200.0}, "emission"),
        ({"lit": 0.9}, "emission"),
        ({"seed": 4}, "emission"),
        ({"glow": 0.6}, "emission"),
        ({"glow_size": 3.0}, "emission"),
    ],
)
def test_a_control_moves_its_own_group_alone(options: dict[str, Any], group: str) -> None:
    assert changed(**options) == {group}


def test_sunlit_parts_come_down_in_moonlight_and_in_lamplight() -> None:
    plate = street()
    plate[SKYLINE + 10 :, :40] *= 8  # a patch of sun
    told = survey_of(plate)
    sunny, cloudy = (night(plate, told, NightOptions(sun=share)) for share in (0.0, 1.0))
    patch, shade = (slice(-20, None), slice(0, 30)), (slice(-20, None), slice(100, None))
    assert stops(sunny.ambient, patch) - stops(sunny.ambient, shade) == pytest.approx(3.0, abs=0.2)
    assert stops(cloudy.ambient, patch) - stops(cloudy.ambient, shade) == pytest.approx(0.0, abs=0.5)
    assert stops(cloudy.practicals, patch) < stops(sunny.practicals, patch) - 2


def test_levels_are_in_stops() -> None:
    assert stops(made(ambient=-2.0).ambient, GROUND) == pytest.approx(
        stops(made().ambient, GROUND) - 2, abs=1e-3
    )
    assert stops(made(practicals=1.5).practicals, GROUND) == pytest.approx(
        stops(made().practicals, GROUND) + 1.5, abs=1e-3
    )
    assert stops(made(lamps=1.0, glow=0.0).emission, WINDOW) == pytest.approx(
        stops(made(glow=0.0).emission, WINDOW) + 1, abs=1e-3
    )


def test_a_flat_ambient_takes_the_ground_down_by_so_many_stops() -> None:
    result = made(flat=-3.0, moon=[1.0, 1.0, 1.0], saturation=1.0, sun=0.0)
    np.testing.assert_allclose(result.ambient[GROUND], street()[GROUND] / 8, rtol=0.02)


def test_the_sky_has_its_own_level_and_colour_whatever_the_plate_has() -> None:
    options = NightOptions(sky_level=-7.0, sky_colour=[0.5, 1.0, 2.0], sky_gradient=0.0, clouds=0.0)
    for gain in (0.25, 1.0, 4.0):
        plate = street()
        plate[:SKYLINE] *= gain
        sky = night(plate, survey_of(plate), options).ambient[SKY].mean(axis=(0, 1))
        np.testing.assert_allclose(sky, 2.0**-7 * np.array([0.5, 1.0, 2.0]), rtol=0.02)


def test_a_sky_gradient_is_so_many_stops_from_top_to_bottom() -> None:
    sky = made(sky_gradient=4.0, clouds=0.0).ambient[:, 80]
    rise = np.log2(sky[SKYLINE - 10] / sky[0])
    assert rise == pytest.approx(4.0 * (SKYLINE - 10) / HEIGHT, abs=0.05)


def test_an_image_takes_the_sky_alone() -> None:
    plate = street()
    stars = np.full(plate.shape, 0.5, np.float32)
    result = night(plate, survey_of(plate), NightOptions(), stars)
    np.testing.assert_allclose(result.ambient[SKY], 0.5, rtol=1e-3)
    np.testing.assert_allclose(result.ambient[GROUND], made().ambient[GROUND], rtol=1e-3)


def test_no_lamp_and_no_lamplight_is_on_the_sky() -> None:
    plate = street()
    told = survey_of(plate)
    assert told.lights is not None
    told.lights[..., 3] = 5  # the whole frame is taken for a lamp
    result = night(plate, told, NightOptions(glow=0.0))
    assert result.emission[SKY].max() == 0
    assert result.practicals[SKY].max() < 1e-4
    assert result.emission[GROUND].min() > 0.1


def test_where_nothing_is_built_no_lamp_is_lit() -> None:
    plate = street()
    told = survey_of(plate, built=False)
    assert told.lights is not None
    told.lights[..., 3] = 5
    assert not night(plate, told, NightOptions()).emission.any()


def test_a_window_is_sharp_at_the_plate_s_size() -> None:
    plate = street(4 * HEIGHT, 4 * WIDTH, grain=0.0)
    result = night(plate, survey_of(plate), NightOptions(glow=0.0))
    row = result.emission[4 * 58, :, 0]
    inside, outside = row[4 * 62 : 4 * 78], row[4 * 45 : 4 * 58]
    assert inside.min() > 0.5 * inside.max() > 0.1
    assert outside.max() < 0.02 * inside.max()


def test_more_are_lit_with_lit_and_others_with_another_seed() -> None:
    shares = [float((made(lit=lit).emission > 0.1).mean()) for lit in (0.0, 0.5, 1.0)]
    assert shares == sorted(shares)
    one, two, again = (made(seed=seed, lit=0.8).emission for seed in (1, 2, 1))
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(one, again)


def test_a_glow_loses_no_light() -> None:
    plain, glowing = made(glow=0.0).emission, made(glow=0.5).emission
    assert glowing.sum() == pytest.approx(plain.sum(), rel=0.01)
    beside = (slice(52, 64), slice(83, 90))
    assert glowing[beside].sum() > 3 * plain[beside].sum()


@pytest.mark.parametrize("exposure", [-2.0, 2.0])
def test_a_plate_at_another_exposure_gives_the_same_night(exposure: float) -> None:
    plate = street() * np.float32(2.0**exposure)
    other = night(plate, survey_of(plate, exposure=-exposure), NightOptions())
    for name in GROUPS:
        np.testing.assert_allclose(getattr(other, name), getattr(made(), name), rtol=1e-3, atol=1e-6)


def test_without_a_light_network_there_is_moonlight_alone() -> None:
    plate = street()
    result = night(plate, survey_of(plate, lights=False), NightOptions(flat=-3.0))
    assert result.ambient[GROUND].min() > 0
    assert not result.practicals.any()
    assert not result.emission.any()


@pytest.mark.parametrize("shape", [(1, 1), (31, 33), (64, 64), (65, 40), (97, 7)])
def test_any_size_and_strip_is_filled(shape: tuple[int, int]) -> None:
    plate = street(*shape)
    result = night(plate, survey_of(plate), NightOptions())
    for name in GROUPS:
        assert np.isfinite(getattr(result, name)).all()
        assert getattr(result, name).shape == (*shape, 3)


@pytest.mark.parametrize("value", [0.0, 1.0, 65504.0, np.nan, np.inf])
def test_a_plate_of_one_value_gives_finite_light(value: float) -> None:
    plate = np.full((HEIGHT, WIDTH, 3), value, np.float32)
    finite = np.nan_to_num(plate, posinf=65504.0)
    result = night(plate, survey_of(finite), NightOptions())
    assert all(np.isfinite(getattr(result, name)).all() for name in GROUPS)


def test_highlights_of_an_hdr_plate_come_down() -> None:
    plate = street()
    plate[70:90, 10:40] = 30.0
    result = night(plate, survey_of(plate), NightOptions())
    assert (result.ambient + result.practicals).max() < 1


@pytest.mark.parametrize(
    ("light", "part"), [(0.72, 0.3), (0.18 * 2**2.5, 0.3), (0.18 * 2**6.5, 0.3 + 0.45 * 4 / 6.5)]
)
def test_what_is_above_white_comes_down_by_more(light: float, part: float) -> None:
    plate = np.full((HEIGHT, WIDTH, 3), 0.18, np.float32)
    plate[:, WIDTH // 2 :] = light
    told = survey_of(plate)
    told.mattes[..., MATTES.index("sky")] = 0
    down = [
        stops(night(plate, told, NightOptions(sun=sun)).ambient, (slice(40, 56), slice(-20, None)))
        for sun in (0.0, 0.3)
    ]
    assert down[0] - down[1] == pytest.approx(part * np.log2(light / 0.18), abs=0.1)


def test_training_makes_the_same_night() -> None:
    torch = pytest.importorskip("torch")
    from daynight.training.networks import night as tensors

    plate = street()
    told = survey_of(plate)
    assert told.lights is not None
    told.lights[..., 6] = 0.7  # of a lamp's light comes through panes
    maps, mattes = (
        torch.from_numpy(np.ascontiguousarray(each.transpose(2, 0, 1)))[None]
        for each in (told.lights, told.mattes)
    )
    light = torch.from_numpy(np.ascontiguousarray(plate.transpose(2, 0, 1)))[None]
    groups = tensors.night(light, maps, mattes)
    building = mattes[:, 1:2]
    standard = tensors.standardised(maps[:, 3:4], building)[0, 0].numpy()
    told.lights[..., 3] = standard  # in use this is the shot's
    ours = night(plate, told, NightOptions(sky_gradient=0.0))
    # A glow's tail, which is computed at a quarter of the size in use, is of no account.
    for name, least in zip(GROUPS, (1e-3, 1e-3, 1e-2), strict=True):
        theirs = getattr(groups, name)[0].numpy().transpose(1, 2, 0)
        far = np.abs(np.log2((getattr(ours, name) + least) / (theirs + least)))
        assert np.median(far) < 0.1, name
        assert np.quantile(far, 0.95) < 0.4, name


def test_what_may_not_be_built_is_hardly_a_lamp() -> None:
    plate = street()
    told = survey_of(plate)
    unsure = told.mattes.copy()
    left = slice(0, unsure.shape[1] // 2)
    # A bright pavement before a wall is told as a mixture of both.
    unsure[:, left, BUILDING] *= 0.6
    sure, half = (
        night(plate, each, NightOptions(glow=0.0)).emission
        for each in (told, dataclasses.replace(told, mattes=unsure))
    )
    assert half[:, : WIDTH // 2 - 24].sum() < 0.5 * sure[:, : WIDTH // 2 - 24].sum()
    np.testing.assert_allclose(half[:, WIDTH // 2 + 24 :], sure[:, WIDTH // 2 + 24 :], atol=1e-4)
