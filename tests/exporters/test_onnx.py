import json

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from daynight.errors import ModelError, UsageError  # noqa: E402
from daynight.models import ModelFacts  # noqa: E402
from daynight.registry import Registry  # noqa: E402
from daynight.training.checkpoint import Parts, save_checkpoint  # noqa: E402
from daynight.training.networks.relight import Relight  # noqa: E402
from daynight.training.recipe import Recipe  # noqa: E402


@pytest.fixture(scope="session")
def networks():
    """A night and a day network whose maps vary over the frame."""
    torch.manual_seed(0)
    made = {}
    for direction, start in (("night", -4.0), ("day", 3.0)):
        network = Relight(start).eval()
        torch.nn.init.normal_(network.head.weight, std=0.3)
        made[direction] = network
    return made


@pytest.fixture(scope="session")
def run(networks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    Recipe(seed=7, night_start=-4.0).write(folder)
    averages = {f"{name}-average": network for name, network in networks.items()}
    save_checkpoint(folder, 12, Parts(averages))
    (folder / "night.md").write_text("# Night\nA card of ours.\n")
    (folder / "facts.json").write_text(json.dumps({"licence": "CC0-1.0"}))
    return folder


@pytest.fixture(scope="session")
def exporter():
    return Registry.load(strict=True).exporters["onnx"]()


@pytest.fixture(scope="session")
def night(run, exporter, tmp_path_factory):
    return exporter.export(run, tmp_path_factory.mktemp("models") / "night.onnx", direction="night")


def plate(frames, height, width):
    random = np.random.default_rng(height)
    coarse = torch.from_numpy(
        random.uniform(-1, 1, (frames, 3, height // 16, width // 16)).astype(np.float32)
    )
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(-1, 1)


@pytest.mark.parametrize("shape", [(1, 256, 448), (1, 448, 256), (1, 192, 640), (3, 128, 128)])
def test_parity_at_any_size(night, networks, shape):
    session = onnxruntime.InferenceSession(night)
    picture = plate(*shape)
    with torch.no_grad():
        expected = dict(zip(("stops", "emission"), networks["night"](picture), strict=True))
    for name, given in zip(("stops", "emission"), session.run(None, {"plate": picture.numpy()}), strict=True):
        assert given.shape == expected[name].shape
        assert given.dtype == np.float32
        assert np.abs(given - expected[name].numpy()).max() < 2e-3
    assert expected["stops"].std() > 0.1  # else parity says nothing


def test_one_small_file(night):
    assert [path.name for path in night.parent.iterdir()] == ["night.onnx"]
    assert night.stat().st_size < 6.5e6


def test_names_opset_and_checker(night):
    model = onnx.load(night)
    onnx.checker.check_model(model, full_check=True)
    assert [source.name for source in model.graph.input] == ["plate"]
    assert [result.name for result in model.graph.output] == ["stops", "emission"]
    assert {entry.domain: entry.version for entry in model.opset_import}[""] >= 17
    assert not any(weight.external_data for weight in model.graph.initializer)


def test_facts_travel_in_the_file(night):
    metadata = onnxruntime.InferenceSession(night).get_modelmeta().custom_metadata_map
    facts = ModelFacts.from_metadata(metadata)
    assert (facts.name, facts.direction, facts.kind) == ("night", "day-to-night", "maps")
    assert (facts.value_range, facts.encoding, facts.channel_order) == ("-1..1", "display", "rgb")
    assert (facts.size_multiple, facts.radius, facts.exact_tiling) == (64, None, False)
    assert facts.training == "12 steps, seed 7"
    assert facts.licence == "CC0-1.0"
    assert facts.card == "# Night\nA card of ours.\n"


def test_day_is_the_other_network(run, exporter, night, networks, tmp_path):
    day = exporter.export(run, tmp_path / "day.onnx", direction="day")
    session = onnxruntime.InferenceSession(day)
    assert ModelFacts.from_metadata(session.get_modelmeta().custom_metadata_map).direction == "night-to-day"
    picture = plate(1, 128, 128)
    with torch.no_grad():
        expected = networks["day"](picture)[0].numpy()
    assert np.abs(session.run(["stops"], {"plate": picture.numpy()})[0] - expected).max() < 2e-3


def test_beyond_tolerance_nothing_is_written(run, exporter, tmp_path, monkeypatch):
    module = type(exporter).__module__
    monkeypatch.setattr(f"{module}._TOLERANCE", 0.0)
    with pytest.raises(ModelError, match="would differ"):
        exporter.export(run, tmp_path / "night.onnx", direction="night")
    assert list(tmp_path.iterdir()) == []


def test_no_run(exporter, tmp_path):
    with pytest.raises(UsageError, match="holds no recipe"):
        exporter.export(tmp_path, tmp_path / "night.onnx", direction="night")
