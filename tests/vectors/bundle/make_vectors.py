"""Writes the vectors of evidence bundles, hostile zip files included (docs/formats/evidence-bundle.md).

    python tests/vectors/bundle/make_vectors.py         writes accept/*.json and reject/*.json again, the same bytes
    python tests/vectors/bundle/make_vectors.py --new   makes `genuine.json` anew first: other keys, other bytes

`genuine.json` is one bundle with its keys and its witness; every vector is an edit of it. Each vector has `bundle`
(base64), `keys` (PEM), `witnesses` (which must have cosigned) and `at`; a rejected one has `kind`, the kind of a
fault that must be among those that are named.
"""

import base64
import io
import json
import struct
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GENUINE = HERE / "genuine.json"
Entries = dict[str, bytes]
ORIGINAL, CERTIFICATE = "components/original/surat.txt", "certificates/seal-1.pem"


def genuine() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(GENUINE.read_text(encoding="utf-8"))
    return told


def entries(bundle: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(content: Entries, change: Callable[[zipfile.ZipInfo], None] = lambda _entry: None) -> bytes:
    return packed(list(content.items()), change)


def packed(content: list[tuple[str, bytes]], change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in content:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            change(entry)
            bundle.writestr(entry, data)
    return out.getvalue()


def vector(bundle: bytes, kind: str | None = None, **changed: Any) -> dict[str, Any]:
    told = {**genuine(), "bundle": base64.b64encode(bundle).decode(), **changed}
    return told if kind is None else {**told, "kind": kind}


def accepted() -> dict[str, dict[str, Any]]:
    whole = base64.b64decode(genuine()["bundle"])
    held = entries(whole)
    spare = ("README.txt", "keys/archive.pem", "keys/witnesses.txt", "timestamps/seal.tst", "timestamps/seal.bin")
    return {
        "genuine": vector(whole),
        "no-witness-asked": vector(whole, witnesses=[]),
        "stored": vector(zipped(held, stored)),
        "other-order": vector(packed(sorted(held.items(), reverse=True), lambda _entry: None)),
        "without-what-is-not-required": vector(zipped({n: c for n, c in held.items() if n not in spare})),
    }


def stored(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_STORED


def rejected() -> dict[str, dict[str, Any]]:
    whole = base64.b64decode(genuine()["bundle"])
    held = entries(whole)
    told = {f"zip-{name}": vector(bundle, "bundle") for name, bundle in hostile(whole, held).items()}
    wrong_sum = whole.replace(struct.pack("<L", zipfile.crc32(held[ORIGINAL])), b"\1\2\3\4")
    told["sum-is-wrong"] = vector(wrong_sum, "component")
    for name in held:
        if name not in ("README.txt", "keys/archive.pem", "keys/witnesses.txt"):
            place = name.replace("/", "-").replace(".", "-")
            kinds = _kind(name)
            told[f"altered-{place}"] = vector(zipped(held | {name: flipped(held[name])}), kinds)
    for name in ("manifest.json", "seal.p7s", "audit/leaf.json", "audit/proof.json", "audit/checkpoint.txt"):
        place = name.replace("/", "-").replace(".", "-")
        told[f"missing-{place}"] = vector(zipped({n: c for n, c in held.items() if n != name}), "bundle")
    note = held["audit/checkpoint.txt"].decode()
    first = note[: note.index("\n", note.index("\n\u2014 ") + 1) + 1]
    told["missing-component"] = vector(zipped({n: c for n, c in held.items() if n != ORIGINAL}), "component")
    told["witness-taken-away"] = vector(zipped(held | {"audit/checkpoint.txt": first.encode()}), "cosignature")
    told["witness-never-asked"] = vector(whole, "cosignature", witnesses=[genuine()["other_witness"]])
    told["keys-of-somebody-else"] = vector(whole, "seal", keys=genuine()["other_keys"])
    told["entry-of-nobody"] = vector(zipped(held | {"virus.exe": b"MZ"}), "bundle")
    told["component-of-nobody"] = vector(zipped(held | {"components/original/more": b""}), "component")
    return told


def _kind(name: str) -> str:
    kinds = {"manifest.json": "seal", "seal.p7s": "audit", "audit/leaf.json": "audit", "audit/proof.json": "audit",
             "audit/checkpoint.txt": "checkpoint"}  # fmt: skip
    return kinds.get(name, "component" if name.startswith("components/") else "bundle")


def flipped(content: bytes) -> bytes:
    """Change one letter or byte a third into the content: in a proof a digit of a hash, in a note one of its root."""
    place = len(content) // 3
    while content[place : place + 1] in b' ",:\n[]{}-' and place < len(content) - 1:
        place += 1
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def hostile(whole: bytes, held: Entries) -> dict[str, bytes]:
    """Zip files that lie: about names, sizes, places and what they are."""
    name, content = ORIGINAL, held[ORIGINAL]
    pairs = list(held.items())

    def named(other: str) -> bytes:
        return packed([*pairs, (other, b"x")], lambda _entry: None)

    return {
        "empty": b"",
        "no-zip": b"%PDF-1.7" * 100,
        "cut": whole[:-1],
        "trailing-data": whole + b"\0",
        "in-front": b"#!/bin/sh\n" + whole,
        "comment": whole[:-2] + b"\4\0more",
        "two-disks": whole[:-18] + b"\1\0" + whole[-16:],
        "directory-tells-more": whole[:-14] + struct.pack("<HH", len(pairs) + 1, len(pairs) + 1) + whole[-10:],
        "one-name-twice": packed([*pairs, (name, content)], lambda _entry: None),
        "one-name-in-two-cases": packed([*pairs, (name.upper(), content)], lambda _entry: None),
        "one-name-composed-and-not": packed(
            [*pairs, ("components/text/caf\u00e9", b""), ("components/text/cafe\u0301", b"")], lambda _entry: None
        ),
        "up": named("components/../../etc/passwd"),
        "absolute": named("/etc/passwd"),
        "drive": named("C:/windows/win.ini"),
        "backslash": named("components\\..\\x"),
        "direction-mark": named("components/text/\u202efdp.exe"),
        "zero-width": named("components/text/a\u200bb"),
        "long-name": named("components/text/" + "x" * 600),
        "folder": named("components/text/"),
        "link": packed(pairs, lambda entry: setattr(entry, "external_attr", 0o120777 << 16)),
        "bomb": packed([*pairs, ("components/text/bomb", bytes(3_000_000))], lambda _entry: None),
        "encrypted": flagged(whole, 1),
        "overlapping": overlapping(whole),
        "bzip2": packed(pairs, lambda entry: setattr(entry, "compress_type", zipfile.ZIP_BZIP2)),
        "many-entries": packed([*pairs, *((f"components/x/{n}", b"") for n in range(1000))], stored),
    }


def flagged(bundle: bytes, flag: int) -> bytes:
    place = bundle.index(b"PK\1\2") + 8
    return bundle[:place] + bytes([bundle[place] | flag]) + bundle[place + 1 :]


def overlapping(bundle: bytes) -> bytes:
    """Let the second entry of the directory point at the data of the first (a bomb of overlapping files does so)."""
    first = bundle.index(b"PK\1\2")
    second = bundle.index(b"PK\1\2", first + 4)
    return bundle[: second + 42] + bundle[first + 42 : first + 46] + bundle[second + 46 :]


def make_genuine() -> None:
    """Make a bundle with keys that are thrown away."""
    sys.path[:0] = [str(HERE.parents[1] / "unit"), str(HERE.parents[2])]
    from dataclasses import replace

    from test_verify_bundle import MOMENT, component, manifest_of, office, written

    from edms.audit.cosignature import cosign, witness_key

    ours, seed = office(bytes(range(32))), bytes(range(64, 96))
    contents = {("original", "surat.txt"): b"Surat keterangan" * 4}
    parts = ours.parts(components=manifest_of(contents)["components"])
    witness = witness_key("kabupaten-witness", seed)
    parts = replace(
        parts,
        components=[component("original", "surat.txt", contents["original", "surat.txt"])],
        checkpoint=parts.checkpoint + cosign(parts.checkpoint, witness.name, seed, MOMENT),
        witnesses=[witness.text],
    )
    told = {
        "bundle": base64.b64encode(written(parts)).decode(),
        "keys": ours.keys,
        "witnesses": [witness.text],
        "at": MOMENT.isoformat(),
        "other_keys": office(bytes(32)).keys,
        "other_witness": witness_key("provinsi-witness", bytes(32)).text,
    }
    GENUINE.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    if "--new" in sys.argv:
        make_genuine()
    for folder, made in (("accept", accepted()), ("reject", rejected())):
        (HERE / folder).mkdir(exist_ok=True)
        for file in (HERE / folder).glob("*.json"):
            file.unlink()
        for name, content in made.items():
            text = json.dumps(content, indent=1, sort_keys=True) + "\n"
            (HERE / folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
