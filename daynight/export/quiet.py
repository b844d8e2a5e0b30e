"""Silence for the libraries that build model files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings and log messages that libraries address to their own developers.

    PyTorch calls TorchScript deprecated (it is what CatFileCreator reads); its exporter and onnxruntime's
    quantiser log about their own parts. Warnings and logging are as before afterwards.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
