import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from pictures import as_uint8, picture, read_image, write_image

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from training_runs import recipe_of  # noqa: E402

from daynight.api import convert  # noqa: E402
from daynight.errors import ModelError, UsageError  # noqa: E402
from daynight.export import export  # noqa: E402
from daynight.export import precision as precision_module  # noqa: E402
from daynight.export.parity import Parity  # noqa: E402
from daynight.export.trained import load_generator  # noqa: E402
from daynight.models.facts import ModelFacts  # noqa: E402
from daynight.plugin.registry import Registry  # noqa: E402
from daynight.training.recipe import write_recipe  # noqa: E402
from daynight.training.run.checkpoint import Parts, load_checkpoint, save_checkpoint  # noqa: E402

REGISTRY = Registry.load(strict=True)
EXPORTER = REGISTRY.exporters["onnx"]
MODULE = sys.modules[EXPORTER.__module__]
PRECISIONS = ("fp32", "half-weights", "fp16", "int8")
OUTPUTS = {"maps": ["stops", "emission"], "pixels": ["picture"]}


@pytest.fixture(scope="session", autouse=True)
def _converted_once():
    """Conversion takes seconds, and is the same for every precision."""
    done, convert_ = {}, MODULE._converted

    def converted(trained):
        key = (trained.kind.name, trained.direction, trained.step, trained.recipe.run.seed)
        if key not in done:
            done[key] = convert_(trained).SerializeToString()
        return onnx.ModelProto.FromString(done[key])

    MODULE._converted = converted
    yield
    MODULE._converted = convert_


@pytest.fixture(scope="session")
def exported(runs, plates, tmp_path_factory):
    """Export a kind's night network in a precision, once."""
    done = {}

    def once(kind, precision="fp32"):
        if (kind, precision) not in done:
            out = tmp_path_factory.mktemp("models") / f"{kind}.onnx"
            done[kind, precision] = export(runs[kind], out, "night", precision=precision, pictures=plates)
        return done[kind, precision]

    return once


