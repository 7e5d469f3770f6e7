"""Fuzz targets for the readers in tests/readers.py. By hand: `python tests/fuzz/reader_targets.py NAME FOLDER`.

Each takes any bytes and may refuse by its own errors only. With NAME `all` the first byte of an input says which
reader it is for, so that one short run reaches every one of them; `counts.json` then says how often each was asked.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
with atheris.instrument_imports(include=["edms"]):
    from readers import READERS

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
NAMES = sorted(READERS)
ASKED: Counter[str] = Counter()


def target(name: str) -> Callable[[bytes], None]:
    """Return the fuzz target of one reader."""
    reader = READERS[name]

    def run(data: bytes) -> None:
        try:
            reader.read(data)
        except reader.refusals:
            return

    return run


TARGETS: dict[str, Callable[[bytes], None]] = {name: target(name) for name in NAMES}


def every(data: bytes) -> None:
    """Hand the input, without its first byte, to the reader that this byte names."""
    name = NAMES[(data[0] if data else 0) % len(NAMES)]
    ASKED[name] += 1
    if ASKED.total() % 100 == 0:
        Path("counts.json").write_text(json.dumps(ASKED))
    TARGETS[name](data[1:])


def seeds(name: str) -> list[bytes]:
    """Return the vectors of the reader, both kinds, to begin from."""
    files = sorted((VECTORS / READERS[name].vectors).glob("*/*.json"))
    cases = [json.loads(file.read_text("utf-8")) for file in files]
    return [given(case) for case in cases if case["kind"] == name]


def given(case: dict[str, str]) -> bytes:
    """Return the input of a vector."""
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()


def main(name: str, folder: Path, options: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in NAMES if name == "all" else [name]:
        first = bytes([NAMES.index(one)]) if name == "all" else b""
        for number, content in enumerate(seeds(one)):
            (folder / f"{one}-{number}").write_bytes(first + content)
    atheris.Setup([sys.argv[0], str(folder), *options], every if name == "all" else TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
