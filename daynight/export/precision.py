"""An ONNX model in fewer bits: its weights alone, its arithmetic in 16 bits, or in 8.

The first and the last layer stay in 32 bits: small, and most of the difference comes from them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daynight.frames.frame import NCHW

_LARGE: Final = 4096
"""Weights with more values than this are stored in 16 bits."""
_LAYERS: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators that hold nearly all weights and take nearly all time."""
_BETWEEN: Final = ("Relu", "LeakyRelu", "Pad", "Concat", "Resize", "Add")
"""Operators that lose almost nothing in 16 bits, so that values between layers can stay in 16 bits.

All others keep 32 bits: the means and powers of a norm exceed a half float's range on a large frame, and
tanh, softplus and the scaling of their results round the network's outputs.
"""
_DATA: Final = {"Resize": 1}
"""Inputs, from the first, that are pictures: a resize's factors must be 32 bits."""


def with_half_weights(model: Any) -> Any:
    """Store large weights in 16 bits, cast back to 32 in the graph.

    onnxruntime folds the casts when it loads the file: it computes as before, and half the bytes are shipped.
    """
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    stored = ModelProto()
    stored.CopyFrom(model)
    casts = []
    for weight in stored.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) > _LARGE:
            name, half = weight.name, f"{weight.name}.half"
            weight.CopyFrom(numpy_helper.from_array(_half(weight), half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    _replace(stored.graph.node, [*casts, *stored.graph.node])
    return stored


def in_half(model: Any) -> Any:
    """Compute layers, and the operators between them, in 16 bits; inputs and outputs stay in 32."""
    from onnx.shape_inference import infer_shapes

    halved = infer_shapes(model)  # a copy that states the type of each value
    nodes = list(_Halving(halved.graph))
    _replace(halved.graph.node, nodes)
    used = {name for node in nodes for name in node.input}
    _replace(halved.graph.initializer, [each for each in halved.graph.initializer if each.name in used])
    _replace(halved.graph.value_info, [])  # it states types that have changed
    return halved


def layer_count(model: Any) -> int:
    """Return the number of layers of a model."""
    return len(_layers(model.graph))


def quantised(model: Any, plates: Sequence[NCHW], kept: int) -> Any:
    """Compute layers in 8 bits, by QuantizeLinear and DequantizeLinear around each.

    Weights have a scale for each channel; the range of a layer's input is the one measured on the plates.

    Args:
        model: in 32 bits.
        plates: 1×3×H×W each, as the network takes them.
        kept: layers at the end that stay in 32 bits; the first one does too.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    source = model.graph.input[0].name

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(plates)

        def get_next(self) -> dict[str, NCHW] | None:
            plate = next(self._left, None)
            return None if plate is None else {source: plate}

    layers = _layers(model.graph)
    taken = onnx.ModelProto()
    taken.CopyFrom(model)  # the quantiser moves the weights of its argument into a file of its own
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantised.onnx"
        quantize_static(
            taken,
            path,
            Reader(),
            op_types_to_quantize=list(_LAYERS),
            nodes_to_exclude=[*layers[:1], *layers[-kept:]],
            per_channel=True,
        )
        return onnx.load(path)


class _Halving:
    """Yields a graph's nodes, with the casts between them that 16 bits need."""

    def __init__(self, graph: Any) -> None:
        from onnx import TensorProto

        self._graph = graph
        self._weights = {each.name: each for each in graph.initializer}
        typed = (*graph.input, *graph.value_info, *graph.output)
        self._floats = {each.name for each in typed if each.type.tensor_type.elem_type == TensorProto.FLOAT}
        self._floats |= {name for name, each in self._weights.items() if each.data_type == TensorProto.FLOAT}
        self._halves: set[str] = set()
        """Values that exist in 16 bits, under ``NAME.half``."""
        self._only_halves: set[str] = set()
        """Values that exist in 16 bits only."""

    def __iter__(self) -> Iterator[Any]:
        layers = _layers(self._graph)
        outer = {layers[0], layers[-1]} if layers else set()
        for node in list(self._graph.node):
            known = node.op_type in (*_LAYERS, *_BETWEEN) and node.output[0] in self._floats
            if known and node.name not in outer:
                yield from self._narrowed(node)
            else:
                yield from self._widened(node.input)
                yield node
        yield from self._widened([output.name for output in self._graph.output])

    def _narrowed(self, node: Any) -> Iterator[Any]:
        data = _DATA.get(node.op_type, len(node.input))
        yield from self._widened(node.input[data:])
        for index, name in enumerate(node.input[:data]):
            if name in self._floats:
                yield from self._brought_down(name)
                node.input[index] = f"{name}.half"
        for index, name in enumerate(node.output):
            node.output[index] = f"{name}.half"
            self._halves.add(name)
            self._only_halves.add(name)
        yield node

    def _brought_down(self, name: str) -> Iterator[Any]:
        from onnx import TensorProto, helper, numpy_helper

        if name in self._halves:
            return
        self._halves.add(name)
        if name in self._weights:
            half = numpy_helper.from_array(_half(self._weights[name]), f"{name}.half")
            self._graph.initializer.append(half)
        else:
            yield helper.make_node("Cast", [name], [f"{name}.half"], to=TensorProto.FLOAT16)

    def _widened(self, names: Sequence[str]) -> Iterator[Any]:
        from onnx import TensorProto, helper

        for name in names:
            if name in self._only_halves:
                self._only_halves.remove(name)
                yield helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)


def _layers(graph: Any) -> list[str]:
    """Return the names of the layers, in order."""
    return [node.name for node in graph.node if node.op_type in _LAYERS]


def _half(weight: Any) -> NDArray[np.float16]:
    from onnx import numpy_helper

    with np.errstate(over="ignore"):  # too large values become infinite; the comparison finds them
        return np.asarray(numpy_helper.to_array(weight), np.float16)


def _replace(repeated: Any, values: Sequence[Any]) -> None:
    """Replace the values of a repeated field of a protocol buffer."""
    kept = list(values)
    del repeated[:]
    repeated.extend(kept)
