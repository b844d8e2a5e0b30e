"""The engine: plans carried out, from plate to result."""
