"""Models: facts, refusals, the cache, and the device they run on."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx_models import affine, maps, save

from daynight.errors import DeviceError, ModelError, UsageError
from daynight.models import session as inference
from daynight.models.facts import Model, ModelFacts
from daynight.models.session import ModelCache, open_model


def test_facts_travel_in_the_metadata(tmp_path: Path) -> None:
    facts = ModelFacts(
        name="dusk", value_range="0..1", size_multiple=8, radius=20, exact_tiling=True, card="# Dusk"
    )
    told = {key.removeprefix("daynight."): value for key, value in facts.to_metadata().items()}
    assert open_model(affine(tmp_path / "a.onnx", facts=told), device="cpu").facts == facts


def test_facts_that_are_told_override_those_in_the_file(tmp_path: Path) -> None:
    path = affine(tmp_path / "a.onnx", facts={"value_range": "0..1", "channel_order": "bgr"})
    facts = open_model(path, device="cpu", facts={"value_range": "0..255"}).facts
    assert (facts.value_range, facts.channel_order) == ("0..255", "bgr")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"value_range": "0..2"}, "model fact value_range: '0..2' is not allowed; did you mean"),
        ({"size_multiple": "0"}, "model fact size_multiple: 0 is below 1"),
        ({"size_multiple": "many"}, "model fact size_multiple: 'many' is not a whole number"),
        ({"exact_tiling": "True"}, "model fact exact_tiling: needs a radius"),
        ({"exact_tiling": "perhaps"}, "'perhaps' is not true or false"),
    ],
)
def test_facts_that_make_no_sense_are_refused(tmp_path: Path, facts: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError) as error:
        open_model(affine(tmp_path / "a.onnx", facts=facts), device="cpu")
    assert message in str(error.value)


def test_a_fact_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"model fact size_multiple: 1\.5 is not a whole number; give a whole number"
    ):
        open_model(affine(tmp_path / "a.onnx"), device="cpu", facts={"size_multiple": 1.5})


def test_a_model_runs_and_names_its_digest_and_size(tmp_path: Path) -> None:
    model = open_model(affine(tmp_path / "a.onnx", 2, 1, shape=(1, 3, 8, 16)), device="cpu")
    assert model.fixed_size == (8, 16)
    assert len(model.sha256) == 64
    assert model.device.name == "cpu"
    (result,) = model.run(np.full((1, 3, 8, 16), 3, np.float32))
    np.testing.assert_array_equal(result, 7)


def test_a_cache_loads_a_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = inference._load
    monkeypatch.setattr(inference, "_load", lambda path, *rest: loaded.append(path.name) or load(path, *rest))
    first, same = affine(tmp_path / "a.onnx"), affine(tmp_path / "same.onnx")
    other = affine(tmp_path / "b.onnx", 2)
    cache = ModelCache({"named": Model("named", first)}, "cpu", threads=1)
    opened = [cache.open(first), cache.open(same), cache.open("named"), cache.open(other)]
    assert loaded == ["a.onnx", "b.onnx"]
    assert opened[0] == opened[1] == opened[2] != opened[3]


def test_models_of_one_session_may_have_other_facts(tmp_path: Path) -> None:
    cache = ModelCache(device="cpu")
    plain = cache.open(affine(tmp_path / "a.onnx"))
    wide = cache.open(tmp_path / "a.onnx", {"value_range": "0..255"})
    assert (plain.facts.value_range, wide.facts.value_range) == ("-1..1", "0..255")
    assert plain.session is wide.session


def test_a_cache_that_is_closed_keeps_no_session(tmp_path: Path) -> None:
    with ModelCache(device="cpu") as cache:
        session = weakref.ref(cache.open(affine(tmp_path / "a.onnx")).session)
        assert session() is not None
    gc.collect()
    assert session() is None


def test_without_a_cache_nothing_is_kept(tmp_path: Path) -> None:
    path = affine(tmp_path / "a.onnx")
    assert open_model(path, device="cpu").session is not open_model(path, device="cpu").session


def test_a_name_that_is_not_registered_is_refused() -> None:
    with pytest.raises(UsageError, match=r"model 'nihgt': is unknown; did you mean 'night'\?"):
        ModelCache({"night": Model("night", Path("night.onnx"))}).open("nihgt")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("not a model")
    with pytest.raises(ModelError, match=r"a\.onnx: is not a model that onnxruntime can load"):
        open_model(tmp_path / "a.onnx", device="cpu")
    with pytest.raises(ModelError, match=r"absent\.onnx: can't be read \(No such file"):
        open_model(tmp_path / "absent.onnx", device="cpu")
    with pytest.raises(ModelError, match=r"takes x \['n', 1, 'h', 'w'\]; a picture model takes"):
        open_model(affine(tmp_path / "grey.onnx", shape=("n", 1, "h", "w")), device="cpu")
    path = affine(tmp_path / "maps.onnx", facts={"kind": "maps"})
    with pytest.raises(ModelError, match="states that it returns maps, but returns y"):
        open_model(path, device="cpu")


def test_weights_outside_the_file_are_not_read(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.onnx",
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        {"w": np.ones((1, 3, 256, 256), np.float32)},
        shape=("n", 3, 256, 256),
    )
    model = onnx.load(path)
    onnx.save_model(
        model, tmp_path / "b.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert (tmp_path / "weights.bin").exists()
    with pytest.raises(ModelError, match="one ONNX file with its weights inside"):
        open_model(tmp_path / "b.onnx", device="cpu")


def test_a_maps_model_gives_stops_and_emission(tmp_path: Path) -> None:
    model = open_model(maps(tmp_path / "a.onnx", (-1, -2, -3), (0, 0.1, 0.2)), device="cpu")
    assert model.outputs == ["stops", "emission"]
    stops, emission = model.run(np.zeros((1, 3, 16, 16), np.float32))
    np.testing.assert_allclose(stops[0, :, 0, 0], [-1, -2, -3])
    np.testing.assert_allclose(emission[0, :, 0, 0], [0, 0.1, 0.2], rtol=1e-6)


def test_half_float_models_run(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT16, ["n", 3, "h", "w"])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT16, ["n", 3, "h", "w"])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    (back,) = open_model(tmp_path / "a.onnx", device="cpu").run(np.full((1, 3, 4, 4), 0.5, np.float32))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, 0.5)


def test_cuda_asked_for_where_it_cannot_run_is_an_error_that_says_why(tmp_path: Path) -> None:
    fault = inference.cuda_fault()
    if fault is None:
        pytest.skip("CUDA may run here")
    with pytest.raises(DeviceError) as error:
        open_model(affine(tmp_path / "a.onnx"), device="cuda")
    assert fault in str(error.value)
    device = open_model(affine(tmp_path / "a.onnx"), device="auto").device
    assert (device.name, device.reason) == ("cpu", fault)


def test_a_silent_fall_back_to_the_cpu_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the driver check out of the way, onnxruntime itself falls back: really, on this machine."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has no CUDA to fall back from")
    if inference.cuda_fault() is None:
        pytest.skip("CUDA may run here")
    monkeypatch.setattr(inference, "cuda_fault", lambda: None)
    monkeypatch.setattr(inference, "_preload_cuda", lambda: None)
    with pytest.raises(DeviceError, match="could not start CUDA"):
        open_model(affine(tmp_path / "a.onnx", 3), device="cuda")
    device = open_model(affine(tmp_path / "a.onnx", 3), device="auto").device
    assert device.name == "cpu"
    assert "could not start CUDA" in device.reason
