"""Draw the floors of the house from the imports of the code: `python -m tools.floors` rewrites docs/architecture.svg.

The floors come from the layers contract in pyproject.toml, the arrows from the imports as they are. A test compares the
committed picture with a new drawing, so the picture cannot lie.
"""

import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape  # nosec B406 # writes, parses nothing

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, ROW, BOX = 960, 74, 40
MARGIN = 30


def floors() -> list[list[str]]:
    """The rooms of each floor, topmost first, as the import contract states them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def imports() -> set[tuple[str, str]]:
    """Which room imports which. `core` is left out as a target: every room stands on it."""
    graph = grimp.build_graph("edms")
    found: set[tuple[str, str]] = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            here, there = _room(module), _room(imported)
            if here and there and here != there and there != "core":
                found.add((here, there))
    return found


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def picture() -> str:
    """The picture as SVG text; the same code gives the same text."""
    rows = floors()
    places: dict[str, tuple[float, float, float]] = {}
    for level, rooms in enumerate(rows):
        width = min(170.0, (WIDTH - 2 * MARGIN) / len(rooms) - 14)
        step = (WIDTH - 2 * MARGIN) / len(rooms)
        for place, room in enumerate(rooms):
            places[room] = (MARGIN + step * (place + 0.5), MARGIN + level * ROW, width)
    height = MARGIN * 2 + ROW * (len(rows) - 1) + BOX
    arrows = [_arrow(places[importer], places[imported]) for importer, imported in sorted(imports())]
    boxes = [_box(room, *place) for room, place in places.items()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="14">'
        "<title>The floors of the house: which room imports which; every room imports core</title>"
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    )
    return "\n".join([head, *arrows, *boxes, "</svg>"]) + "\n"


def _arrow(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    top, bottom = start[1] + BOX, end[1]
    bend = (bottom - top) * 0.5
    return (
        f'<path d="M{start[0]:.0f} {top:.0f} C{start[0]:.0f} {top + bend:.0f} {end[0]:.0f} {bottom - bend:.0f} '
        f'{end[0]:.0f} {bottom:.0f}" fill="none" stroke="#5b7a99" stroke-opacity=".6"/>'
    )


def _box(room: str, middle: float, top: float, width: float) -> str:
    return (
        f'<rect x="{middle - width / 2:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX}" '
        'rx="6" fill="#eef3f7" stroke="#234"/>'
        f'<text x="{middle:.0f}" y="{top + 25:.0f}" text-anchor="middle" fill="#123">{escape(room)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}\n")
