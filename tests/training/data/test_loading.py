import shutil
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from pictures import as_uint8, write_image

torch = pytest.importorskip("torch")

from daynight.errors import UsageError  # noqa: E402
from daynight.plugin.network_kind import NetworkKind  # noqa: E402
from daynight.training.data.loading import CropSampler, Photographs, open_data  # noqa: E402
from daynight.training.data.recipe import DataRecipe  # noqa: E402

KIND = NetworkKind("made", "for tests", lambda: None, lambda: {}, 32, 64, "pixels")


def ignore(line):
    raise AssertionError(line)


def opened(day, night, pairs=None, *, warn=ignore, **settings):
    recipe = DataRecipe.model_validate({"size": 64, **settings})
    return open_data(recipe, KIND, day, night, pairs, SimpleNamespace(warn=warn, jobs=1))


def random(seed=0):
    return np.random.default_rng(seed)


def flat(value, height=64, width=64):
    return np.full((height, width, 3), value, np.uint8)


def ramps(height, width):
    """Red tells the place from left to right, green from top to bottom, each in [0, 1]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x / (width - 1), y / (height - 1), np.zeros_like(x)], axis=2)


@pytest.fixture
def sloping(tmp_path):
    """A folder of one large photograph, 400x200, whose colours tell where a pixel was."""
    write_image(tmp_path / "sloping/a.png", as_uint8(ramps(200, 400)))
    return tmp_path / "sloping"


def extents(pictures):
    """Left, right, top and bottom of crops of ramps, N×4, in [0, 1] of the photograph."""
    places = (pictures.numpy() + 1) / 2
    sides = (places[:, 0, 0, 0], places[:, 0, 0, -1], places[:, 1, 0, 0], places[:, 1, -1, 0])
    return np.stack(sides, axis=1)


# What is drawn


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        pytest.param(720, 1280, (192, 320), id="plate"),
        pytest.param(480, 640, (192, 256), id="photograph"),
        pytest.param(500, 500, (192, 192), id="square"),
        pytest.param(1280, 720, (320, 192), id="portrait"),
        pytest.param(100, 2000, (192, 320), id="strip"),
    ],
)
def test_whole_frames_keep_their_shape(height, width, expected):
    assert CropSampler("whole", 192, 64).size_of(height, width) == expected
    assert CropSampler("square", 192, 64).size_of(height, width) == (192, 192)


@pytest.mark.parametrize(
    ("framing", "shape"), [("whole", (96, 64)), ("square", (64, 64)), ("random", (64, 64))]
)
def test_draws_day_and_night_as_networks_take_them(tmp_path, framing, shape):
    write_image(tmp_path / "day/a.png", flat(200, 150, 100))
    write_image(tmp_path / "night/a.png", flat(10, 30, 20))  # smaller than what is drawn
    drawn = opened(tmp_path / "day", tmp_path / "night", framing=framing).draw(random(), 3)
    for pictures, value in zip(drawn, (200, 10), strict=True):
        assert pictures.shape == (3, 3, *shape)
        assert pictures.dtype == torch.float32
        assert pictures.is_contiguous()
        np.testing.assert_allclose(pictures, value / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("framing", ["whole", "square", "random"])
def test_two_at_once_are_the_same_as_one_after_the_other(photographs, framing):
    data = opened(*photographs, framing=framing, exposure=0.7, source_power=0.5)
    at_once, chance = data.draw(random(7), 2), random(7)
    singly = [torch.cat(side) for side in zip(data.draw(chance, 1), data.draw(chance, 1), strict=True)]
    for together, apart in zip(at_once, singly, strict=True):
        assert torch.equal(together, apart)
    assert not torch.equal(at_once[0], data.draw(random(8), 2)[0])


def test_frames_of_different_shapes_are_not_drawn_at_once(tmp_path):
    write_image(tmp_path / "a.png", flat(0, 64, 128))
    write_image(tmp_path / "b.png", flat(0, 128, 64))
    data, chance = opened(tmp_path, tmp_path), random()
    assert {data.draw(chance, 1)[0].shape[2:] for _ in range(20)} == {(64, 96), (96, 64)}
    with pytest.raises(RuntimeError, match="equal size"):
        data.draw(chance, 20)


def test_whole_frames_lose_a_ninth_at_most(sloping):
    left, right, top, bottom = extents(opened(sloping, sloping, mirror=False).draw(random(), 40)[0]).T
    assert np.all(bottom - top > 0.87)
    assert np.all((right - left) * 2 > 0.87 * 3 / 2)  # of 2:1, 3:2 is drawn
    assert top.max() > 0.05
    assert bottom.max() > 0.98


def test_squares_take_the_short_side_and_some_place_of_the_long(sloping):
    drawn = opened(sloping, sloping, framing="square", mirror=False).draw(random(), 60)[0]
    left, right, top, bottom = extents(drawn).T
    assert top.max() < 0.02
    assert bottom.min() > 0.98
    assert right - left == pytest.approx(0.5, abs=0.02)
    assert left.min() < 0.05
    assert left.max() > 0.45


def test_random_squares_are_half_the_short_side_to_all_of_it(sloping):
    drawn = opened(sloping, sloping, framing="random", mirror=False).draw(random(), 200)[0]
    left, right, top, bottom = extents(drawn).T
    sides = bottom - top
    assert (right - left) * 2 == pytest.approx(sides, abs=0.03)
    assert np.quantile(sides, (0, 0.5, 1)) == pytest.approx([0.5, 0.75, 1], abs=0.06)
    assert top.max() > 0.4
    assert left.max() > 0.6


@pytest.mark.parametrize(("framing", "kept"), [("whole", 72), ("square", 64), ("random", 128)])
def test_memory_holds_no_more_than_the_smallest_crop_needs(sloping, framing, kept):
    crops = CropSampler(framing, 64, 32)
    pictures = Photographs.read(sloping, crops, ignore).photographs
    assert [min(each.picture.shape[:2]) for each in pictures] == [kept]
    assert pictures[0].size == (200, 400)


@pytest.mark.parametrize(("mirror", "low", "high"), [(True, 0.4, 0.6), (False, 0, 0)])
def test_half_are_mirrored_where_the_recipe_says_so(sloping, mirror, low, high):
    drawn = opened(sloping, sloping, framing="square", mirror=mirror).draw(random(), 200)
    for pictures in drawn:
        left, right, *_ = extents(pictures).T
        assert low <= np.mean(right < left) <= high


def test_exposure_changes_the_day_alone(tmp_path):
    write_image(tmp_path / "a.png", flat(188))  # linear 0.5
    day, night = opened(tmp_path, tmp_path, framing="square", exposure=1.0).draw(random(), 100)
    levels = day.amin(dim=(1, 2, 3)).numpy()
    assert levels.min() == pytest.approx(137 / 127.5 - 1, abs=0.06)  # linear 0.25
    assert levels.max() == pytest.approx(1, abs=0.06)
    np.testing.assert_allclose(night, 188 / 127.5 - 1, atol=1e-6)


def test_lifted_blacks_of_nights_are_pulled_down(tmp_path):
    washed_out = flat(60, 96, 160)
    washed_out[20:40, 20:90] = 255
    write_image(tmp_path / "fog_0001.png", washed_out)
    lifted = pytest.approx(60 / 127.5 - 1, abs=0.01)
    for deepen, expected in ((False, lifted), (True, pytest.approx(-1, abs=0.01))):
        data = opened(tmp_path, tmp_path, deepen=deepen)
        day, night = data.draw(random(), 1)
        assert day.min() == lifted
        assert night.min() == expected
        assert night.max() == pytest.approx(1)
        assert data.day_levels(0.1, 0.9)[0].min() == lifted
        assert data.night_levels(0.1, 0.9)[0].min() == expected


def test_levels_know_the_sky_and_the_hour(photographs):
    data = opened(*photographs)
    low, high = data.night_levels(0.1, 0.9)
    assert low.shape == high.shape == (4, 4)
    assert low.dtype == torch.float32
    assert high[0].max() < low[3].min()  # a night sky above brighter ground
    assert low.min() == pytest.approx(12 / 127.5 - 1, abs=0.02)
    assert data.day_levels(0.1, 0.9)[1].max() == pytest.approx(230 / 127.5 - 1, abs=0.02)


@pytest.mark.parametrize(("power", "share"), [(1.0, 26 / 27), (0.75, 0.92), (0.0, 0.5)])
def test_many_views_of_one_place_count_less(tmp_path, power, share):
    for number in range(27):
        source, value = ("webcam", 50) if number < 26 else ("other", 200)
        write_image(tmp_path / f"{source}_{number:04d}.png", flat(value))
    day, _ = opened(tmp_path, tmp_path, framing="square", source_power=power).draw(random(), 400)
    assert torch.mean((day.amin(dim=(1, 2, 3)) < 0).float()) == pytest.approx(share, abs=0.05)


# Where it comes from


@pytest.mark.parametrize(
    ("names", "sources"),
    [
        pytest.param(["cam_0001.png", "cam_0090.png", "cam_0007.png"], 1, id="numbered stills"),
        pytest.param(["sh.1001.png", "sh.1002.png", "sh_0001.png"], 1, id="frames of a shot"),
        pytest.param(["sh010/f.1001.png", "sh020/f.1001.png"], 2, id="folders"),
        pytest.param(["cam/0001.png", "cam/0002.png", "beach.png", "street_view.png"], 3, id="bare names"),
        pytest.param(["cam_1_0001.png", "cam_2_0001.png"], 2, id="numbered cameras"),
    ],
)
def test_views_of_one_place_are_told_by_their_names(tmp_path, names, sources):
    for name in names:
        write_image(tmp_path / name, flat(50))
    counted = "1 source," if sources == 1 else f"{sources} sources,"
    assert f"{len(names)} photographs of {counted}" in opened(tmp_path, tmp_path).describe()[0]


def test_a_photograph_of_a_turned_camera_comes_upright(tmp_path):
    lying = flat(20, 64, 128)
    lying[:, :64] = 220  # turned clockwise by a quarter, the left becomes the top
    write_image(tmp_path / "a.jpg", lying, Orientation=6)
    day, _ = opened(tmp_path, tmp_path, framing="whole").draw(random(), 1)
    assert day.shape[2:] == (96, 64)
    assert day[0, :, :30].mean() == pytest.approx(220 / 127.5 - 1, abs=0.05)
    assert day[0, :, -30:].mean() == pytest.approx(20 / 127.5 - 1, abs=0.05)


def test_sequences_of_light_and_single_images(tmp_path):
    light = 0.214041  # 0.5 of display
    for number in (1001, 1002, 1003):
        frame = np.full((64, 64, 3), light, np.float32)
        frame[:, :8] = 40.0  # light that a display can't show
        write_image(tmp_path / f"sh.{number}.exr", frame)
    write_image(tmp_path / "sh_other.1001.exr", np.zeros((64, 64, 3), np.float32))
    write_image(tmp_path / "night.png", np.full((64, 64, 3), 6553, np.uint16))
    data = opened(tmp_path / "sh.####.exr", tmp_path / "night.png", framing="square")
    day, night = data.draw(random(), 8)
    assert day.median() == pytest.approx(0, abs=0.005)
    assert day.max() == 1
    np.testing.assert_allclose(night, -0.8, atol=0.005)
    found = data.describe()
    assert "sh.####.exr: 3 photographs of 1 source," in found[0]
    assert "night.png: 1 photograph of 1 source," in found[1]


def test_a_corrupt_image_is_named_and_left_out(photographs, tmp_path):
    folder, lines = tmp_path / "day", []
    shutil.copytree(photographs[0], folder)
    broken = folder / "made_0009.png"
    broken.write_bytes((folder / "made_0000.png").read_bytes()[:200])
    described = opened(folder, photographs[1], warn=lines.append).describe()
    assert len(lines) == 1
    assert "made_0009.png" in lines[0]
    assert lines[0].endswith("it is left out")
    assert "4 photographs" in described[0]
    assert described[0].endswith("1 left out")
    assert "left out" not in described[1]


def test_describes_what_was_found(tmp_path):
    write_image(tmp_path / "a/x_0001.png", flat(9, 200, 400))
    write_image(tmp_path / "a/y_0001.png", flat(9, 40, 60))
    day = f"day {tmp_path}/a: 2 photographs of 2 sources, 60x40 to 400x200 pixels, 0.0 MB in memory"
    night = day.replace("day", "night", 1)
    assert opened(tmp_path / "a", tmp_path / "a", framing="square").describe() == [
        f"{day}, 1 smaller than what is drawn",
        f"{night}, 1 smaller than what is drawn",
        "drawn: square crops, 64x64 pixels",
    ]
    whole = opened(tmp_path / "a", tmp_path / "a", size=1024).describe()
    assert whole[0] == day.replace("0.0", "0.2") + ", 2 smaller than what is drawn"
    assert whole[2] == "drawn: whole frames, short side 1024 pixels"


# What can't be trained on


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        pytest.param(
            {"size": 100}, "size=100`: is not a multiple of 32, as made needs; write `size=96", id="odd"
        ),
        pytest.param({"size": 66}, "is not a multiple of 32, as made needs; write `size=64", id="near least"),
        pytest.param(
            {"size": 32}, "size=32`: is below 64, the least that made can be trained on; write", id="small"
        ),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(photographs, settings, fault):
    with pytest.raises(UsageError, match=fault):
        opened(*photographs, **settings)


def test_what_holds_no_photograph_is_refused(photographs, tmp_path):
    for name in ("empty", "corrupt"):
        (tmp_path / name).mkdir()
    (tmp_path / "corrupt/a.png").write_bytes(b"no")
    faults = {
        "empty": "holds no images",
        "corrupt": "holds no image that can be read; give a folder of photographs",
        "none": "is not there",
        "sh.####.exr": "matches no file",
    }
    for name, fault in faults.items():
        with pytest.raises(UsageError, match=fault) as caught:
            opened(photographs[0], tmp_path / name, warn=lambda _: None)
        assert "\n" not in str(caught.value)


# Pairs


def paired(tmp_path, rows, **settings):
    table = tmp_path / "pairs.csv"
    table.write_text("day,night\n" + "".join(f"{day},{night}\n" for day, night in rows))
    return opened(tmp_path / "day", tmp_path / "night", table, **settings)


@pytest.mark.parametrize("framing", ["whole", "square", "random"])
@pytest.mark.parametrize("night", [(200, 400), (500, 1000), (70, 140)], ids=["same", "larger", "smaller"])
def test_a_pair_is_cropped_and_mirrored_alike(tmp_path, framing, night):
    write_image(tmp_path / "day/a.png", as_uint8(ramps(200, 400)))
    write_image(tmp_path / "night/b.png", as_uint8(ramps(*night)))
    drawn = paired(tmp_path, [("a.png", "b.png")], framing=framing, exposure=2.0).draw(random(), 20)
    day, night = (extents(side) for side in drawn)
    assert np.abs(day - night).max() < 0.02
    assert {left < right for left, right in day[:, :2]} == {True, False}
    assert torch.abs(drawn[0] - drawn[1]).max() < 0.04
    assert len({tuple(np.round(each, 2)) for each in day}) > 10


def test_two_pairs_at_once_are_the_same_as_one_after_the_other(photographs, tmp_path):
    for folder in photographs:
        shutil.copytree(folder, tmp_path / folder.name)
    names = [f"made_{number:04d}.png" for number in range(4)]
    data = paired(tmp_path, list(pairwise(names)), framing="random", deepen=True)
    at_once, chance = data.draw(random(3), 2), random(3)
    for each in range(2):
        for together, apart in zip(at_once, data.draw(chance, 1), strict=True):
            assert torch.equal(together[each], apart[0])


def test_pairs_that_cannot_be_used_are_named_and_left_out(tmp_path):
    lines = []
    write_image(tmp_path / "day/a.png", flat(200))
    write_image(tmp_path / "night/sub/a.png", flat(10))
    write_image(tmp_path / "night/high.png", flat(10, 128, 64))
    (tmp_path / "night/broken.png").write_bytes(b"no")
    rows = [("none.png", "sub/a.png"), ("a.png", "broken.png"), ("a.png", "high.png"), ("a.png", "sub/a.png")]
    data = paired(tmp_path, rows, warn=lines.append)
    assert len(lines) == 3
    for number, name in enumerate(("none.png: is not there", "broken.png", "64x64 and 64x128"), 2):
        line = lines[number - 2]
        assert f"pairs.csv, line {number}: " in line
        assert name in line
        assert line.endswith("the pair is left out")
    assert [line.split()[2:4] for line in data.describe()[:2]] == [["1", "photograph"]] * 2
    assert data.describe()[0].endswith("3 left out")
    assert data.night_levels(0.1, 0.9)[1].max() == pytest.approx(10 / 127.5 - 1)


def test_pairs_without_a_usable_row_or_folder_are_refused(tmp_path):
    write_image(tmp_path / "day/a.png", flat(200))
    with pytest.raises(UsageError, match=r"night: is not a folder; give the folder that .*pairs\.csv names"):
        paired(tmp_path, [("a.png", "a.png")])
    (tmp_path / "night").mkdir()
    for rows in ([], [("a.png", "a.png")]):
        with pytest.raises(UsageError, match=r"pairs\.csv: holds no readable pair; name files of"):
            paired(tmp_path, rows, warn=lambda _: None)
    with pytest.raises(UsageError, match="leads out of its folder"):
        paired(tmp_path, [("../day/a.png", "a.png")])
