import zipfile

import pytest
from onnx_models import affine

torch = pytest.importorskip("torch")


@pytest.fixture(scope="session")
def run(make_run):
    return make_run("cyclegan", blocks=1, step=30, best=20)


def test_export_and_show(daynight, run, plates, tmp_path):
    out = tmp_path / "night.onnx"
    arguments = ("--direction", "night", "--out", out, "--precision", "fp16", "--pictures", plates, "--best")
    result = daynight("export", run, *arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}: {out.stat().st_size / 1e6:.1f} MB\n"
    told = daynight("show", out)
    assert told.exit_code == 0, told.output
    assert f"file: night.onnx, {out.stat().st_size / 1e6:.1f} MB\nsha256: " in told.stdout
    assert "input: plate, frames × 3 × 4*height_4 × 4*width_4, float\n" in told.stdout
    assert "output: picture, " in told.stdout
    assert "8 Conv" in told.stdout or "6 Conv" in told.stdout
    assert " float16, " in told.stdout
    assert "training: 20 steps, seed 7\n" in told.stdout
    assert "parity: fp16, on 6 pictures (" in told.stdout
    assert "levels at most (1 allowed)" in told.stdout


def test_torchscript_and_show(daynight, run, tmp_path):
    out = tmp_path / "night.pt"
    result = daynight("export", run, "--to", "torchscript", "--direction", "night", "--out", out)
    assert result.exit_code == 0, result.output
    told = daynight("show", out)
    assert "direction: day-to-night\n" in told.stdout
    assert "parity: fp32, on 3 synthetic pictures (" in told.stdout


def test_a_file_without_a_parity_report(daynight, tmp_path):
    told = daynight("show", affine(tmp_path / "foreign.onnx"))
    assert told.exit_code == 0
    assert told.stdout.endswith("parity: unknown\n")


def test_files_that_are_not_models(daynight, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"")
    with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
        archive.writestr("b/extra/daynight.json", '{"daynight.name": 3}')
    faults = {
        "a.onnx": "is not a model that onnxruntime can load",
        "a.pt": "is an archive without facts of a model",
        "b.pt": "is an archive without facts of a model",
        "absent.onnx": "can't be read (No such file or directory)",
    }
    for name, fault in faults.items():
        result = daynight("show", tmp_path / name)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: {tmp_path / name}: {fault}")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--precision", "int8"),
            "error: --precision int8: must be calibrated; give --pictures, a folder of plates",
        ),
        (
            ("--precision", "fp8"),
            "error: --precision fp8: is not one that onnx writes; known: fp16, fp32, half-weights, int8",
        ),
        (("--pictures", "absent"), "error: absent: is not there; give a folder of photographs"),
        (("--to", "onyx"), "error: --to onyx: is not an exporter; did you mean 'onnx'?"),
    ],
)
def test_what_export_refuses_in_one_line(daynight, run, tmp_path, arguments, message):
    result = daynight("export", run, "--direction", "night", "--out", tmp_path / "a.onnx", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
