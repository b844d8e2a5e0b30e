"""One-directional training of the light network: nights as sums of lights over daytime plates."""
