"""Small ONNX models made for tests: what a stranger's generator might look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FREE = ("n", 3, "h", "w")


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, np.ndarray] | None = None,
    *,
    shape: Sequence[object] = FREE,
    outputs: dict[str, Sequence[object]] | None = None,
    facts: dict[str, str] | None = None,
) -> Path:
    """Write a model that takes ``x`` and gives ``y`` (or the named outputs)."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, list(size))
            for name, size in (outputs or {"y": shape}).items()
        ],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (facts or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"daynight.{key}", value
    path.write_bytes(model.SerializeToString())
    return path


def affine(path: Path, scale: float = 1.0, offset: float = 0.0, **options: object) -> Path:
    """y = scale x + offset."""
    nodes = [helper.make_node("Mul", ["x", "s"], ["m"]), helper.make_node("Add", ["m", "o"], ["y"])]
    weights = {"s": np.array(scale, np.float32), "o": np.array(offset, np.float32)}
    return save(path, nodes, weights, **options)


def per_channel(path: Path, gains: Sequence[float], **options: object) -> Path:
    """y = gain of each channel times x."""
    gain = np.array(gains, np.float32).reshape(1, 3, 1, 1)
    return save(path, [helper.make_node("Mul", ["x", "g"], ["y"])], {"g": gain}, **options)


def convolutions(path: Path, *, strided: bool = True, **facts: str) -> Path:
    """Two 5×5 convs (the first of stride 2 where asked), a ReLU, and back to size: exact in tiles.

    Receptive-field radius: 2 px, then 2 px at half size, then nearest up-sampling: at most 8 px.
    """
    random = np.random.default_rng(5)
    weights = {
        "a": random.normal(0, 0.12, (8, 3, 5, 5)).astype(np.float32),
        "b": random.normal(0, 0.07, (3, 8, 5, 5)).astype(np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    stride = 2 if strided else 1
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["c"], pads=[2, 2, 2, 2], strides=[stride, stride]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Conv", ["r", "b"], ["d" if strided else "y"], pads=[2, 2, 2, 2]),
    ]
    if strided:
        nodes.append(helper.make_node("Resize", ["d", "", "scales"], ["y"], mode="nearest"))
    told = {"size_multiple": str(stride), "radius": "8", "exact_tiling": "True", **facts}
    return save(path, nodes, weights, facts=told)


def normalising(path: Path, **facts: str) -> Path:
    """Instance norm over the whole input: can't be exact in tiles."""
    weights = {"s": np.full(3, 0.2, np.float32), "b": np.zeros(3, np.float32)}
    node = helper.make_node("InstanceNormalization", ["x", "s", "b"], ["y"])
    return save(path, [node], weights, facts=facts)


def maps(path: Path, stops: Sequence[float], emission: Sequence[float], **facts: str) -> Path:
    """Gives the same stops and emission everywhere."""
    zero = helper.make_node("Mul", ["x", "zero"], ["z"])
    nodes = [
        zero,
        helper.make_node("Add", ["z", "a"], ["stops"]),
        helper.make_node("Add", ["z", "b"], ["emission"]),
    ]
    weights = {
        "zero": np.array(0, np.float32),
        "a": np.array(stops, np.float32).reshape(1, 3, 1, 1),
        "b": np.array(emission, np.float32).reshape(1, 3, 1, 1),
    }
    told = {"kind": "maps", "size_multiple": "16", "short_side": "64", **facts}
    return save(path, nodes, weights, outputs={"stops": FREE, "emission": FREE}, facts=told)
