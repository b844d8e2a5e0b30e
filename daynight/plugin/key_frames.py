"""Key frames: a number that changes over a shot, written as ``1001:0 1100:-2``."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Literal

_KEY: Final = re.compile(r"(-?\d+):([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_SHAPES: Final = ("linear", "smooth")


@dataclass(frozen=True)
class KeyFrames:
    """Values at frames, and how one goes over into the next; the first and the last hold beyond them."""

    keys: tuple[tuple[int, float], ...]
    """Frame number and value, in order of frames; at least one."""
    shape: Literal["linear", "smooth"] = "linear"
    """``smooth`` eases in and out of each key (3t² - 2t³)."""

    @classmethod
    def parse(cls, text: str) -> KeyFrames | None:
        """Read key frames; ``None`` if the text is not meant as some.

        Raises:
            ValueError: it is, but can't be read, with a line that says why.
        """
        words = text.replace(",", " ").split()
        if not words or ":" not in words[0]:
            return None
        shape: Literal["linear", "smooth"] = "linear"
        if words[-1] in _SHAPES:
            shape = "smooth" if words.pop() == "smooth" else "linear"
        keys: dict[int, float] = {}
        for word in words:
            key = _KEY.fullmatch(word)
            if key is None:
                raise ValueError(
                    f"{word!r} is no key frame: write FRAME:VALUE, as in '1001:0 1100:-2 smooth'"
                )
            number = int(key[1])
            if number in keys:
                raise ValueError(f"frame {number} has two values")
            keys[number] = float(key[2])
        return cls(tuple(sorted(keys.items())), shape)

    def at(self, number: int | None) -> float:
        """Return the value at a frame; of a frame without a number, the first."""
        numbers = [key for key, _ in self.keys]
        after = 0 if number is None else bisect_right(numbers, number)
        if after in (0, len(numbers)):
            return self.keys[max(after - 1, 0)][1]
        assert number is not None
        (first, low), (last, high) = self.keys[after - 1], self.keys[after]
        share = (number - first) / (last - first)
        if self.shape == "smooth":
            share = share * share * (3 - 2 * share)
        return low + (high - low) * share
