"""Running a model with onnxruntime: one session a process, on the device that it says."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from daynight.errors import DeviceError, ModelError
from daynight.job import DeviceName
from daynight.models.facts import ModelFacts

try:
    import onnxruntime
    from onnxruntime import InferenceSession
except ImportError as error:  # the second fails where uninstalling one of two wheels left half a package
    remedy = "uninstall every onnxruntime wheel, then install daynight again"
    raise DeviceError("onnxruntime", f"can't be loaded ({error})", remedy) from error


_CUDA: Final = "CUDAExecutionProvider"
_CPU: Final = "CPUExecutionProvider"
_CHANNELS: Final = 3

Tensor = NDArray[np.float32]


@dataclass(frozen=True)
class Device:
    """Where a model runs, and why there."""

    name: Literal["cuda", "cpu"]
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


@dataclass(frozen=True)
class Network:
    """A model ready to run, with its facts. Safe to call from several threads."""

    facts: ModelFacts
    device: Device
    sha256: str
    """Digest of the model file's bytes."""
    fixed_size: tuple[int, int] | None
    """Height and width where the file allows no other, in pixels."""
    session: Any
    """The onnxruntime session."""

    @property
    def outputs(self) -> list[str]:
        """Names of what it gives."""
        return [output.name for output in self.session.get_outputs()]

    def run(self, picture: Tensor) -> list[Tensor]:
        """Run the model.

        Args:
            picture: N×3×H×W float32, in the range, encoding and channel order of ``facts``.

        Returns:
            Each output in the file's order, N×C×H×W float32.
        """
        source = self.session.get_inputs()[0]
        half = source.type == "tensor(float16)"
        results = self.session.run(None, {source.name: picture.astype(np.float16) if half else picture})
        return [np.asarray(result, np.float32) for result in results]


def open_network(
    path: Path,
    *,
    device: DeviceName = "auto",
    threads: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Network:
    """Load a model.

    Args:
        path: one ONNX file with its weights inside: N×3×H×W in, N×3×H×W out (or stops and emission).
        device: ``auto`` takes CUDA where it runs, else the CPU.
        threads: processor threads for one run; ``None``: onnxruntime's choice.
        facts: facts of the model that override those in its metadata.

    Raises:
        ModelError: the file is no such model.
        DeviceError: CUDA is asked for and can't run here.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"can't be read ({error.strerror})", "check the name and its rights") from None
    session, chosen = _session(path, content, device, threads)
    metadata = session.get_modelmeta().custom_metadata_map
    told = ModelFacts.from_metadata(metadata).updated(facts or {})
    _check_shape(path, session, told)
    return Network(told, chosen, hashlib.sha256(content).hexdigest(), _fixed_size(session), session)


def cuda_fault() -> str | None:
    """Say what keeps CUDA from running here, in one line; ``None`` where nothing is known to."""
    if _CUDA not in onnxruntime.get_available_providers():
        return "this onnxruntime has no CUDA: pip install onnxruntime-gpu"
    driver = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(driver)
    except OSError:
        return f"no NVIDIA driver: {driver} not found"
    return None


# One process needs a model's weights once, however many looks or threads ask for it.
_sessions: Final[dict[tuple[str, str, int | None], tuple[Any, Device]]] = {}
_sessions_lock: Final = Lock()


def _session(path: Path, content: bytes, device: DeviceName, threads: int | None) -> tuple[Any, Device]:
    key = (hashlib.sha256(content).hexdigest(), device, threads)
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = _open_session(path, content, device, threads)
        return _sessions[key]


def _open_session(path: Path, content: bytes, device: DeviceName, threads: int | None) -> tuple[Any, Device]:
    fault = cuda_fault() if device != "cpu" else None
    if device == "cuda" and fault:
        raise DeviceError("`device=cuda`", fault, "see daynight doctor, or set `device=cpu`")
    if device == "cpu":
        return _load(path, content, [_CPU], threads), Device("cpu", "asked for")
    if fault:
        return _load(path, content, [_CPU], threads), Device("cpu", fault)
    _preload_cuda()
    session = _load(path, content, [_CUDA, _CPU], threads)
    # onnxruntime falls back to the CPU without an error when CUDA's libraries don't load.
    if _CUDA in session.get_providers():
        return session, Device("cuda", "found" if device == "auto" else "asked for")
    fallen = "onnxruntime could not start CUDA (CUDA or cuDNN libraries missing or of another version)"
    if device == "cuda":
        raise DeviceError("`device=cuda`", fallen, "pip install 'daynight[cuda]', see daynight doctor")
    return session, Device("cpu", fallen)


@cache
def _preload_cuda() -> None:
    """Make the CUDA libraries that came as wheels known to the loader."""
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()


def _load(path: Path, content: bytes, providers: Sequence[str], threads: int | None) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # faults are raised or detected here; a farm's log needs no C++ noise
    if threads:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: spinning, they would take the processors from decoding and encoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Bytes, not the path: a file that points to weights outside itself can then reach nothing.
    try:
        return InferenceSession(content, options, providers=list(providers))
    except Exception as error:  # onnxruntime raises many classes, none of them public
        fault = " ".join(str(error).split())[:200]
        remedy = "give one ONNX file with its weights inside"
        raise ModelError(path, f"is no model that onnxruntime can load ({fault})", remedy) from None


def _check_shape(path: Path, session: Any, facts: ModelFacts) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    # A channel axis that is a name, not a number, is taken at its word.
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != _CHANNELS):
        shapes = ", ".join(f"{source.name} {source.shape}" for source in inputs)
        raise ModelError(path, f"takes {shapes}", "a picture model takes one tensor N×3×H×W")
    if inputs[0].type not in ("tensor(float)", "tensor(float16)"):
        raise ModelError(path, f"takes {inputs[0].type}", "export it with float or float16 input")
    if facts.kind == "maps" and {output.name for output in outputs} != {"stops", "emission"}:
        names = ", ".join(output.name for output in outputs)
        raise ModelError(path, f"says it gives maps, but gives {names}", "its outputs are stops and emission")


def _fixed_size(session: Any) -> tuple[int, int] | None:
    height, width = session.get_inputs()[0].shape[2:]
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None
