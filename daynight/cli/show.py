"""``daynight show``: what a model file holds, and how close it is to the network that it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from daynight.cli.options import Name, strict_plugins_option


@click.command("show")
@click.argument("model", metavar="FILE|NAME", type=Name())
@strict_plugins_option
def command(model: str, strict_plugins: bool) -> None:
    """Show what a model file holds: facts, card, and parity.

    Give a name that `daynight models` lists, any ONNX file, or a file that `daynight export` wrote. Shown are
    inputs and outputs, operators and weights, facts, parity with the original network, and the card.
    """
    import hashlib
    import zipfile

    from daynight.cli import warn
    from daynight.errors import ModelError
    from daynight.plugin.registry import Registry

    models = Registry.load(warn=warn, strict=strict_plugins).models
    file = models[model].path if model in models else Path(model)
    try:
        content = file.read_bytes()
    except OSError as error:
        remedy = "give a file, or a name that daynight models lists"
        raise ModelError(file, f"can't be read ({error.strerror})", remedy) from None
    click.echo(f"file: {file.name}, {len(content) / 1e6:.1f} MB")
    click.echo(f"sha256: {hashlib.sha256(content).hexdigest()}")
    for line in _torchscript(file) if zipfile.is_zipfile(file) else _onnx(file):
        click.echo(line)


def _onnx(file: Path) -> Iterator[str]:
    from daynight.models.session import open_model

    session = open_model(file, device="cpu").session
    for word, values in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for value in values:
            sides = " × ".join(str(side) for side in value.shape)
            yield f"{word}: {value.name}, {sides}, {value.type.removeprefix('tensor(').removesuffix(')')}"
    yield from _weights(file)
    yield from _metadata(session.get_modelmeta().custom_metadata_map)


def _weights(file: Path) -> Iterator[str]:
    """Count nodes and weights, if the package ``onnx`` is installed: converting does not need it."""
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
    yield f"weights: {weights.total():,}: {', '.join(f'{n:,} {name}' for name, n in weights.most_common())}"


def _torchscript(file: Path) -> Iterator[str]:
    """Read an archive's metadata only: loading its code and weights could run anything."""
    import zipfile

    from pydantic import TypeAdapter

    from daynight.errors import ModelError
    from daynight.export.parity import ARCHIVED

    try:
        with zipfile.ZipFile(file) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(f"/extra/{ARCHIVED}"))
            metadata = TypeAdapter(dict[str, str]).validate_json(archive.read(name))
    except (ValueError, zipfile.BadZipFile):
        fault = "is an archive without facts of a model"
        raise ModelError(file, fault, "give a file that daynight export wrote") from None
    yield from _metadata(metadata)


def _metadata(metadata: Mapping[str, str]) -> Iterator[str]:
    """Yield facts, parity, and the card."""
    from daynight.export.parity import Parity
    from daynight.models.facts import ModelFacts

    facts = ModelFacts.from_metadata(metadata)
    for name, value in facts.model_dump(exclude={"card"}).items():
        if value not in ("", None):
            yield f"{name}: {value}"
    parity = Parity.from_metadata(metadata)
    yield from parity.lines() if parity else ["parity: unknown"]
    if facts.card:
        yield f"\n{facts.card}"
