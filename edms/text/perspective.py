"""A flat page seen at a slant: homographies, the page's true proportions, its picture from straight above. Pure.

Corners are four points (x, y) in pixels, clockwise from the page's top left as it is to be read.
"""

import math
from typing import Any

import numpy as np

Corners = list[tuple[float, float]]
# The sheets of Indonesian offices, millimetres: A4 (ISO 216) and F4, which is sold as folio.
PAPERS = {"A4": (210.0, 297.0), "F4": (215.0, 330.0)}
_LIKE_A_PAPER = 0.035
_LEAST_SHARE = 0.01
_USUAL_FOCAL = 0.76  # in lengths of the longer side: 26 to 28 mm on 36 x 24 mm film


def homography(source: Corners, target: Corners) -> Any:
    """Return the 3 x 3 matrix that takes each of four points to its target (the direct linear transformation)."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    told = np.array([side for point in target for side in point], float)
    return np.append(np.linalg.solve(np.array(rows, float), told), 1.0).reshape(3, 3)


def usable(corners: Corners, width: int, height: int) -> bool:
    """Whether four points are a convex quadrilateral, clockwise, that covers at least a hundredth of the picture."""
    turns = []
    for number in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(number + step) % 4] for step in range(3))
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    return min(turns) > 0 and area(corners) >= _LEAST_SHARE * width * height


def area(corners: Corners) -> float:
    """The area of a quadrilateral, in square pixels (the shoelace formula)."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))) / 2


def proportion(corners: Corners, width: int, height: int) -> float:
    """Return height to width of the page on the desk, from where its corners lie in a picture of that size.

    Zhang and He, "Whiteboard scanning and image enhancement" (2007), section 3.2: square pixels, and the middle of the
    picture is where the camera points. Where the focal length cannot be told, that of the usual phone is taken.
    """
    sides = [math.dist(corners[number], corners[(number + 1) % 4]) for number in range(4)]
    plain = (sides[1] + sides[3]) / max(sides[0] + sides[2], 1e-9)
    middle = np.array([width / 2, height / 2, 0])
    m1, m2, m4, m3 = (np.array([*point, 1.0]) - middle for point in corners)
    k2 = np.dot(np.cross(m1, m4), m3) / np.dot(np.cross(m2, m4), m3)
    k3 = np.dot(np.cross(m1, m4), m2) / np.dot(np.cross(m3, m4), m2)
    n2, n3 = k2 * m2 - m1, k3 * m3 - m1
    focal = (_USUAL_FOCAL * max(width, height)) ** 2
    if abs(n2[2]) > 0.03 and abs(n3[2]) > 0.03:
        told = -(n2[0] * n3[0] + n2[1] * n3[1]) / (n2[2] * n3[2])
        focal = told if 0.25 < told / max(width, height) ** 2 < 9 else focal
    weights = np.array([1 / focal, 1 / focal, 1.0])
    found = math.sqrt(float(np.sum(weights * n3 * n3) / np.sum(weights * n2 * n2)))
    # The more slanted the picture, the more the sides lie; a wild answer means that the corners lie.
    return found if 0.6 < found / plain < 1.7 else plain


def paper_of(height_to_width: float) -> str:
    """Name the sheet of these proportions, standing or lying; "" for none that is known."""
    ratio = max(height_to_width, 1 / height_to_width)
    name = min(PAPERS, key=lambda one: abs(PAPERS[one][1] / PAPERS[one][0] / ratio - 1))
    return name if abs(PAPERS[name][1] / PAPERS[name][0] / ratio - 1) <= _LIKE_A_PAPER else ""


def page_size(corners: Corners, width: int, height: int, most_dpi: float) -> tuple[int, int, float, str]:
    """Return width and height in pixels, dots per inch and the paper's name of the page as seen from above.

    As many pixels as the picture has of the page, at most `most_dpi`. Paper of other proportions is as wide as A4.
    """
    ratio = proportion(corners, width, height)
    paper = paper_of(ratio)
    across, down = PAPERS.get(paper, (210.0, 210.0 * max(ratio, 1 / ratio)))
    if ratio < 1:
        across, down = down, across
    pixels = math.sqrt(area(corners) / (across * down)) * 25.4
    dpi = max(36.0, min(most_dpi, pixels))
    return max(1, round(across / 25.4 * dpi)), max(1, round(down / 25.4 * dpi)), dpi, paper


def from_above(picture: Any, corners: Corners, size: tuple[int, int]) -> Any:
    """Return the quadrilateral of a Pillow picture as a rectangle of `size`; outside of the picture is white."""
    from PIL import Image

    across, down = size
    edges: Corners = [(0, 0), (across, 0), (across, down), (0, down)]
    back = homography(edges, corners)
    # Sampling a much larger picture point by point would drop thin strokes: it is brought near the size first.
    shrink = min(math.sqrt(area(corners) / (across * down)), 8.0)
    if shrink > 1.5:
        smaller = max(1, round(picture.width / shrink)), max(1, round(picture.height / shrink))
        back = np.diag([smaller[0] / picture.width, smaller[1] / picture.height, 1.0]) @ back
        picture = picture.resize(smaller, Image.Resampling.BOX)
    told = tuple(float(one) for one in (back / back[2, 2]).ravel()[:8])
    return picture.transform(size, Image.Transform.PERSPECTIVE, told, Image.Resampling.BICUBIC, fillcolor="white")
