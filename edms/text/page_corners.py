"""Finding the corners of a page in a photograph: straight edges that agree about which side the paper is on.

The usual way (Duda and Hart 1972, with votes along the gradient as O'Gorman and Clowes 1976), on a picture from which
writing has been taken off. A line keeps its sense, the brighter side, so that the four sides of a page face inwards
(or outwards, where the paper is darker than what it lies on). Pure: an array in, four points out.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from edms.text.closing import closed
from edms.text.perspective import Corners, usable

_COARSE, _FINE = 360, 1400
_STEPS, _REACH = 180, 2  # bins of 2 degrees; an edge votes this many bins to each side of its gradient
_LINES = 22
_LEAST_AREA = 0.12
_SURE = 0.4
_BORDER_SUPPORT = 0.3  # what a side counts where the page leaves the picture
_SAMPLES = 32


@dataclass(frozen=True)
class FoundPage:
    """`corners` clockwise from the top left as seen, in pixels; `sure` when edges speak for all sides."""

    corners: Corners
    sure: bool


def find_page(picture: Image.Image) -> FoundPage:
    """Return where the page lies; the whole picture, and not sure, where nothing looks like one."""
    width, height = picture.size
    whole = FoundPage([(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))], False)
    if min(width, height) < 32:
        return whole
    coarse, scale = _without_writing(picture, _COARSE)
    found = _best_quadrilateral(coarse)
    if found is None:
        return whole
    corners, support = found
    fine, fine_scale = _without_writing(picture, _FINE)
    exact = _refined(fine, [(x * fine_scale / scale, y * fine_scale / scale) for x, y in corners])
    placed = [(min(max(x / fine_scale, 0.0), float(width)), min(max(y / fine_scale, 0.0), float(height)))
              for x, y in _from_top_left(exact)]  # fmt: skip
    if not usable(placed, width, height):
        return whole
    return FoundPage(placed, support >= _SURE)


def _without_writing(picture: Image.Image, longest: int) -> tuple[Any, float]:
    """Return brightness (0 to 255) at a smaller size with thin dark strokes closed, and its scale."""
    scale = min(1.0, longest / max(picture.size))
    size = max(8, round(picture.width * scale)), max(8, round(picture.height * scale))
    grey = picture.convert("L").resize(size, Image.Resampling.BOX)
    without = closed(np.asarray(grey), max(3, round(longest / 70) // 2 * 2 + 1))
    smooth = Image.fromarray(without).filter(ImageFilter.GaussianBlur(longest / 360))
    return np.asarray(smooth, np.float32), size[0] / picture.width


def _best_quadrilateral(grey: Any) -> tuple[Corners, float] | None:
    down, across = np.gradient(grey)
    strength = np.hypot(across, down)
    # Where all is restless, an edge is what stands out from that.
    strong = max(1.5, 0.25 * float(np.percentile(strength, 99)), 2.5 * float(np.median(strength)))
    lines = np.array(_lines(across, down, strength, strong) + _borders(grey.shape))
    chosen, corners, share = _quadrilaterals(lines, grey.shape)
    if not len(chosen):
        return None
    supports = np.stack(
        [_support(across, down, strong, corners[:, side - 1], corners[:, side], lines[chosen[:, side]])
         for side in range(4)], axis=1)  # fmt: skip
    best = int(np.argmax((supports.mean(axis=1) + supports.min(axis=1)) * share**0.25))
    return [(float(x), float(y)) for x, y in corners[best]], float(supports[best].min())


def _lines(across: Any, down: Any, strength: Any, strong: float) -> list[tuple[float, float, float]]:
    """Return the strongest lines as (angle of the normal towards the brighter side, distance from the origin, 0)."""
    rows, columns = np.nonzero(strength > strong)
    if not len(rows):
        return []
    weight = np.minimum(strength[rows, columns], 4 * strong)
    angle = np.arctan2(down[rows, columns], across[rows, columns])
    nearest = np.round(angle / (2 * math.pi) * _STEPS).astype(int)
    reach = int(math.hypot(*strength.shape)) // 2 + 2
    votes = np.zeros((_STEPS, 2 * reach))
    for offset in range(-_REACH, _REACH + 1):
        step = (nearest + offset) % _STEPS
        turned = step * (2 * math.pi / _STEPS)
        distance = np.round((columns * np.cos(turned) + rows * np.sin(turned)) / 2).astype(int) + reach
        places = step * 2 * reach + np.clip(distance, 0, 2 * reach - 1)
        votes += np.bincount(places, weight, votes.size).reshape(votes.shape)
    found = []
    for _count in range(_LINES):
        step, place = np.unravel_index(int(np.argmax(votes)), votes.shape)
        if votes[step, place] <= 0:
            break
        found.append((float(step) * 2 * math.pi / _STEPS, float(place - reach) * 2, 0.0))
        beside = (int(step) + np.arange(-3, 4)) % _STEPS
        votes[beside, max(0, int(place) - 4) : int(place) + 5] = 0
    return found


def _borders(shape: tuple[int, int]) -> list[tuple[float, float, float]]:
    """The edges of the picture as lines that face inwards, marked by 1: a page may be cut off by them."""
    height, width = shape
    return [
        (0.0, 0.0, 1.0),
        (math.pi / 2, 0.0, 1.0),
        (math.pi, -(width - 1.0), 1.0),
        (-math.pi / 2, -(height - 1.0), 1.0),
    ]


def _quadrilaterals(lines: Any, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Return what four lines of one sense enclose: their indices (n, 4), corners (n, 4, 2), share (n)."""
    chosen = np.array(list(itertools.combinations(range(len(lines)), 4)), int).reshape(-1, 4)
    parts = []
    for turn in (0.0, math.pi):  # facing inwards, facing outwards; a border of the picture faces as the others do
        sense = (lines[:, 0] + np.where(lines[:, 2] == 1, 0.0, turn)) % (2 * math.pi)
        ordered = np.take_along_axis(chosen, np.argsort(sense[chosen], axis=1), axis=1)
        turned = sense[ordered]
        steps = np.diff(np.concatenate([turned, turned[:, :1] + 2 * math.pi], axis=1), axis=1)
        seen = lines[ordered, 2].sum(axis=1) <= 2  # of a page, two sides at least are in the picture
        fitting = seen & (steps > math.radians(52)).all(axis=1) & (steps < math.radians(128)).all(axis=1)
        parts.append(_enclosed(lines, sense, ordered[fitting], shape))
    return tuple(np.concatenate(several) for several in zip(*parts, strict=True))  # type: ignore[return-value]


