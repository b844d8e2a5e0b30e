"""The arithmetic that a run takes."""

import pytest

torch = pytest.importorskip("torch")

from daynight.training.data.loading import open_data  # noqa: E402
from daynight.training.run.precision import quicker_precision  # noqa: E402
from daynight.training.run.recipe import Recipe  # noqa: E402
from daynight.training.run.trainer import Trainer  # noqa: E402


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
    assert quicker_precision(torch.device("cpu")) == expected


@pytest.mark.parametrize(("asked", "taken"), [("auto", "bf16"), ("fp32", "fp32")])
def test_a_run_keeps_what_it_took(asked, taken, photographs, kinds, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    recipe = Recipe.preset("relight").model_copy(update={"size": 64, "steps": 1, "precision": asked})
    data = open_data(recipe, kinds["relight"], *photographs, None, print)
    trainer = Trainer(recipe, kinds["relight"], data)
    assert trainer.recipe.precision == taken
    outside = torch.ones(2, 2) @ torch.ones(2, 2)
    with trainer.gan._arithmetic():
        inside = torch.ones(2, 2) @ torch.ones(2, 2)
    assert outside.dtype == torch.float32
    assert inside.dtype == (torch.bfloat16 if taken == "bf16" else torch.float32)
