"""Export to TorchScript: one picture in, one out, as Nuke's CatFileCreator takes it."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np

from daynight import hookimpl
from daynight.colour.encoding import decode_display
from daynight.errors import ModelError
from daynight.plugin.exporter import Exporter

if TYPE_CHECKING:
    import torch

    from daynight.export.parity import Output, Parity, Tensor
    from daynight.export.trained import TrainedGenerator

_TOLERANCES: Final = {"maps": (1e-3, 1e-4), "pixels": (0.1, 0.01)}
"""Largest and mean difference of the result: in scene-linear light, and in levels of 255."""


class TorchScriptExporter(Exporter):
    """Writes one TorchScript file: N×3×H×W in, the same out, of any size, with all that lies between.

    A network of maps takes and gives scene-linear light, one of pictures takes and gives display-encoded
    pictures in [0, 1].
    """

    name: ClassVar[str] = "torchscript"

    def export(self, run: Path, out: Path, *, direction: Literal["night", "day"]) -> Path:
        """Write the run's network of one direction.

        Args:
            run: folder of a training run.
            out: the file to write.
            direction: which of the run's two networks.

        Returns:
            ``out``.

        Raises:
            UsageError: the run or the pictures can't be read, or PyTorch is not installed.
            ModelError: the file differs from the network by more than the tolerance.
        """
        from daynight.training import require_torch

        require_torch()
        from daynight.export.parity import KEY
        from daynight.export.scripted import scripted
        from daynight.export.trained import facts_of, load_generator
        from daynight.plates import written_whole
        from daynight.plugin.registry import Registry

        options = self.options
        # What is broken was told when this plugin was loaded.
        kinds = Registry.load(warn=lambda _: None).networks
        trained = load_generator(run, direction, kinds, best=options.best, warn=options.warn)
        facts = facts_of(run, trained).to_metadata()
        module = scripted(trained)
        parity = self._parity(trained, _content(module, {}))
        if parity.fault:
            raise ModelError(out, parity.fault, "nothing was written; report this")
        with written_whole(out) as temporary:
            temporary.write_bytes(_content(module, {**facts, KEY: parity.model_dump_json()}))
        return out

    def _parity(self, trained: TrainedGenerator, content: bytes) -> Parity:
        """Compare the file, as it is loaded, with what it was scripted from."""
        import torch

        from daynight.export.parity import compare
        from daynight.export.samples import some_pictures
        from daynight.export.scripted import nuke_module

        def runs(module: torch.nn.Module) -> Callable[[Tensor], list[Tensor]]:
            return lambda plate: [module(torch.from_numpy(plate)).numpy()]

        pictures = some_pictures(
            self.options.pictures, trained.short_side, trained.kind.size_multiple, self.options.warn
        )
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            # Its own bytes: no file of anyone's is ever loaded this way.
            loaded = torch.jit.load(io.BytesIO(content))  # type: ignore[no-untyped-call]
            return compare(
                runs(nuke_module(trained)),
                runs(loaded),
                [_plate(picture, trained.kind.gives) for picture in pictures],
                [_output(trained)],
                precision=self.options.precision,
                real=self.options.pictures is not None,
                versions={"torch": torch.__version__},
            )


def _content(module: torch.jit.ScriptModule, metadata: dict[str, str]) -> bytes:
    """Serialise a module, with its metadata as JSON beside it in the archive."""
    import torch

    from daynight.export.parity import ARCHIVED

    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(module, content, _extra_files={ARCHIVED: json.dumps(metadata).encode()})
    return content.getvalue()


def _plate(picture: Tensor, gives: str) -> Tensor:
    """Return a picture in [-1, 1] as Nuke would, and of a size that is no multiple of anything."""
    display = np.ascontiguousarray((picture[:, :, :-1, :-3] + 1) / 2, np.float32)
    return decode_display(display) if gives == "maps" else display


def _output(trained: TrainedGenerator) -> Output:
    from daynight.export.parity import Output, Tolerance

    tolerance = Tolerance(*_TOLERANCES[trained.kind.gives])
    if trained.kind.gives == "maps":
        return Output("picture", "of white", tolerance)
    return Output("picture", "levels", tolerance, scale=255)


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    """Register the exporter."""
    return [TorchScriptExporter]
