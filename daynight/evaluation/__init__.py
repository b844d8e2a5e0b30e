"""Judging a look by figures that anyone can take again offline: ``daynight evaluate``.

``measures`` and ``flicker`` are pure functions of arrays;
``classifier``, ``judge`` and ``inception`` need PyTorch.
"""
