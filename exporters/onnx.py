"""Export to ONNX: one file that holds the network, its weights and everything needed to run it right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from daynight import hookimpl
from daynight.errors import ModelError, UsageError
from daynight.exporting import Exporter
from daynight.images import written_whole
from daynight.models import ModelFacts

if TYPE_CHECKING:
    from torch import nn

    from daynight.training.recipe import Recipe

_OPSET: Final = 18
_TOLERANCE: Final = 2e-3
"""Largest difference between the file's maps and the network's: in stops (0.14 % of light), in emission."""
_PROBES: Final = ((256, 448), (320, 256), (256, 256))
"""Heights and widths on which both are compared."""
_SMALL: Final = 100_000
"""Values up to which a weight stays in 32 bits: the outer layers, which make most of the difference that
16 bits make."""


class OnnxExporter(Exporter):
    """Writes one ONNX file: ``plate`` in, ``stops`` and ``emission`` out, any number and size of plates.

    The weights are the running average; large ones are stored in 16 bits and cast back when the file is
    loaded. A card ``night.md`` or ``day.md`` and facts in ``facts.json``, where the run's folder has them,
    go along.
    """

    name: ClassVar[str] = "onnx"

    def export(self, run: Path, out: Path, *, direction: Literal["night", "day"]) -> Path:
        """Write the run's network of one direction.

        Args:
            run: folder of a training run.
            out: the file to write.
            direction: which of the run's two networks.

        Returns:
            ``out``.

        Raises:
            UsageError: the run can't be read, or PyTorch is not installed.
            ModelError: the file's maps differ from the network's by more than 0.002.
        """
        from daynight.training import require_torch

        require_torch()
        from daynight.training.recipe import Recipe

        recipe = Recipe.read(run)
        network = _trained(run, direction, recipe)
        model = _converted(network)
        _halve_weights(model)
        for key, value in _facts(run, direction, recipe).to_metadata().items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        content = model.SerializeToString()
        _require_parity(out, content, network)
        with written_whole(out) as temporary:
            temporary.write_bytes(content)
        return out


def _trained(run: Path, direction: str, recipe: Recipe) -> nn.Module:
    """Load the running average of a direction's network."""
    from daynight.training.checkpoint import Parts, load_checkpoint
    from daynight.training.networks.relight import Relight

    # Where the stops start is part of the network, and stands in the recipe, not among the weights.
    network = Relight(recipe.night_start if direction == "night" else recipe.day_start)
    load_checkpoint(run, Parts({f"{direction}-average": network}))
    return network.eval()


def _facts(run: Path, direction: str, recipe: Recipe) -> ModelFacts:
    """Gather what the file says of itself."""
    from daynight.training.checkpoint import checkpoint_step
    from daynight.training.networks.relight import SIZE_MULTIPLE

    facts = ModelFacts(
        name=direction,
        direction="day-to-night" if direction == "night" else "night-to-day",
        kind="maps",
        size_multiple=SIZE_MULTIPLE,
        short_side=256,
        architecture="relighting U-Net: stops and emission (P0's cycle GAN, other generator)",
        training=f"{checkpoint_step(run)} steps, seed {recipe.seed}",
    )
    card, told = run / f"{direction}.md", run / "facts.json"
    if card.is_file():
        facts = facts.updated({"card": card.read_text(encoding="utf-8")})
    return facts.updated(_read_facts(told)) if told.is_file() else facts


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(
            path, f"is no JSON ({error.msg}, line {error.lineno})", "mend it or remove it"
        ) from None
    if not isinstance(facts, dict):
        raise UsageError(path, "is no JSON object", 'write {"licence": "..."}')
    return facts


def _converted(network: nn.Module) -> Any:
    """Give the network as an ONNX model with free batch size, height and width."""
    import logging
    import warnings

    import torch

    height, width = (64 * torch.export.Dim(f"{side}64", min=2, max=64) for side in ("height", "width"))
    logging.getLogger("torch.onnx").setLevel(
        logging.ERROR
    )  # it tells of torchvision, which nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's exporter warns of its own deprecated parts
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 3, 256, 448),),
            input_names=["plate"],
            output_names=["stops", "emission"],
            dynamic_shapes=({0: torch.export.Dim("frames", min=1, max=64), 2: height, 3: width},),
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise ModelError(network, "can't be converted", "use the PyTorch version that docs/training.md names")
    return program.model_proto


def _halve_weights(model: Any) -> None:
    """Store large weights in 16 bits, cast back to 32: onnxruntime folds the casts when it loads the file."""
    from onnx import TensorProto, helper, numpy_helper

    weights, casts = list(model.graph.initializer), []
    del model.graph.initializer[:]
    for weight in weights:
        values = numpy_helper.to_array(weight)
        if weight.data_type == TensorProto.FLOAT and values.size > _SMALL:
            stored = f"{weight.name}.half"
            casts.append(helper.make_node("Cast", [stored], [weight.name], to=TensorProto.FLOAT))
            weight = numpy_helper.from_array(values.astype(np.float16), stored)  # noqa: PLW2901
        model.graph.initializer.append(weight)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])


def _require_parity(out: Path, content: bytes, network: nn.Module) -> None:
    """Run both on pictures of several sizes.

    Raises:
        ModelError: their maps differ by more than the tolerance.
    """
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for height, width in _PROBES:
        plate = _probe(height, width)
        with torch.no_grad():
            expected = network(torch.from_numpy(plate))
        given = session.run(["stops", "emission"], {"plate": plate})
        for name, mine, theirs in zip(("stops", "emission"), given, expected, strict=True):
            difference = float(np.abs(mine - theirs.numpy()).max())
            if not difference <= _TOLERANCE:
                fault = f"its {name} would differ from the network's by {difference:.4f} at {width}x{height}"
                raise ModelError(out, fault, "nothing was written; train on, or report this")


def _probe(height: int, width: int) -> NDArray[np.float32]:
    """Make a picture with slopes, edges and grain, 1×3×H×W in [-1, 1]."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.where(y < 0.3 * np.sin(4 * x), 0.7 - 0.3 * y, 0.4 * np.sign(np.sin(20 * x)) - 0.3)
    channels = np.stack([light * 0.8, light, light * 0.9 + 0.1])  # (3, H, W)
    picture = np.clip(channels + random.normal(0, 0.05, channels.shape), -1, 1)
    return picture[np.newaxis].astype(np.float32)


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    """Register the exporter."""
    return [OnnxExporter]
