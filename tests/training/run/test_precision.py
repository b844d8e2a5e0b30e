"""The arithmetic that a run takes."""

import pytest

torch = pytest.importorskip("torch")

from daynight.training.run.precision import faster_precision  # noqa: E402
from daynight.training.session import open_session  # noqa: E402


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param({"avx512_f": True, "avx512_bf16": True}, "bf16", id="x86-with"),
        pytest.param({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, "fp32", id="x86-without"),
        pytest.param({"neon": True, "bf16": True}, "bf16", id="arm"),
        pytest.param({}, "fp32", id="nothing-known"),
    ],
)
def test_bf16_is_taken_where_the_processor_has_it(told, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert faster_precision(torch.device("cpu")) == expected


@pytest.mark.parametrize(("precision", "kept"), [("auto", "bf16"), ("fp32", "fp32")])
def test_a_run_keeps_the_precision_that_it_chose(precision, kept, photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    settings = {"size": 64, "steps": 1, "precision": precision}
    with open_session(*photographs, tmp_path, settings=settings, device="cpu") as session:
        assert session.recipe.run.precision == kept
        outside = torch.ones(2, 2) @ torch.ones(2, 2)
        with session.trainer.method._arithmetic():
            inside = torch.ones(2, 2) @ torch.ones(2, 2)
    assert outside.dtype == torch.float32
    assert inside.dtype == (torch.bfloat16 if kept == "bf16" else torch.float32)
