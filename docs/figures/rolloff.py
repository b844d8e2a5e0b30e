"""Plot the roll-off and the error of its inverse: ``python docs/figures/rolloff.py docs/rolloff.png``."""

from __future__ import annotations

import sys

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from daynight.colour.encoding import KNEE, decode_display, encode_display


def main(path: str) -> None:
    """Draw display value over light, and the error of the way there and back, at every half float."""
    light = np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    display = encode_display(light, high_range=True)
    back = decode_display(display, high_range=True)
    figure, (curve, error) = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110)
    curve.semilogx(light, display, label="rolled off")
    curve.semilogx(light, encode_display(light), "--", label="sRGB curve alone")
    curve.axhline(KNEE, color="grey", linewidth=0.6)
    curve.set(xlim=(1e-3, 65504), ylim=(0, 1.3), xlabel="light in the plate", ylabel="what the network sees")
    curve.legend(frameon=False)
    step = 2.0 ** (np.floor(np.log2(light)) - 10)
    missed = np.maximum(np.abs(back - light), 1e-12)
    error.loglog(light, missed, ".", markersize=1, label="error there and back")
    error.loglog(light, step, color="grey", linewidth=0.8, label="one step of half float")
    error.set(xlim=(1e-3, 65504), ylim=(1e-9, 100), xlabel="light in the plate", ylabel="light")
    error.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)


main(sys.argv[1])
