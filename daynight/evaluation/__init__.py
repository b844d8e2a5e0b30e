"""Figures of a look that anyone can measure again offline: ``daynight evaluate``.

``measures`` holds one object for each figure; ``formulas`` and ``flicker`` are pure functions of arrays.
``classifier``, ``classify`` and ``inception`` need PyTorch.
"""
