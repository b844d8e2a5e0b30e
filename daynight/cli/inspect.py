"""``daynight inspect``: what a model file holds, and how near it comes to the network it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from daynight.cli.options import FilePath


@click.command("inspect")
@click.argument("file", type=FilePath())
def command(file: Path) -> None:
    """Show all that a model file says of itself.

    FILE is what daynight export wrote, or any ONNX file. Shown are inputs and outputs, operators and weights,
    facts, and how near it comes to the network it was made from.
    """
    import hashlib
    import zipfile

    from daynight.errors import ModelError

    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(file, f"can't be read ({error.strerror})", "check the name and its rights") from None
    click.echo(f"file: {file.name}, {len(content) / 1e6:.1f} MB")
    click.echo(f"sha256: {hashlib.sha256(content).hexdigest()}")
    lines = _torchscript(file) if zipfile.is_zipfile(file) else _onnx(file)
    for line in lines:
        click.echo(line)


def _onnx(file: Path) -> Iterator[str]:
    from daynight.models.session import open_model

    session = open_model(file, device="cpu").session
    for word, values in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for value in values:
            sides = " × ".join(str(side) for side in value.shape)
            yield f"{word}: {value.name}, {sides}, {value.type.removeprefix('tensor(').removesuffix(')')}"
    yield from _weights(file)
    yield from _told(session.get_modelmeta().custom_metadata_map)


def _weights(file: Path) -> Iterator[str]:
    """Count nodes and weights; that takes a package that converting does not need."""
    from collections import Counter
    from importlib.util import find_spec

    if find_spec("onnx") is None:
        return
    import numpy as np
    import onnx

    graph = onnx.load(file).graph
    operators = Counter(node.op_type for node in graph.node)
    yield f"nodes: {len(graph.node)}: {', '.join(f'{n} {name}' for name, n in operators.most_common())}"
    weights: Counter[str] = Counter()
    for weight in graph.initializer:
        weights[onnx.TensorProto.DataType.Name(weight.data_type).lower()] += int(np.prod(weight.dims))
    yield f"weights: {weights.total():,}: {', '.join(f'{n:,} {kind}' for kind, n in weights.most_common())}"


def _torchscript(file: Path) -> Iterator[str]:
    """Read what an archive tells beside its code and weights, which stay unread: they may hold anything."""
    import zipfile

    from pydantic import TypeAdapter

    from daynight.errors import ModelError
    from daynight.export.parity import ARCHIVED

    try:
        with zipfile.ZipFile(file) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(f"/extra/{ARCHIVED}"))
            metadata = TypeAdapter(dict[str, str]).validate_json(archive.read(name))
    except (ValueError, zipfile.BadZipFile):
        fault = "is an archive that tells nothing of a model"
        raise ModelError(file, fault, "give a file that daynight export wrote") from None
    yield from _told(metadata)


def _told(metadata: Mapping[str, str]) -> Iterator[str]:
    """Tell facts and parity; the card is for ``daynight models show``."""
    from daynight.export.parity import Parity
    from daynight.models.facts import ModelFacts

    for name, value in ModelFacts.from_metadata(metadata).model_dump().items():
        if name != "card" and value not in ("", None):
            yield f"{name}: {value}"
    parity = Parity.from_metadata(metadata)
    yield from parity.lines() if parity else ["parity: not told"]
