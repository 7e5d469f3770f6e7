"""Greyscale closing with a square (Serra 1982): dark marks narrower than the square vanish, all else stays. Pure."""

from typing import Any

import numpy as np


def closed(grey: Any, side: int) -> Any:
    """Return `grey` (rows, columns) closed with a square of `side` pixels, an odd number."""
    return _spread(_spread(grey, side, np.maximum), side, np.minimum)


def _spread(grey: Any, side: int, choose: Any) -> Any:
    """Give each pixel the extreme of the square around it: by doubled shifts, so that a large square costs little."""
    for axis in (0, 1):
        padded = np.pad(grey, [(side // 2, side // 2) if axis == at else (0, 0) for at in (0, 1)], mode="edge")
        reach = 1
        while reach < side:
            step = min(reach, side - reach)
            length = padded.shape[axis] - step
            padded = choose(np.take(padded, range(length), axis), np.take(padded, range(step, step + length), axis))
            reach += step
        grey = padded
    return grey
