"""How the makers of vectors write them: one JSON file for each, the same bytes every time."""

import json
from pathlib import Path
from typing import Any

Vectors = dict[str, dict[str, Any]]


def vector(kind: str, why: str, given: str | bytes, **told: Any) -> dict[str, Any]:
    """Return a vector: `text` or `hex` is the input; an accepted one tells `read`, a refused one `refused`."""
    shown = {"hex": given.hex()} if isinstance(given, bytes) else {"text": given}
    return {"kind": kind, "why": why, **shown, **told}


def write(here: Path, accepted: Vectors, rejected: Vectors) -> None:
    """Write accept/*.json and reject/*.json below `here`, and remove what is no longer made."""
    for folder, vectors in (("accept", accepted), ("reject", rejected)):
        (here / folder).mkdir(exist_ok=True)
        for old in (here / folder).glob("*.json"):
            old.unlink()
        for name, one in vectors.items():
            (here / folder / f"{name}.json").write_text(json.dumps(one, indent=2, ensure_ascii=True) + "\n")
