import shutil

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.errors import UsageError  # noqa: E402
from daynight.training.data import Photographs, frame_size  # noqa: E402


def ignore(line):
    raise AssertionError(line)


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
def test_frame_size(height, width, expected):
    assert frame_size(height, width, 192) == expected


def test_corrupt_image_is_named_and_left_out(photographs, tmp_path):
    folder = tmp_path / "day"
    shutil.copytree(photographs[0], folder)
    broken = folder / "made_0009.png"
    broken.write_bytes((folder / "made_0000.png").read_bytes()[:200])
    lines = []
    assert len(Photographs(folder, 64, lines.append)) == 4
    assert len(lines) == 1
    assert "made_0009.png" in lines[0]
    assert "left out" in lines[0]


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no readable image"):
        Photographs(tmp_path, 64, ignore)


def test_draws_whole_frames_in_range(photographs):
    drawn = Photographs(photographs[0], 64, ignore).draw(np.random.default_rng(0))
    assert drawn.shape == (1, 3, 64, 128)
    assert drawn.dtype == torch.float32
    assert drawn.min() > 0.3
    assert drawn.max() <= 1


def test_same_chance_same_photograph(photographs):
    folder = Photographs(photographs[0], 64, ignore)
    first, again, other = (folder.draw(np.random.default_rng(seed), exposure=0.7) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_exposure_changes_light(photographs):
    folder = Photographs(photographs[0], 64, ignore)
    plain = folder.draw(np.random.default_rng(0)).mean()
    levels = {round(folder.draw(np.random.default_rng(0), exposure=e).mean().item(), 3) for e in (0.2, 2.0)}
    assert round(plain.item(), 3) not in levels
    assert len(levels) == 2


def test_lifted_blacks_are_pulled_down(tmp_path):
    washed_out = np.full((96, 160, 3), 60, np.uint8)
    washed_out[20:40, 20:90] = 255
    cv2.imwrite(str(tmp_path / "fog_0001.png"), washed_out)
    folder = Photographs(tmp_path, 64, ignore)
    assert folder.draw(np.random.default_rng(0)).min() == pytest.approx(60 / 255, abs=0.01)
    assert folder.draw(np.random.default_rng(0), levelled=True).min() == pytest.approx(0, abs=0.01)
    assert folder.levels(0.1, 0.9)[0].min() == pytest.approx(60 / 255, abs=0.01)
    assert folder.levels(0.1, 0.9, levelled=True)[0].min() == pytest.approx(0, abs=0.01)


def test_levels_know_the_sky(photographs):
    low, high = Photographs(photographs[1], 64, ignore).levels(0.1, 0.9)
    assert low.shape == high.shape == (4, 4)
    assert high[0].max() < low[3].min()  # a night sky above brighter ground


def test_many_views_of_one_place_count_less(tmp_path):
    for number in range(27):
        source, value = ("webcam", 50) if number < 26 else ("other", 200)
        cv2.imwrite(str(tmp_path / f"{source}_{number:04d}.png"), np.full((64, 64, 3), value, np.uint8))
    folder = Photographs(tmp_path, 64, ignore)
    random = np.random.default_rng(0)
    drawn = [folder.draw(random).mean().item() > 0.5 for _ in range(400)]
    assert pytest.approx(11.5, abs=0.1) == 26**0.75
    assert 0.055 < np.mean(drawn) < 0.11  # 1 in 12.5, not 1 in 27
