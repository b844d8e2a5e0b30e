"""The pictures on which a file is compared with its network."""

import numpy as np
import pytest
from pictures import write_image

from daynight.errors import UsageError
from daynight.export.samples import load_samples


def fail(line):
    raise AssertionError(line)


@pytest.mark.parametrize("multiple", [8, 64])
def test_synthetic_pictures_have_several_shapes_of_the_networks_sizes(multiple):
    samples = load_samples(None, 256, multiple, fail)
    assert len({each.shape for each in samples}) == len(samples) == 3
    for sample in samples:
        assert sample.dtype == np.float32
        assert (sample.shape[2] % multiple, sample.shape[3] % multiple) == (0, 0)
        assert -1 <= sample.min() < -0.5 < 0.5 < sample.max() <= 1


def test_at_most_32_pictures_of_a_folder_are_read_evenly_spread(tmp_path):
    for number in range(40):
        level = np.full((32, 48, 3), 6 * number, np.uint8)
        write_image(tmp_path / f"{number % 2}/{number:02d}.png", level)
    samples = load_samples(tmp_path, 32, 16, fail)
    levels = [round(float((each.mean() + 1) / 2 * 255)) for each in samples]
    assert len(samples) == len(set(levels)) == 32
    assert (min(levels), max(levels)) == (0, 6 * 39)
    assert {each.shape for each in samples} == {(1, 3, 32, 48)}


def test_a_folder_without_a_picture_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(UsageError, match=str(tmp_path)):
        load_samples(tmp_path, 32, 16, fail)
    with pytest.raises(UsageError, match="absent"):
        load_samples(tmp_path / "absent", 32, 16, fail)
