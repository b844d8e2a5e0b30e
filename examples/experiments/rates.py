"""P0's experiment (c): learning rates 2e-4, 2e-3 and 2e-2.

python examples/experiments/rates.py DAY NIGHT OUT
"""

from __future__ import annotations

from experiment import values_of

main = values_of(
    "learning_rate",
    ("2e-4", "2e-3", "2e-2"),
    name="rates",
    title="Learning rates",
    losses=("total", "cycle", "generator", "discriminator"),
)

if __name__ == "__main__":
    main()
