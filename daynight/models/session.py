"""Running models with onnxruntime, on a device that is reported with its reason."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType, TracebackType
from typing import Any, Final, Literal, Self

import numpy as np

from daynight.errors import DeviceError, ModelError, UsageError, nearest
from daynight.frames.frame import NCHW
from daynight.job import DeviceName
from daynight.models.facts import Model, ModelFacts

try:
    import onnxruntime
    from onnxruntime import InferenceSession
except ImportError as error:  # the second fails where uninstalling one of two wheels left half a package
    remedy = "uninstall every onnxruntime wheel, then install daynight again"
    raise DeviceError("onnxruntime", f"can't be loaded ({error})", remedy) from error


_CUDA: Final = "CUDAExecutionProvider"
_CPU: Final = "CPUExecutionProvider"
OUTPUTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"maps": ("stops", "emission"), "mattes": ("mattes",), "lights": ("lights",)}
)
"""Names of a model's outputs, by its kind."""
_CHANNELS: Final = 3


@dataclass(frozen=True)
class Device:
    """The device that a model runs on, and why."""

    name: Literal["cuda", "cpu"]
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


@dataclass(frozen=True)
class OpenModel:
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
        """Names of its outputs."""
        return [output.name for output in self.session.get_outputs()]

    def run(self, picture: NCHW) -> list[NCHW]:
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


@dataclass
class ModelCache:
    """Opened models, each loaded once, until the cache is closed. Safe to use from several threads.

    Each run makes its own, and drops or closes it at the end; nothing is kept for the whole process.
    """

    registered: Mapping[str, Model] = field(default_factory=dict)
    """Models that can be opened by name."""
    device: DeviceName = "auto"
    threads: int | None = None
    """CPU threads of one model; ``None``: onnxruntime's choice."""
    _sessions: dict[str, tuple[Any, Device]] = field(default_factory=dict)
    """Sessions by digest: two files of the same bytes share one."""
    _lock: Any = field(default_factory=Lock, repr=False)

    def open(self, model: str | Path, facts: Mapping[str, Any] | None = None) -> OpenModel:
        """Open a registered model, or an ONNX file.

        Args:
            model: a registered name, or the file's path.
            facts: override those in the file's metadata.

        Raises:
            UsageError: no model has this name.
            ModelError: the file is not a model that can run, or its facts don't fit it.
            DeviceError: CUDA was requested and can't run here.
        """
        path = model_path(model, self.registered)
        content = _content(path)
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            if digest not in self._sessions:
                self._sessions[digest] = _open_session(path, content, self.device, self.threads)
            session, chosen = self._sessions[digest]
        metadata = session.get_modelmeta().custom_metadata_map
        stated = ModelFacts.from_metadata(metadata).updated(facts or {})
        _check_shape(path, session, stated)
        return OpenModel(stated, chosen, digest, _fixed_size(session), session)

    def close(self) -> None:
        """Release all sessions; models that are still in use keep theirs until they are dropped."""
        with self._lock:
            self._sessions.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_model(
    path: Path,
    *,
    device: DeviceName = "auto",
    threads: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> OpenModel:
    """Load one model, without a cache.

    Args:
        path: one ONNX file with its weights inside: N×3×H×W in, N×3×H×W out (or stops and emission).
        device: ``auto`` uses CUDA where it runs, else the CPU.
        threads: CPU threads for one run; ``None``: onnxruntime's choice.
        facts: override those in the file's metadata.

    Raises:
        ModelError: the file is not a model that can run, or its facts don't fit it.
        DeviceError: CUDA was requested and can't run here.
    """
    return ModelCache(device=device, threads=threads).open(path, facts)


def model_path(model: str | Path, registered: Mapping[str, Model]) -> Path:
    """Return the file of a registered model's name; a path is returned as it is.

    Raises:
        UsageError: no model has this name.
    """
    if isinstance(model, Path):
        return model
    if model not in registered:
        raise UsageError(f"model {model!r}", "is unknown", nearest(model, registered))
    return registered[model].path


def cuda_fault() -> str | None:
    """Return what keeps CUDA from running here, in one line; ``None``: nothing that is known."""
    if _CUDA not in onnxruntime.get_available_providers():
        return "this onnxruntime has no CUDA: pip install onnxruntime-gpu"
    driver = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(driver)
    except OSError:
        return f"no NVIDIA driver: {driver} not found"
    return None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            path, f"can't be read ({error.strerror})", "check its path and permissions"
        ) from None


def _open_session(path: Path, content: bytes, device: DeviceName, threads: int | None) -> tuple[Any, Device]:
    fault = cuda_fault() if device != "cpu" else None
    if device == "cuda" and fault:
        raise DeviceError("`device=cuda`", fault, "see daynight doctor, or set `device=cpu`")
    if device == "cpu":
        return _load(path, content, [_CPU], threads), Device("cpu", "requested")
    if fault:
        return _load(path, content, [_CPU], threads), Device("cpu", fault)
    _preload_cuda()
    session = _load(path, content, [_CUDA, _CPU], threads)
    # onnxruntime falls back to the CPU without an error when CUDA's libraries don't load.
    if _CUDA in session.get_providers():
        return session, Device("cuda", "found" if device == "auto" else "requested")
    fallen = "onnxruntime could not start CUDA (CUDA or cuDNN libraries missing or of another version)"
    if device == "cuda":
        raise DeviceError("`device=cuda`", fallen, "pip install 'daynight[cuda]', see daynight doctor")
    return session, Device("cpu", fallen)


@cache
def _preload_cuda() -> None:
    """Let the loader find the CUDA libraries that were installed as wheels."""
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()


def _load(path: Path, content: bytes, providers: Sequence[str], threads: int | None) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # faults are raised or detected here; a farm's log needs no C++ noise
    if threads:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: spinning, they would take CPU time from decoding and encoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Bytes, not the path: a file that points to weights outside itself can then reach nothing.
    try:
        return InferenceSession(content, options, providers=list(providers))
    except Exception as error:  # onnxruntime raises many classes, none of them public
        fault = " ".join(str(error).split())[:200]
        remedy = "give one ONNX file with its weights inside"
        raise ModelError(path, f"is not a model that onnxruntime can load ({fault})", remedy) from None


def _check_shape(path: Path, session: Any, facts: ModelFacts) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    # A channel axis with a name instead of a number may be 3.
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != _CHANNELS):
        shapes = ", ".join(f"{source.name} {source.shape}" for source in inputs)
        raise ModelError(path, f"takes {shapes}", "a picture model takes one tensor N×3×H×W")
    if inputs[0].type not in ("tensor(float)", "tensor(float16)"):
        raise ModelError(path, f"takes {inputs[0].type}", "export it with float or float16 input")
    wanted = OUTPUTS.get(facts.kind)
    if wanted and {output.name for output in outputs} != set(wanted):
        names = ", ".join(output.name for output in outputs)
        fault = f"states that it returns {facts.kind}, but returns {names}"
        raise ModelError(path, fault, f"its outputs must be {' and '.join(wanted)}")


def _fixed_size(session: Any) -> tuple[int, int] | None:
    height, width = session.get_inputs()[0].shape[2:]
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None
