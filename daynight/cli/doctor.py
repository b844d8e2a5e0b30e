"""``daynight doctor``: check this installation."""

from __future__ import annotations

import click


@click.command("doctor")
def command() -> None:
    """Check this installation, and say how to fix what is wrong."""
    import platform

    from daynight.version import __version__

    click.echo(f"daynight {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for name in ("OpenImageIO", "numpy", "opencv-python-headless", "fileseq", "pluggy", "pydantic"):
        click.echo(f"{name} {_version(name) or 'is missing: pip install daynight'}")
    _show_onnxruntime()
    _show_training()
    _show_plugins()


def _show_onnxruntime() -> None:
    from daynight.errors import DaynightError

    wheels = [name for name in ("onnxruntime", "onnxruntime-gpu") if _version(name)]
    try:
        from daynight.models.session import cuda_fault, open_model
    except DaynightError as error:
        click.echo(f"onnxruntime\n  problem: {error.fault}\n  fix: {error.remedy}")
        return
    import onnxruntime

    from daynight.plates.threads import processors
    from daynight.plugin.registry import Registry

    click.echo(f"onnxruntime {onnxruntime.__version__} ({', '.join(wheels)}), {processors()} CPU cores")
    if len(wheels) > 1:
        click.echo("  problem: two onnxruntime wheels overwrite each other")
        click.echo("  fix: uninstall both, then install daynight again")
    click.echo(f"  providers built in: {', '.join(onnxruntime.get_available_providers())}")
    fault = cuda_fault()
    model = next(iter(Registry.load(warn=lambda _: None).models.values()), None)
    if fault is None and model is not None:
        try:
            open_model(model.path, device="cuda")
        except DaynightError as error:
            fault = error.fault
    if fault is None:
        click.echo("  cuda: runs")
    else:
        click.echo(f"  cuda: {fault}\n  fix: install an NVIDIA driver, then pip install 'daynight[cuda]'")


def _show_training() -> None:
    torch = _version("torch")
    click.echo(
        f"torch {torch}" if torch else "torch is not installed (only training needs it: daynight[train])"
    )


def _show_plugins() -> None:
    from daynight.plugin.registry import Registry

    registry = Registry.load(warn=lambda line: click.echo(f"  problem: {line}"))
    click.echo(f"{len(registry.plugins)} plugins, {len(registry.looks)} looks, {len(registry.models)} models")


def _version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
