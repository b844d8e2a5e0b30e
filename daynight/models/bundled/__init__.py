"""The models that ship with daynight."""
