"""Weights from a model file, to start a run from a trained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from daynight.errors import ModelError


def load_model(network: nn.Module, path: Path) -> None:
    """Load the weights of a model file that was exported from a network of this kind.

    Raises:
        ModelError: the file can't be read, or holds other weights.
    """
    import onnx
    from onnx import numpy_helper

    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise ModelError(path, f"can't be read ({error.strerror})", "give an ONNX file") from None
    except Exception:  # protobuf's own classes
        raise ModelError(path, "is not an ONNX file", "give an exported model") from None
    # Large weights may be stored in 16 bits, under a name that says so; exports wrap the network.
    held = {
        each.name.removesuffix(".half").removeprefix("network."): each for each in model.graph.initializer
    }
    weights = {}
    for name, value in network.state_dict().items():
        if name not in held or list(held[name].dims) != list(value.shape):
            remedy = "give one exported from the recipe's network in fp32 or half-weights"
            raise ModelError(path, f"holds no weight {name} of shape {tuple(value.shape)}", remedy)
        weights[name] = torch.from_numpy(numpy_helper.to_array(held[name]).astype(np.float32))
    network.load_state_dict(weights)