def plate(frames, height, width):
    random = np.random.default_rng(height)
    coarse = torch.from_numpy(
        random.uniform(-1, 1, (frames, 3, height // 16, width // 16)).astype(np.float32)
    )
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(-1, 1).numpy()


def metadata(path):
    return onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map


def types(path):
    model = onnx.load(path)
    return {onnx.TensorProto.DataType.Name(each.data_type) for each in model.graph.initializer}


@pytest.mark.parametrize("kind", ["relight", "p0", "cyclegan", "attention"])
def test_parity_at_any_size(exported, runs, kind):
    trained = load_generator(runs[kind], "night", REGISTRY.networks)
    session = onnxruntime.InferenceSession(exported(kind))
    for shape in ((1, 192, 320), (1, 320, 192), (3, 128, 128)):
        given, expected = session.run(None, {"plate": plate(*shape)}), trained(plate(*shape))
        assert [output.name for output in session.get_outputs()] == OUTPUTS[trained.kind.output]
        for mine, theirs in zip(given, expected, strict=True):
            assert mine.shape == (shape[0], 3, *shape[1:])
            assert mine.dtype == np.float32
            assert np.abs(mine - theirs).max() < 1e-4
        assert expected[0].std() > 0.1  # else parity says nothing


@pytest.mark.parametrize(("kind", "multiple"), [("p0", 8), ("cyclegan", 4), ("attention", 4)])
def test_sizes_go_by_the_kinds_multiple(exported, runs, kind, multiple):
    picture = plate(1, 128, 128)[:, :, : 64 + multiple, : 64 - multiple]
    expected = load_generator(runs[kind], "night", REGISTRY.networks)(picture)[0]
    given = onnxruntime.InferenceSession(exported(kind)).run(None, {"plate": picture})[0]
    assert np.abs(given - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("kind", "precision"),
    [*(("relight", precision) for precision in PRECISIONS), ("attention", "fp16"), ("p0", "int8")],
)
def test_every_precision_is_near_the_network_and_says_how_near(exported, runs, kind, precision):
    path = exported(kind, precision)
    session = onnxruntime.InferenceSession(path)
    assert {value.type for value in (*session.get_inputs(), *session.get_outputs())} == {"tensor(float)"}
    report = Parity.from_metadata(metadata(path))
    assert report.fault is None
    assert (report.precision, report.real) == (precision, True)
    assert report.pictures == (3 if precision == "int8" else 6)
    assert report.versions == {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__}
    trained = load_generator(runs[kind], "night", REGISTRY.networks)
    assert list(report.differences) == OUTPUTS[trained.kind.output]
    scale = 1 if kind == "relight" else 127.5
    given, expected = session.run(None, {"plate": plate(1, 128, 192)}), trained(plate(1, 128, 192))
    for mine, theirs, told in zip(given, expected, report.differences.values(), strict=True):
        assert np.abs(mine - theirs).mean() * scale < 3 * told.tolerance.mean


def test_fewer_bits_are_smaller_files(exported):
    sizes = {precision: exported("relight", precision).stat().st_size for precision in PRECISIONS}
    assert sizes["half-weights"] < 0.65 * sizes["fp32"] < 6.5e6
    assert sizes["fp16"] < 0.52 * sizes["fp32"]
    assert sizes["int8"] < sizes["half-weights"]


def test_fp32_holds_every_weight_as_it_is(exported, runs):
    network = load_generator(runs["relight"], "night", REGISTRY.networks).network
    held = {
        each.name: onnx.numpy_helper.to_array(each)
        for each in onnx.load(exported("relight")).graph.initializer
    }
    for name, value in network.state_dict().items():
        assert np.array_equal(held[name], value.numpy()), name


def test_half_weights_compute_in_32_bits(exported):
    graph = onnx.load(exported("relight", "half-weights")).graph
    halves = {each.name for each in graph.initializer if each.data_type == onnx.TensorProto.FLOAT16}
    assert len(halves) > 5
    casts = [node for node in graph.node if node.op_type == "Cast"]
    assert {node.input[0] for node in casts} == halves
    assert {node.attribute[0].i for node in casts} == {onnx.TensorProto.FLOAT}


@pytest.mark.parametrize("kind", ["relight", "cyclegan", "attention"])
def test_fp16_keeps_32_bits_where_they_matter(exported, kind):
    model = onnx.load(exported(kind, "fp16"))
    onnx.checker.check_model(model, full_check=True)
    typed = {
        value.name: value.type.tensor_type.elem_type
        for value in onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    }
    half = onnx.TensorProto.FLOAT16
    narrow = {node.op_type for node in model.graph.node if typed.get(node.output[0]) == half}
    wide = {node.op_type for node in model.graph.node if typed.get(node.output[0]) != half}
    assert "Conv" in narrow
    assert not {"InstanceNormalization", "ReduceMean", "Tanh", "Softplus", "Mul"} & narrow
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose", "Gemm")]
    assert all(node.op_type in wide for node in (layers[0], layers[-1]))
    assert all(typed.get(node.output[0]) == half for node in layers[1:-1])
    held = {each.name: each.data_type for each in model.graph.initializer}
    assert all(held[node.input[1]] == half for node in layers[1:-1] if node.input[1] in held)


def test_int8_has_scales_for_each_channel_and_leaves_the_outer_layers(exported):
    model = onnx.load(exported("p0", "int8"))
    onnx.checker.check_model(model, full_check=True)
    assert sum(node.op_type == "QuantizeLinear" for node in model.graph.node) > 4
    held = {each.name: each for each in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    assert [node.input[1] in held for node in (layers[0], layers[-1])] == [True, True]
    source = {node.output[0]: node for node in model.graph.node}
    inner = source[layers[2].input[1]]
    assert inner.op_type == "DequantizeLinear"
    assert held[inner.input[0]].data_type == onnx.TensorProto.INT8
    assert held[inner.input[1]].dims == [held[inner.input[0]].dims[0]]


def test_int8_leaves_as_many_layers_as_it_must(runs, plates, tmp_path, monkeypatch):
    counts = []
    quantised = precision_module.quantised

    def watched(model, pictures, kept):
        counts.append(kept)
        return quantised(model, pictures, kept)

    monkeypatch.setattr(precision_module, "quantised", watched)
    strict = {**MODULE._TOLERANCES, "int8": ((9, 9), (9, 9), (1e-3, 1e-3))}
    monkeypatch.setattr(MODULE, "_TOLERANCES", strict)
    with pytest.raises(ModelError, match=r"its picture would differ .* levels at most"):
        export(runs["cyclegan"], tmp_path / "a.onnx", "night", precision="int8", pictures=plates)
    assert counts == [1, 2, 4]  # of 8
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("precision", PRECISIONS[:3])
def test_beyond_tolerance_nothing_is_written(runs, tmp_path, monkeypatch, precision):
    monkeypatch.setattr(MODULE, "_TOLERANCES", {precision: ((0, 0), (0, 0), (0, 0))})
    with pytest.raises(ModelError, match=r"would differ from the network's by .*; nothing was written"):
        export(runs["cyclegan"], tmp_path / "a.onnx", "night", precision=precision)
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_nan_is_refused(make_run, tmp_path):
    run = make_run("cyclegan", blocks=1, seed=3)
    network = REGISTRY.networks["cyclegan"].generator(blocks=1)
    load_checkpoint(run, Parts({"night-average": network}))
    with torch.no_grad():
        network[1].bias.fill_(float("nan"))
    save_checkpoint(run, 13, Parts({"night-average": network}))
    with pytest.raises(ModelError, match="differ from the network's by nan"):
        export(run, tmp_path / "a.onnx", "night")
    assert list(tmp_path.iterdir()) == []


def test_names_opset_checker_and_one_file(exported):
    path = exported("relight")
    assert [each.name for each in path.parent.iterdir()] == ["relight.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [source.name for source in model.graph.input] == ["plate"]
    assert {entry.domain: entry.version for entry in model.opset_import}[""] >= 17
    assert not any(weight.external_data for weight in model.graph.initializer)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_says_nothing_of_the_machine_it_was_made_on(exported, precision):
    content = exported("relight", precision).read_bytes()
    for trace in (sys.prefix, str(Path(__file__).parents[2]), "site-packages", 'File "'):
        assert trace.encode() not in content


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("relight", {"kind": "maps", "size_multiple": 64, "radius": None, "short_side": 64}),
        (
            "p0",
            {"kind": "pixels", "size_multiple": 8, "radius": 103, "exact_tiling": True, "short_side": None},
        ),
        ("cyclegan", {"kind": "pixels", "size_multiple": 4, "radius": None, "exact_tiling": False}),
        ("attention", {"kind": "pixels", "size_multiple": 4, "radius": None, "exact_tiling": False}),
    ],
)
def test_facts_come_from_the_kind(exported, kind, facts):
    told = ModelFacts.from_metadata(metadata(exported(kind)))
    assert (told.name, told.direction) == ("night", "day-to-night")
    assert (told.value_range, told.encoding, told.channel_order) == ("-1..1", "display", "rgb")
    assert told.architecture == f"{kind}: {REGISTRY.networks[kind].summary}"
    assert told.training == "12 steps, seed 7"
    assert {name: getattr(told, name) for name in facts} == facts


def test_card_and_licence_travel_in_the_file(runs, tmp_path):
    (runs["cyclegan"] / "night.md").write_text("# Night\nA card of ours.\n")
    (runs["cyclegan"] / "facts.json").write_text(json.dumps({"licence": "CC0-1.0"}))
    out = export(runs["cyclegan"], tmp_path / "night.onnx", "night")
    facts = ModelFacts.from_metadata(metadata(out))
    assert (facts.licence, facts.card) == ("CC0-1.0", "# Night\nA card of ours.\n")
    report = Parity.from_metadata(metadata(out))
    assert (report.real, report.pictures, len(report.sizes)) == (False, 3, 3)


def test_day_is_the_other_network(runs, tmp_path):
    day = export(runs["cyclegan"], tmp_path / "day.onnx", "day")
    assert ModelFacts.from_metadata(metadata(day)).direction == "night-to-day"
    (given,) = onnxruntime.InferenceSession(day).run(None, {"plate": plate(1, 64, 96)})
    apart = {
        direction: np.abs(
            given - load_generator(runs["cyclegan"], direction, REGISTRY.networks)(plate(1, 64, 96))[0]
        ).max()
        for direction in ("night", "day")
    }
    assert apart["day"] < 1e-4 < 0.1 < apart["night"]


@pytest.mark.parametrize(
    ("kind", "precision"), [("relight", "fp32"), ("relight", "int8"), ("p0", "fp32"), ("attention", "fp16")]
)
def test_files_run_through_the_chain_at_any_size(exported, tmp_path, kind, precision):
    write_image(tmp_path / "in/sh.0001.png", as_uint8(picture(75, 101)))
    summary = convert(
        tmp_path / "in", "night", model=exported(kind, precision), out=tmp_path / "out", device="cpu", jobs=1
    )
    assert not summary.failed
    result = read_image(tmp_path / "out/sh.0001.png")
    assert result.shape == (75, 101, 3)
    assert result.std() > 1


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        ("int8", "`precision=int8`: must be calibrated; give `pictures`, a folder of plates"),
        ("int4", "`precision=int4`: is not one that onnx writes; did you mean 'int8'?"),
    ],
)
def test_what_is_refused(runs, tmp_path, precision, message):
    with pytest.raises(UsageError) as caught:
        export(runs["cyclegan"], tmp_path / "a.onnx", "night", precision=precision)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_int8_wants_more_than_one_picture(runs, tmp_path):
    write_image(tmp_path / "one/a.png", as_uint8(picture()))
    with pytest.raises(UsageError, match="holds one picture"):
        export(runs["cyclegan"], tmp_path / "a.onnx", "night", precision="int8", pictures=tmp_path / "one")


