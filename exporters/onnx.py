"""Export to ONNX: one file that holds the network, its weights and everything needed to run it right."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from daynight import hookimpl
from daynight.errors import ModelError, UsageError
from daynight.plugin.exporter import Exporter, ExportOptions

if TYPE_CHECKING:
    import torch

    from daynight.export.parity import Output, Parity, Tensor
    from daynight.export.trained import TrainedGenerator

_OPSET: Final = 18
_LARGEST_SIDE: Final = 2**14
"""Height and width, in pixels, that the network is converted for; the file itself knows no limit."""
_LEVELS: Final = 127.5
"""Of 255, in a difference of 1 between pictures in [-1, 1]."""
_TOLERANCES: Final = {
    #                largest and mean of stops; of emission, in scene-linear light; of pictures, in levels
    "fp32": ((1e-3, 1e-4), (1e-3, 1e-4), (0.25, 0.05)),
    "half-weights": ((2e-3, 2e-4), (2e-3, 2e-4), (0.5, 0.1)),
    "fp16": ((1e-2, 1e-3), (1e-2, 1e-3), (1.0, 0.2)),
    "int8": ((1.0, 0.03), (0.1, 2e-3), (16.0, 1.5)),
}
"""What a file may differ by from its network, by precision; ``docs/export.md`` says what it does."""


class OnnxExporter(Exporter):
    """Writes one ONNX file: ``plate`` in, ``stops`` and ``emission`` or ``picture`` out, at any size.

    Inputs and outputs are 32-bit floats whatever the precision.
    """

    name: ClassVar[str] = "onnx"
    precisions: ClassVar[tuple[str, ...]] = tuple(_TOLERANCES)

    def export(self, run: Path, out: Path, *, direction: Literal["night", "day"]) -> Path:
        """Write the run's network of one direction.

        Args:
            run: folder of a training run.
            out: the file to write.
            direction: which of the run's two networks.

        Returns:
            ``out``.

        Raises:
            UsageError: the run or the pictures can't be read, int8 is asked for without pictures, or PyTorch
                is not installed.
            ModelError: the network can't be converted, or the file differs from it by more than the
                precision's tolerance.
        """
        from daynight.training import require_torch

        require_torch()
        from daynight.export.parity import KEY
        from daynight.export.trained import facts_of, load_generator
        from daynight.plates import written_whole
        from daynight.plugin.registry import Registry

        options = self.options
        # What is broken was told when this plugin was loaded.
        kinds = Registry.load(warn=lambda _: None).networks
        trained = load_generator(run, direction, kinds, best=options.best, warn=options.warn)
        metadata = facts_of(run, trained).to_metadata()
        calibrating, checked = self._pictures(trained)
        with _quiet():
            model = _without_traces(_converted(trained))
            model, parity = self._nearest(trained, model, calibrating, checked)
        if parity.fault:
            remedy = "nothing was written; try another --precision, or other --pictures"
            raise ModelError(out, parity.fault, remedy)
        for key, value in {**metadata, KEY: parity.model_dump_json()}.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        with written_whole(out) as temporary:
            temporary.write_bytes(model.SerializeToString())
        return out

    def _pictures(self, trained: TrainedGenerator) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Return what to calibrate by and what to compare on: never the same picture, where it is int8."""
        from daynight.export.samples import some_pictures

        folder, calibrated = self.options.pictures, self.options.precision == "int8"
        if calibrated and folder is None:
            raise UsageError("--precision int8", "has nothing to be calibrated by", "give --pictures FOLDER")
        pictures = some_pictures(folder, trained.short_side, trained.kind.size_multiple, self.options.warn)
        if not calibrated:
            return (), pictures
        if len(pictures) == 1:
            fault = "holds one picture, and int8 is compared on others than it is calibrated by"
            raise UsageError(folder, fault, "give more, the more unlike the better")
        return pictures[::2], pictures[1::2]

    def _nearest(
        self, trained: TrainedGenerator, model: Any, calibrating: Sequence[Tensor], checked: Sequence[Tensor]
    ) -> tuple[Any, Parity]:
        """Bring the model to the precision asked for, and say how near it stays."""
        for candidate in self._candidates(model, calibrating):
            parity = _parity(trained, candidate, checked, self.options)
            if not parity.fault:
                break
        return candidate, parity

    def _candidates(self, model: Any, calibrating: Sequence[Tensor]) -> Iterator[Any]:
        """Return the model in the precision asked for; int8 with ever more layers at the end left out."""
        from daynight.export.precision import in_half, layer_count, quantised, with_half_weights

        if self.options.precision == "int8":
            count = layer_count(model)
            if count < 3:
                fault = f"leaves nothing in 8 bits of a network of {count} layers"
                raise UsageError("--precision int8", fault, "take fp16")
            # The fewest with which the file keeps its tolerance, and half of them at most.
            doublings = range((count // 2).bit_length())
            yield from (quantised(model, calibrating, kept=2**each) for each in doublings)
        else:
            change = {"half-weights": with_half_weights, "fp16": in_half}
            yield change.get(self.options.precision, lambda same: same)(model)


def _converted(trained: TrainedGenerator) -> Any:
    """Return the network as an ONNX model with free batch size, height and width."""
    import torch

    multiple = trained.kind.size_multiple
    least = -(-trained.kind.least_side // multiple)
    # Two sides that no picture has: were one of them fixed in the file, the comparison would fail.
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
        # Python that branches on a pixel. Traced, it is taken as it falls on the example; whether that holds
        # elsewhere the comparison says.
        return _traced(trained, example, common)
    assert program is not None
    return program.model_proto


def _without_traces(model: Any) -> Any:
    """Take out what PyTorch's exporter notes of its own way: code, in folders of this machine."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


def _traced(trained: TrainedGenerator, example: torch.Tensor, common: dict[str, Any]) -> Any:
    """Convert by following the network once."""
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


def _parity(
    trained: TrainedGenerator, model: Any, pictures: Sequence[Tensor], options: ExportOptions
) -> Parity:
    import onnxruntime
    import torch

    from daynight.export.parity import compare

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    return compare(
        trained,
        lambda plate: session.run(list(trained.outputs), {"plate": plate}),
        pictures,
        _outputs(trained, options.precision),
        precision=options.precision,
        real=options.pictures is not None,
        versions={"torch": torch.__version__, "onnxruntime": onnxruntime.__version__},
    )


def _outputs(trained: TrainedGenerator, precision: str) -> list[Output]:
    from daynight.export.parity import Output, Tolerance

    stops, emission, picture = (Tolerance(*each) for each in _TOLERANCES[precision])
    if trained.kind.gives == "maps":
        return [Output("stops", "stops", stops), Output("emission", "of white", emission)]
    return [Output("picture", "levels", picture, scale=_LEVELS)]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep quiet what PyTorch's exporter and onnxruntime's quantiser say of their own parts."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    """Register the exporter."""
    return [OnnxExporter]
