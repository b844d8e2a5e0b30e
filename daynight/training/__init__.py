"""Training with PyTorch: networks, losses, data, and the step that reads like the paper.

Needs the extra ``train``; nothing outside this room and the exporters imports torch.
"""

from __future__ import annotations

from daynight.errors import UsageError


def require_torch() -> None:
    """Say in one line how to get PyTorch where it is not installed.

    Raises:
        UsageError: it is not.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("safetensors") is None:
        raise UsageError("training", "needs PyTorch, which is not installed", "pip install 'daynight[train]'")
