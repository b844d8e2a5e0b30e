"""The training run: data in, checkpoints out, whatever the method."""
