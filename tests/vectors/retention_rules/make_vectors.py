"""Writes the vectors of retention rule files (docs/formats/retention-rules.md).

    python tests/vectors/retention_rules/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

Each text is read as the file aturan.toml; `refused` begins with file, line and reason.
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

EDITION = """[edition]
id = "plan-1"
kind = "KLASIFIKASI"
number = "1/2026"
title = "Klasifikasi"
state = "ACTIVE"
effective_from = 2026-01-01
source = "Berita Daerah 2026 nomor 1"

"""
CLASS = '[[class]]\ncode = "000"\ntitle = "UMUM"\n'


def accepted() -> Vectors:
    text = EDITION + CLASS
    whole = json.dumps({"aturan.toml": text}, ensure_ascii=False, sort_keys=True)
    read = {"editions": ["plan-1"], "sha256": hashlib.sha256(whole.encode()).hexdigest()}
    return {"plan": vector("rules", "one class", text, read=read)}


def rejected() -> Vectors:
    cases = {
        "not-toml": (f"{EDITION}[[class]\n", "aturan.toml:10: "),
        "unknown-key": (f"{EDITION}{CLASS}colour = 1\n", "aturan.toml:13: colour: is not a known key"),
        "unknown-table": (f"{EDITION}{CLASS}[more]\n", "aturan.toml:13: more is not known here"),
        "no-code": (f'{EDITION}[[class]]\ntitle = "UMUM"\n', "aturan.toml:10: code: is missing"),
        "class-twice": (EDITION + CLASS + CLASS, "aturan.toml:13: class 000 is there twice"),
        "one-table": (f'{EDITION}[class]\ncode = "0"\n', "aturan.toml:10: write [[class]], not [class]"),
        "ends-before-it-begins": (
            EDITION.replace("2026-01-01", "2026-01-01\neffective_to = 2025-01-01"), "aturan.toml:8: effective_to lies"
        ),
        "no-day": (EDITION.replace("2026-01-01", "2026-02-30"), "aturan.toml:7: "),
        "long-number": ("a = " + "9" * 5000, "aturan.toml:1: it holds a value that cannot be read"),
        "nested": ("a = " + "[" * 5000, "aturan.toml:1: it is nested too deeply"),
        "empty": ("", "aturan.toml:1: id: is missing"),
    }  # fmt: skip
    return {why: vector("rules", why, text, refused=told) for why, (text, told) in cases.items()}


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