def _enclosed(lines: Any, sense: Any, chosen: Any, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Let neighbours meet, and keep what is convex, inside the picture and large enough."""
    height, width = shape
    flipped = np.where(np.cos(sense - lines[:, 0]) < 0, -1.0, 1.0)
    normals, distances = sense[chosen], (lines[:, 1] * flipped)[chosen]
    after, beyond = np.roll(normals, -1, axis=1), np.roll(distances, -1, axis=1)
    determinant = np.sin(after - normals)
    x = (distances * np.sin(after) - beyond * np.sin(normals)) / determinant
    y = (beyond * np.cos(normals) - distances * np.cos(after)) / determinant
    near = ((x > -0.04 * width) & (x < 1.04 * width) & (y > -0.04 * height) & (y < 1.04 * height)).all(axis=1)
    share = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) / 2 / (width * height)
    # Normals that face inwards in this order go round clockwise: an area below nothing is no page of this sense.
    middle_x, middle_y = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    inside = (middle_x * np.cos(normals) + middle_y * np.sin(normals) > distances).all(axis=1)
    kept = near & inside & (share > _LEAST_AREA)
    return chosen[kept], np.stack([x, y], axis=2)[kept], share[kept]


def _support(across: Any, down: Any, strong: float, starts: Any, ends: Any, lines: Any) -> Any:
    """Return how much of each side (0 to 1) lies on an edge that faces as its line does; starts and ends are (n, 2)."""
    places = np.linspace(0.06, 0.94, _SAMPLES)
    points = starts[:, None] + (ends - starts)[:, None] * places[:, None]
    normal = np.stack([np.cos(lines[:, 0]), np.sin(lines[:, 0])], axis=1)[:, None]
    height, width = across.shape
    best = np.zeros(points.shape[:2])
    for aside in (-2, -1, 0, 1, 2):
        at = np.round(points + aside * normal).astype(int)
        column, row = np.clip(at[..., 0], 0, width - 1), np.clip(at[..., 1], 0, height - 1)
        facing = across[row, column] * normal[..., 0] + down[row, column] * normal[..., 1]
        best = np.maximum(best, facing)
    found = np.minimum(best / strong, 1.0).mean(axis=1)
    return np.where(lines[:, 2] == 1, _BORDER_SUPPORT, found)


def _refined(grey: Any, corners: Corners) -> Corners:
    """Move each side to the edge beside it, as exactly as the finer picture tells, and let them meet anew."""
    sides = [_line_beside(grey, corners[side], corners[(side + 1) % 4]) for side in range(4)]
    found: Corners = []
    for side in range(4):
        matrix = np.array([sides[side - 1][:2], sides[side][:2]])
        if abs(np.linalg.det(matrix)) < 1e-6:
            return corners
        x, y = np.linalg.solve(matrix, np.array([sides[side - 1][2], sides[side][2]]))
        found.append((float(x), float(y)))
    moved = max(math.dist(a, b) for a, b in zip(found, corners, strict=True))
    return found if moved < 0.08 * max(grey.shape) else corners


def _line_beside(grey: Any, start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float, float]:
    """Return (a, b, c) of a x + b y = c through the strongest step of brightness along the normals of a side."""
    length = math.dist(start, end)
    along = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    normal = -along[1], along[0]
    reach = max(4, round(max(grey.shape) * 0.012))
    places = np.linspace(0.05, 0.95, 96) * length
    aside = np.arange(-reach, reach + 1)
    x = start[0] + along[0] * places[:, None] + normal[0] * aside
    y = start[1] + along[1] * places[:, None] + normal[1] * aside
    height, width = grey.shape
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    values = grey[np.clip(np.round(y), 0, height - 1).astype(int), np.clip(np.round(x), 0, width - 1).astype(int)]
    steps = np.where(inside[:, 2:] & inside[:, :-2], values[:, 2:] - values[:, :-2], 0.0)
    steps *= np.sign(np.median(steps.sum(axis=1))) or 1.0
    strongest = steps.argmax(axis=1)
    offsets, weights = aside[1:-1][strongest], steps.max(axis=1)
    kept = weights > 0.35 * float(np.percentile(weights, 75))
    if kept.sum() < 12 or float(weights.max()) < 3:
        return normal[0], normal[1], normal[0] * start[0] + normal[1] * start[1]
    slope, shift = 0.0, float(np.median(offsets[kept]))
    for _round in range(6):
        apart = np.abs(offsets - (slope * places + shift))
        near = kept & (apart <= max(1.5, 1.5 * float(np.median(apart[kept]))))
        if near.sum() < 8:
            break
        slope, shift = (float(one) for one in np.polyfit(places[near], offsets[near], 1))
    first = start[0] + normal[0] * shift, start[1] + normal[1] * shift
    last_shift = slope * length + shift
    last = end[0] + normal[0] * last_shift, end[1] + normal[1] * last_shift
    direction = last[0] - first[0], last[1] - first[1]
    norm = math.hypot(*direction)
    a, b = -direction[1] / norm, direction[0] / norm
    return a, b, a * first[0] + b * first[1]


def _from_top_left(corners: Corners) -> Corners:
    """Turn the order so that it runs clockwise from the corner nearest to the top left."""
    around = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))
    clockwise = corners if around > 0 else corners[::-1]
    first = min(range(4), key=lambda number: sum(clockwise[number]))
    return clockwise[first:] + clockwise[:first]
