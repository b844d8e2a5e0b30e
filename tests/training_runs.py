"""Training runs made from a few settings, as tests want them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from daynight.training.methods import find_method  # noqa: E402
from daynight.training.methods.kind import Context, Sources  # noqa: E402
from daynight.training.recipe import make_recipe, read_preset  # noqa: E402
from daynight.training.run.processes import ProcessGroup  # noqa: E402
from daynight.training.run.trainer import Trainer  # noqa: E402

CPU = torch.device("cpu")


def changed(tables: dict[str, Any], **settings: Any) -> Any:
    """Return a recipe whose tables have these settings changed, each in the table that knows it."""
    from daynight.training.data.recipe import DataRecipe
    from daynight.training.methods.cycle_gan import terms
    from daynight.training.run.recipe import RunRecipe

    tables = {name: dict(table) for name, table in tables.items()}
    weights = dict(tables["method"].get("weights", {}))
    for name, value in settings.items():
        if name in RunRecipe.model_fields:
            tables["run"][name] = value
        elif name in DataRecipe.model_fields:
            tables.setdefault("data", {})[name] = value
        elif name in {term.name for term in terms.TERMS}:
            weights[name] = value
        else:
            tables["method"][name] = value
    if weights:
        tables["method"]["weights"] = weights
    return make_recipe(tables)


def recipe_of(network: str, **settings: Any) -> Any:
    """Return a recipe of a cycle GAN that asks for nothing but these settings."""
    settings = {"steps": 100, "precision": "fp32", "betas": (0.5, 0.999), **settings}
    return changed({"run": {}, "data": {}, "method": {"name": "cycle-gan", "network": network}}, **settings)


def trainer_of(
    kinds: Any, day: Path, night: Path, *, preset: str = "relight", pairs: Path | None = None, **settings: Any
) -> Trainer:
    recipe = changed(read_preset(preset).model_dump(), **settings)
    if recipe.run.precision == "auto":
        recipe = recipe.model_copy(update={"run": recipe.run.model_copy(update={"precision": "fp32"})})

    def refuse(line: str) -> None:
        raise AssertionError(line)

    torch.manual_seed(recipe.run.seed)
    context = Context(kinds, {}, CPU, ProcessGroup(), refuse)
    method, data = find_method(recipe.method.name).open(recipe, Sources(day, night, pairs), context)
    return Trainer(method, data, recipe.run, device=CPU)
