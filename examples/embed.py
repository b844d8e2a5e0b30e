"""Turn an array to night by the public API: what a compositing script would do."""

import numpy as np

import daynight

with daynight.open_look("night") as night:
    plate = np.random.default_rng(1).random((270, 480, 3), np.float32) * 4  # scene-linear, above 1 too
    dark = night(plate)  # float32, 270×480×3
    shown = night(np.full((270, 480, 3), 200, np.uint8))  # integers are display-encoded (sRGB)

print(
    f"{dark.dtype} {dark.shape}: light {plate.mean():.3f} → {dark.mean():.3f}; shown 200 → {shown.mean():.0f}"
)
