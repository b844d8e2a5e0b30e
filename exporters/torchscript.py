"""Export to TorchScript: one picture in, one out, as Nuke's CatFileCreator takes it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from daynight import hookimpl
from daynight.colour.encoding import decode_display
from daynight.errors import ModelError
from daynight.export.quiet import quiet
from daynight.frames.frame import NCHW
from daynight.models.facts import ModelKind
from daynight.plugin.exporter import (
    Artefact,
    Exporter,
    ExportOptions,
    Output,
    Runner,
    Tolerance,
    Trained,
)

if TYPE_CHECKING:
    from torch import nn
    from torch.jit import ScriptModule

_TOLERANCES: Final = {"maps": (1e-3, 1e-4), "pixels": (0.1, 0.01)}
"""Largest and mean difference of the result: in scene-linear light, and in levels of 255."""


class TorchScriptExporter(Exporter):
    """Builds one TorchScript file: N×3×H×W in, N×3×H×W out, at any size, all conversions included.

    A network of maps takes and returns scene-linear light, one of pictures takes and returns display-encoded
    pictures in [0, 1].
    """

    name: ClassVar[str] = "torchscript"

    def build(self, trained: Trained, options: ExportOptions) -> Artefact:  # noqa: ARG002 - 32 bits only
        """Build the file; it is compared, loaded from its bytes, with what it was scripted from."""
        import torch

        from daynight.export.scripted import nuke_module, scripted

        if trained.kind.output not in _TOLERANCES:
            fault = f"network {trained.kind.name} returns {trained.kind.output}, not a picture"
            raise ModelError("torchscript", fault, "export it to onnx")

        module = scripted(trained)
        with quiet():
            # Its own bytes: daynight never loads anyone's file this way.
            loaded = torch.jit.load(io.BytesIO(_content(module, {})))  # type: ignore[no-untyped-call]
        return Artefact(
            partial(_content, module),
            run=_runner(loaded),
            outputs=[_output(trained)],
            reference=_runner(nuke_module(trained)),
            as_input=partial(_plate, kind=trained.kind.output),
            versions={"torch": torch.__version__},
        )


def _runner(module: nn.Module) -> Runner:
    import torch

    def run(plates: NCHW) -> list[NCHW]:
        with quiet(), torch.no_grad():
            return [module(torch.from_numpy(plates)).numpy()]

    return run


def _content(module: ScriptModule, metadata: Mapping[str, str]) -> bytes:
    """Serialise a module, with its metadata as JSON beside it in the archive."""
    import torch

    from daynight.export.parity import ARCHIVED

    content = io.BytesIO()
    with quiet():
        torch.jit.save(module, content, _extra_files={ARCHIVED: json.dumps(dict(metadata)).encode()})
    return content.getvalue()


def _plate(picture: NCHW, kind: ModelKind) -> NCHW:
    """Return a picture in [-1, 1] as Nuke passes it in, cropped to a size that is a multiple of nothing."""
    display = np.ascontiguousarray((picture[:, :, :-1, :-3] + 1) / 2, np.float32)
    return decode_display(display) if kind == "maps" else display


def _output(trained: Trained) -> Output:
    tolerance = Tolerance(*_TOLERANCES[trained.kind.output])
    if trained.kind.output == "maps":
        return Output("picture", "of white", tolerance)
    return Output("picture", "levels", tolerance, scale=255)


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    """Register the exporter."""
    return [TorchScriptExporter]
