import shutil

import pytest
from pictures import EXAMPLES


@pytest.fixture(scope="session")
def make_run(tmp_path_factory):
    """Make a run of a kind of network that no one trained, with weights that make its outputs vary."""
    torch = pytest.importorskip("torch")
    from torch import nn
    from training_runs import recipe_of

    from daynight.plugin.registry import Registry
    from daynight.training.recipe import write_recipe
    from daynight.training.run.checkpoint import Parts, save_checkpoint

    kinds = Registry.load(strict=True).networks

    def make(kind, *, seed=7, step=12, best=None, **settings):
        starts = {"to_night": {"start": -4.0}, "to_day": {"start": 3.0}} if kind == "relight" else {}
        recipe = recipe_of(kind, generator=settings, size=64, steps=20, seed=seed, **starts)
        folder = tmp_path_factory.mktemp(kind)
        write_recipe(recipe, folder)
        torch.manual_seed(seed)
        for number, at in ((step, False), *([(best, True)] if best else [])):
            averages = {}
            for direction in ("night", "day"):
                network = kinds[kind].generator(**settings, **getattr(recipe.method, f"to_{direction}"))
                if kind == "relight":
                    nn.init.normal_(network.head.weight, std=0.6)
                elif kind == "p0":
                    for layer in network.modules():
                        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                            nn.init.kaiming_normal_(layer.weight)
                    nn.init.normal_(network[-1].weight, std=0.03)  # pictures about in [-1, 1]
                averages[f"{direction}-average"] = network
            save_checkpoint(folder, number, Parts(averages), best=at)
        return folder

    return make


@pytest.fixture(scope="session")
def runs(make_run):
    """A run of each first-party kind."""
    settings = {"relight": {}, "p0": {}, "cyclegan": {"blocks": 1}, "attention": {"blocks": 1}}
    return {kind: make_run(kind, **each) for kind, each in settings.items()}


@pytest.fixture(scope="session")
def plates(tmp_path_factory):
    """A folder of six plates from both example shots."""
    folder = tmp_path_factory.mktemp("plates")
    for shot in ("city", "lake"):
        for number in (1001, 1006, 1012):
            shutil.copy(EXAMPLES / f"shots/{shot}/{shot}.{number}.jpg", folder)
    return folder
