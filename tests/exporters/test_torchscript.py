import io
import json
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from pictures import picture

torch = pytest.importorskip("torch")

from daynight.colour.encoding import encode_display  # noqa: E402
from daynight.errors import ModelError, UsageError  # noqa: E402
from daynight.export import export  # noqa: E402
from daynight.export.parity import ARCHIVED, Parity  # noqa: E402
from daynight.export.trained import load_generator  # noqa: E402
from daynight.looks.relight import make_proxy, proxy_size  # noqa: E402
from daynight.models.facts import ModelFacts  # noqa: E402
from daynight.plugin.registry import Registry  # noqa: E402

REGISTRY = Registry.load(strict=True)
EXPORTER = REGISTRY.exporters["torchscript"]
SIZES = [(64, 64), (75, 101), (101, 75), (31, 47), (40, 300)]


@pytest.fixture(scope="session")
def exported(runs, plates, tmp_path_factory):
    """Export a kind's night network, once."""
    done = {}

    def once(kind):
        if kind not in done:
            out = tmp_path_factory.mktemp("scripts") / f"{kind}.pt"
            done[kind] = export(runs[kind], out, "night", to="torchscript", pictures=plates)
        return done[kind]

    return once


def loaded(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated as a whole
        return torch.jit.load(io.BytesIO(path.read_bytes()))


def tensor(pixels):
    return torch.from_numpy(pixels.transpose(2, 0, 1)[np.newaxis].copy())


@pytest.mark.parametrize("kind", ["p0", "cyclegan", "attention"])
def test_a_picture_in_a_picture_out(exported, runs, kind):
    module, trained = loaded(exported(kind)), load_generator(runs[kind], "night", REGISTRY.networks)
    multiple = trained.kind.size_multiple
    for height, width in SIZES:
        plate = picture(height, width)
        with torch.no_grad():
            given = module(tensor(plate))
        below, right = -height % multiple, -width % multiple
        filled = np.pad(plate, ((0, below), (0, right), (0, 0)), mode="edge")
        expected = (trained(tensor(filled).numpy() * 2 - 1)[0][:, :, :height, :width] + 1) / 2
        assert given.shape == (1, 3, height, width)
        assert np.abs(given.numpy() - expected).max() < 1e-5
        assert expected.std() > 0.02


def test_pictures_beyond_display_are_clipped(exported):
    module, plate = loaded(exported("p0")), tensor(picture(40, 56)) * 3 - 1
    plate[0, :, 5, 5] = torch.nan
    with torch.no_grad():
        assert torch.equal(module(plate), module(plate.nan_to_num().clamp(0, 1)))


def test_a_plate_in_its_relit_plate_out(exported, runs):
    module, trained = loaded(exported("relight")), load_generator(runs["relight"], "night", REGISTRY.networks)
    for height, width in SIZES:
        plate = picture(height, width) * 0.9
        with torch.no_grad():
            given = module(tensor(plate)).numpy()[0].transpose(1, 2, 0)
        proxy = make_proxy(plate, *proxy_size(height, width, trained.recipe.data.size, 64))
        stops, emission = (each[0] for each in trained(tensor(encode_display(proxy)).numpy() * 2 - 1))
        factor, light = 2.0 ** stops.mean(axis=(1, 2)), emission.mean(axis=(1, 2))
        assert given.shape == plate.shape
        # Maps of a network that no one trained are all but flat, so that their means tell what is to come.
        assert np.abs(given.mean(axis=(0, 1)) / (plate.mean(axis=(0, 1)) * factor + light) - 1).max() < 0.1


def test_range_and_grain_of_the_plate_stay(exported):
    module = loaded(exported("relight"))
    plate = np.full((80, 120, 3), 0.2, np.float32)
    plate[10, 10], plate[40, 60] = 500.0, np.nan
    with torch.no_grad():
        lit = module(tensor(plate)).numpy()[0].transpose(1, 2, 0)
    assert np.isfinite(np.delete(lit.reshape(-1, 3), 40 * 120 + 60, axis=0)).all()
    assert lit[10, 10].min() > 100 * lit[11, 11].max()


@pytest.mark.parametrize("kind", ["p0", "relight"])
def test_half_floats_come_back_as_half_floats(exported, kind):
    module = loaded(exported(kind)).half()
    with torch.no_grad():
        assert module(tensor(picture(64, 64)).half()).dtype == torch.float16


def test_it_loads_where_daynight_is_not(exported):
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); sys.modules['daynight'] = None; import torch;"
        "print(tuple(torch.jit.load(sys.argv[1])(torch.zeros(1, 3, 50, 70)).shape))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, exported("relight")], capture_output=True, text=True, check=False
    )
    assert result.stdout == "(1, 3, 50, 70)\n", result.stderr


def test_only_operators_that_older_versions_know(exported):
    used = {name for kind in ("relight", "p0") for name in torch.jit.export_opnames(loaded(exported(kind)))}
    assert not [name for name in used if "_aa" in name or "lanczos" in name or "exact" in name]


def test_facts_and_parity_lie_in_the_archive(exported):
    with zipfile.ZipFile(exported("relight")) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(f"/extra/{ARCHIVED}"))
        metadata = json.loads(archive.read(name))
    facts, report = ModelFacts.from_metadata(metadata), Parity.from_metadata(metadata)
    assert (facts.name, facts.kind, facts.training) == ("night", "maps", "12 steps, seed 7")
    assert report.fault is None
    assert (report.real, report.pictures, list(report.differences)) == (True, 6, ["picture"])


def test_beyond_tolerance_nothing_is_written(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[EXPORTER.__module__], "_TOLERANCES", {"pixels": (-1, -1)})
    with pytest.raises(ModelError, match=r"its picture would differ .*; nothing was written"):
        export(runs["p0"], tmp_path / "a.pt", "night", to="torchscript")
    assert list(tmp_path.iterdir()) == []


def test_it_writes_32_bits_only(tmp_path):
    with pytest.raises(UsageError, match="`precision=fp16`: is not one that torchscript writes; known: fp32"):
        export(tmp_path, tmp_path / "a.pt", "night", to="torchscript", precision="fp16")