def test_no_run(tmp_path):
    with pytest.raises(UsageError, match="holds no recipe"):
        export(tmp_path, tmp_path / "night.onnx", "night")


PLUGIN = """
from daynight import hookimpl
from daynight.plugin.network_kind import NetworkKind

def generator(threshold=-2.0):
    import torch
    from daynight.training.networks.outputs import Translation
    class Branching(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(3, 3, 3, padding=1)
        def forward(self, plate):
            bright = plate.mean() > threshold
            return Translation(self.layer(plate) if bright else self.layer(plate) * 2)
    return Branching()

@hookimpl
def daynight_networks():
    return [NetworkKind("branching", "branches", generator, dict, 2, 8, "pixels")]
"""


@pytest.fixture
def branching(tmp_path, monkeypatch):
    """Make a run of a stranger's network of one layer, which does one thing or another as a mean falls."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/branching.py").write_text(PLUGIN)
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "branching")

    def make(threshold):
        folder = tmp_path / "run"
        folder.mkdir()
        recipe = recipe_of("branching", steps=1, size=32, generator={"threshold": threshold})
        write_recipe(recipe, folder)
        network = Registry.load(strict=True).networks["branching"].generator()
        save_checkpoint(folder, int(-9 * threshold), Parts({"night-average": network}))
        return folder

    return make


@pytest.fixture
def dark(tmp_path):
    """A folder of two dark plates."""
    for seed in (0, 1):
        write_image(tmp_path / f"dark/{seed}.png", as_uint8(picture(seed=seed) / 9))
    return tmp_path / "dark"


def test_a_network_that_can_only_be_traced(branching, dark, tmp_path):
    out = export(branching(-2.0), tmp_path / "a.onnx", "night", pictures=dark)
    assert Parity.from_metadata(metadata(out)).fault is None


def test_a_trace_that_holds_for_the_example_alone(branching, dark, tmp_path):
    with pytest.raises(ModelError, match="would differ"):
        export(branching(-0.1), tmp_path / "a.onnx", "night", pictures=dark)
    assert not (tmp_path / "a.onnx").exists()


def test_int8_of_outer_layers_alone(branching, dark, tmp_path):
    with pytest.raises(UsageError, match="leaves nothing in 8 bits of a network of 1 layers; use fp16"):
        export(branching(-2.0), tmp_path / "a.onnx", "night", precision="int8", pictures=dark)
