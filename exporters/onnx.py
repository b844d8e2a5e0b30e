"""Export to ONNX: one file with the network, its weights and everything needed to run it correctly."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daynight import hookimpl
from daynight.errors import ModelError, UsageError
from daynight.export.quiet import quiet
from daynight.frames.frame import NCHW
from daynight.plugin.exporter import Artefact, Exporter, ExportOptions, Output, Tolerance, Trained

if TYPE_CHECKING:
    import torch

_OPSET: Final = 18
_LARGEST_SIDE: Final = 2**14
"""Height and width, in pixels, that the network is converted for; the file itself has no limit."""
_LEVELS: Final = 127.5
"""Of 255, in a difference of 1 between pictures in [-1, 1]."""
_SURVEYS: Final = {
    "fp32": (1e-2, 1e-3),
    "half-weights": (5e-2, 5e-3),
    "fp16": (0.3, 3e-2),
    "int8": (4.0, 0.2),
}
"""The same of mattes, which lie in [0, 1], and of lights, in stops and deviations."""
_TOLERANCES: Final = {
    #                largest and mean of stops; of emission, in scene-linear light; of pictures, in levels
    "fp32": ((1e-3, 1e-4), (1e-3, 1e-4), (0.25, 0.05)),
    "half-weights": ((2e-3, 2e-4), (2e-3, 2e-4), (0.5, 0.1)),
    "fp16": ((1e-2, 1e-3), (1e-2, 1e-3), (1.0, 0.2)),
    "int8": ((1.0, 0.03), (0.1, 2e-3), (16.0, 1.5)),
}
"""How far a file may differ from its network, by precision; ``docs/export.md`` has what it does."""


class OnnxExporter(Exporter):
    """Builds one ONNX file: ``plate`` in, ``stops`` and ``emission`` or ``picture`` out, at any size.

    Inputs and outputs are 32-bit floats whatever the precision.
    """

    name: ClassVar[str] = "onnx"
    precisions: ClassVar[tuple[str, ...]] = tuple(_TOLERANCES)
    calibrated: ClassVar[tuple[str, ...]] = ("int8",)

    def build(self, trained: Trained, options: ExportOptions) -> Artefact:
        """Build the file.

        Raises:
            UsageError: the network is too small for the precision.
            ModelError: the network can't be converted.
        """
        from daynight.export.precision import in_half, with_half_weights

        with quiet():
            model = _without_traces(_converted(trained))
            if options.precision == "int8":
                return _quantised(trained, model, options.calibration)
            change = {"half-weights": with_half_weights, "fp16": in_half}.get(options.precision)
            return _artefact(trained, change(model) if change else model, options.precision)


def _quantised(trained: Trained, model: Any, calibration: Sequence[NCHW], kept: int = 1) -> Artefact:
    """Build a file in 8 bits whose last layers, ``kept`` of them, stay in 32.

    Falls back to twice as many, up to half of all: so as few as the tolerance allows are kept.
    """
    from daynight.export.precision import layer_count, quantised

    count = layer_count(model)
    if count < 3:
        fault = f"leaves nothing in 8 bits of a network of {count} layers"
        raise UsageError("`precision=int8`", fault, "use fp16")
    with quiet():
        artefact = _artefact(trained, quantised(model, calibration, kept=kept), "int8")
    if 2 * kept > count // 2:
        return artefact
    more_exact = partial(_quantised, trained, model, calibration, 2 * kept)
    return dataclasses.replace(artefact, fallback=more_exact)


def _artefact(trained: Trained, model: Any, precision: str) -> Artefact:
    import onnxruntime
    import torch

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    return Artefact(
        partial(_with_metadata, model),
        run=lambda plates: session.run(list(trained.outputs), {"plate": plates}),
        outputs=_outputs(trained, precision),
        versions={"torch": torch.__version__, "onnxruntime": onnxruntime.__version__},
    )


def _with_metadata(model: Any, metadata: Mapping[str, str]) -> bytes:
    import onnx

    described = onnx.ModelProto()
    described.CopyFrom(model)
    for key, value in metadata.items():
        described.metadata_props.add(key=key, value=value)
    content: bytes = described.SerializeToString()
    return content


def _converted(trained: Trained) -> Any:
    """Return the network as an ONNX model with free batch size, height and width."""
    import torch

    multiple = trained.kind.size_multiple
    least = -(-trained.kind.least_side // multiple)
    # Two sides that no picture has: if one of them were fixed in the file, the comparison would fail.
    example = torch.zeros(2, 3, (least + 1) * multiple, (least + 2) * multiple)
    frames = torch.export.Dim("frames", min=1, max=64)
    height, width = (
        multiple * torch.export.Dim(f"{side}_{multiple}", min=2, max=_LARGEST_SIDE // multiple)
        for side in ("height", "width")
    )
    common: dict[str, Any] = {
        "input_names": ["plate"],
        "output_names": list(trained.outputs),
        "opset_version": _OPSET,
        "external_data": False,
        "verbose": False,
    }
    try:
        shapes = ({0: frames, 2: height, 3: width},)
        program = torch.onnx.export(trained.network, (example,), dynamic_shapes=shapes, dynamo=True, **common)
    except torch.onnx.OnnxExporterError:
        # Python that branches on a pixel. A trace follows the branch of the example; the comparison finds out
        # whether that holds for other pictures.
        return _traced(trained, example, common)
    assert program is not None
    return program.model_proto


def _without_traces(model: Any) -> Any:
    """Remove the notes of PyTorch's exporter: source lines, with paths of this machine."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


def _traced(trained: Trained, example: torch.Tensor, common: dict[str, Any]) -> Any:
    """Convert by tracing the network on an example."""
    import io

    import onnx
    import torch

    free = {0: "frames", 2: "height", 3: "width"}
    content = io.BytesIO()
    try:
        torch.onnx.export(
            trained.network,
            (example,),
            content,  # type: ignore[arg-type]
            dynamic_axes=dict.fromkeys(("plate", *trained.outputs), free),
            dynamo=False,
            **common,
        )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        fault = f"can't be converted ({' '.join(str(error).split())[:200]})"
        remedy = "write its forward with operators that PyTorch's ONNX exporter knows"
        raise ModelError(f"network {trained.kind.name}", fault, remedy) from error
    return onnx.load_from_string(content.getvalue())


def _outputs(trained: Trained, precision: str) -> list[Output]:
    stops, emission, picture = (Tolerance(*each) for each in _TOLERANCES[precision])
    if trained.kind.output in ("mattes", "lights"):
        return [Output(trained.kind.output, "of its unit", Tolerance(*_SURVEYS[precision]))]
    if trained.kind.output == "maps":
        return [Output("stops", "stops", stops), Output("emission", "of white", emission)]
    return [Output("picture", "levels", picture, scale=_LEVELS)]


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    """Register the exporter."""
    return [OnnxExporter]
