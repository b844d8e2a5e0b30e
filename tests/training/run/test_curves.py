import json

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from daynight.errors import UsageError
from daynight.training.run.curves import draw_comparison, draw_losses, read_records

FIRST, SECOND = (0x26, 0x46, 0x8C), (0xE1, 0x82, 0x14)


def records(count=60, **losses):
    """Records each 10 steps, of losses given as functions from [0, 1]."""
    return [
        {"step": 10 * (place + 1), **{name: float(of(place / count)) for name, of in losses.items()}}
        for place in range(count)
    ]


def pixels(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def heights(picture, colour):
    """Mean row of a line's strong pixels in each column that has them; the legend stands right of all."""
    strong = (np.abs(picture.astype(int) - colour) < 6).all(axis=2)[:, :780]
    columns = np.flatnonzero(strong.any(axis=0))
    return np.array([np.flatnonzero(strong[:, column]).mean() for column in columns])


def test_curves_go_where_the_losses_go():
    drawn = pixels(draw_losses(records(generator=lambda t: 1 - t, discriminator=lambda t: t)))
    generator, discriminator = heights(drawn, FIRST), heights(drawn, SECOND)
    assert len(generator) > 500
    assert len(discriminator) > 500
    assert generator[-1] > generator[0] + 200  # rows count downwards
    assert discriminator[-1] < discriminator[0] - 200


def test_other_losses_have_a_panel_of_their_own_on_a_logarithmic_axis():
    drawn = pixels(draw_losses(records(generator=lambda t: t, cycle=lambda t: 10 ** (-4 * t))))
    middle = len(drawn) // 2
    assert heights(drawn[:middle], FIRST).size
    falling = heights(drawn[middle:], FIRST)
    assert np.abs(np.diff(falling, 2)).max() < 3  # an exponential is a straight line there
    alone = pixels(draw_losses(records(cycle=lambda t: 10 ** (-4 * t))))
    assert len(alone) == middle


def test_the_strong_line_is_a_running_mean():
    random = np.random.default_rng(0)
    noisy = pixels(draw_losses(records(400, generator=lambda _: random.normal())))
    inked = (noisy[..., 2] > noisy[..., 0] + 20)[:, :780]  # both lines: faint or strong, bluish
    assert np.ptp(np.flatnonzero(inked.any(axis=1))) > 300
    assert np.ptp(heights(noisy, FIRST)) < 120


@pytest.mark.parametrize("least", [0.0, -2.0], ids=["zero", "below zero"])
def test_losses_that_are_not_above_zero_are_drawn_too(least):
    drawn = pixels(draw_losses(records(burn=lambda t: max(1 - 2 * t, least))))
    rows = heights(drawn, FIRST)
    assert len(rows) > 500
    assert rows[-1] > rows[0] + 200


@pytest.mark.parametrize("losses", [{"generator": 0.5}, {"cycle": 0.5}, {"generator": 1, "cycle": 0}])
def test_one_record_is_a_point(losses):
    assert heights(pixels(draw_losses([{"step": 50, **losses}])), FIRST).size


def test_a_loss_may_come_later():
    later = [{"step": 5, "generator": 1.0}, *records(generator=lambda t: t, cycle=lambda t: t + 1)]
    middle = len(pixels(draw_losses(later))) // 2
    assert heights(pixels(draw_losses(later))[middle:], FIRST).size


def test_other_losses_make_another_picture_and_the_same_the_same():
    one, two = records(generator=lambda t: t), records(generator=lambda t: t * t)
    assert draw_losses(one) == draw_losses(one)
    assert draw_losses(one) != draw_losses(two)


def test_runs_are_compared():
    runs = {"2e-4": records(total=lambda t: 1 - t), "2e-2": records(30, total=lambda _: 1)}
    drawn = pixels(draw_comparison(runs, "total"))
    falling, level = heights(drawn, FIRST), heights(drawn, SECOND)
    assert falling[-1] > falling[0] + 200
    assert np.ptp(level[5:-5]) < 2
    assert len(level) < 0.6 * len(falling)  # the run of half as many steps


def test_a_run_that_leaves_all_bounds_does_not_flatten_the_others():
    runs = {"tame": records(total=lambda t: 10 ** (1 - t)), "wild": records(total=lambda t: 1e4 + 0 * t)}
    tame = heights(pixels(draw_comparison(runs, "total")), FIRST)
    assert tame[-1] > tame[0] + 60


def test_a_run_without_the_loss_is_named():
    with pytest.raises(UsageError, match=r"run b: has no loss total; .*cycle"):
        draw_comparison({"a": records(total=abs), "b": records(cycle=abs)}, "total")


def test_records_are_read_and_torn_lines_passed_over(tmp_path):
    assert read_records(tmp_path) == []
    whole = [{"step": 1, "cycle": 0.5}, {"step": 2, "cycle": 0.25}]
    torn = '{"step": 3, "cyc'
    (tmp_path / "metrics.jsonl").write_text(
        "\n".join([json.dumps(whole[0]), torn, json.dumps(whole[1]), torn])
    )
    assert read_records(tmp_path) == whole
