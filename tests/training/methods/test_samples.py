import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.training.methods.cycle_gan.samples import Sample, sample_grid  # noqa: E402

RED, GREEN, BLUE, WHITE = (1.0, -1, -1), (-1, 1.0, -1), (-1, -1, 1.0), (1.0, 1.0, 1.0)


def flat(colour, height=48, width=64):
    return torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, height, width)


def boxes(grid, colour):
    """Left, top, width and height of each area of a colour, from top to bottom."""
    rgb = [255 if value > 0 else 0 for value in colour]
    _, _, areas, _ = cv2.connectedComponentsWithStats((grid == rgb).all(axis=2).astype(np.uint8))
    return [tuple(map(int, area[:4])) for area in areas[1:] if area[4] > 100]


def sample(direction="night", **changes):
    given = {"real": flat(RED), "identity": flat(GREEN), "forward": flat(BLUE), "cycled": flat(WHITE)}
    return Sample(direction, **{**given, **changes})


def test_pictures_stand_in_a_row_each_in_a_cell_of_the_photographs_shape():
    grid = sample_grid([sample()])
    found = [boxes(grid, colour) for colour in (RED, GREEN, BLUE, WHITE)]
    assert [len(each) for each in found] == [1, 1, 1, 1]
    (lefts, tops, widths, heights) = zip(*(each[0] for each in found), strict=True)
    assert list(lefts) == sorted(set(lefts))
    assert len(set(tops)) == 1
    assert set(zip(widths, heights, strict=True)) == {(256, 192)}


def test_without_identity_pictures_their_column_is_left_out():
    grid = sample_grid([sample(identity=None)])
    assert boxes(grid, GREEN) == []
    assert grid.shape[1] * 4 == sample_grid([sample()]).shape[1] * 3
    # Beside one that has an identity picture the place stays empty.
    mixed = sample_grid([sample(identity=None), sample()])
    assert [box[0] for box in boxes(mixed, BLUE)] == [boxes(mixed, BLUE)[0][0]] * 2
    assert len(boxes(mixed, GREEN)) == 1


def test_each_direction_has_its_labels_above():
    one, two = sample_grid([sample("night")]), sample_grid([sample("day")])
    assert one.shape == two.shape
    differs = np.flatnonzero((one != two).any(axis=(1, 2)))
    assert differs.size
    assert differs.max() < boxes(one, RED)[0][1]  # in the labels alone
    both = sample_grid([sample("night"), sample("day")])
    np.testing.assert_array_equal(both, np.concatenate([one, two]))


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(48, 64, (256, 192)), (96, 32, (64, 192)), (20, 80, (256, 64)), (300, 400, (256, 192))],
)
def test_a_picture_of_another_shape_keeps_it_in_the_middle_of_its_cell(height, width, size):
    grid = sample_grid([sample(), sample(real=flat(RED, height, width))])
    whole, other = boxes(grid, RED)
    assert other[2:] == size
    assert 2 * other[0] + other[2] == 2 * whole[0] + whole[2]


def test_pictures_are_clipped_and_spread_over_all_values():
    ramp = torch.linspace(-2, 2, 256).expand(1, 3, 192, 256)
    grid = sample_grid([Sample("night", ramp, None, ramp.bfloat16(), ramp)])
    row = grid[100, :256, 0].astype(int)
    assert (row[:64] == 0).all()
    assert (row[192:] == 255).all()
    np.testing.assert_allclose(row, (np.linspace(-2, 2, 256).clip(-1, 1) + 1) * 127.5, atol=0.51)


def test_heat_maps_lie_over_the_pictures_below():
    heat = torch.zeros(1, 1, 12, 16)
    heat[..., 8:] = 0.01  # the right half; how much it is in itself does not matter
    pictures = {"identity": flat(WHITE), "forward": flat(WHITE), "cycled": flat(WHITE)}
    grid = sample_grid([sample(**pictures, heats=(None, heat, 50 * heat))])
    plain = sample_grid([sample(**pictures)])
    np.testing.assert_array_equal(grid[: len(plain)], plain)
    below = grid[len(plain) :]
    assert below.shape[0] == 196
    none, empty, made, again = (below[:192, 260 * place :][:, :256].astype(int) for place in range(4))
    assert (none == none[0, 0]).all()
    np.testing.assert_array_equal(none, empty)
    np.testing.assert_array_equal(made, again)
    cold, hot = made[96, 20], made[96, 236]
    assert cold[2] > cold[0]  # dark blue
    assert hot[0] > hot[2] + 50  # red
    assert (made >= 127).all()  # the white picture shines through


def test_a_heat_map_without_heat_is_all_cold():
    grid = sample_grid([sample(forward=flat(WHITE), heats=(None, torch.zeros(1, 1, 3, 4), None))])
    made = grid[-196:-4, 520:776]
    assert (made == made[0, 0]).all()
