"""The version, on the ground floor: everything may name it."""

__version__ = "0.1.0"
