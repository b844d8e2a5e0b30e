"""P0's discriminator as printed, with its last activation as a sigmoid, against a linear score.

python examples/experiments/saturation.py DAY NIGHT OUT
"""

from __future__ import annotations

from experiment import values_of

main = values_of(
    "discriminators.score",
    ("sigmoid", "linear"),
    name="saturation",
    title="The discriminator's score",
    losses=("discriminator", "generator", "cycle"),
)

if __name__ == "__main__":
    main()
