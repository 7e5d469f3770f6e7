"""Writes the vectors of the codes of rows' states (docs/formats/row-states.md).

python tests/vectors/row_states/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import hashlib
import hmac
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

SECRET = bytes(range(32))
ROW = ["siti", "Siti Rahayu", "2026-11-25T00:00:00.000000Z", None, True]


def code(kind: str = "people", version: int = 1, state: object = None, secret: bytes = SECRET) -> str:
    told = json.dumps([kind, "siti", version, state], ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()


def row(why: str, state: object, said: str) -> dict[str, object]:
    told = {"secret": SECRET.hex(), "kind": "people", "key": "siti", "version": 1, "state": state, "code": said}
    return vector("row-state", why, json.dumps(told, sort_keys=True))


def accepted() -> Vectors:
    state = {"row": ROW, "roles": [["clerk"], ["official"]]}
    return {
        "row": row("a row with parts", state, code(state=state)),
        "gone": row("the row was removed", None, code()),
        "not-ascii": row("a name outside ASCII", {"row": ["\u00e9"]}, code(state={"row": ["\u00e9"]})),
    }


def rejected() -> Vectors:
    state = {"row": ROW}
    return {
        "altered": row("another cell", {"row": ["budi", *ROW[1:]]}, code(state=state)),
        "older": row("the code of another version", state, code(version=2, state=state)),
        "other-table": row("the code of another table", state, code("offices", state=state)),
        "other-secret": row("under another secret", state, code(state=state, secret=bytes(32))),
        "removed": row("a state where the row is gone", None, code(state=state)),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
