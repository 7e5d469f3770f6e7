"""Writes the vectors of the audit formats, by a second, naive implementation of docs/formats/audit.md.

    python tests/vectors/audit/make_vectors.py        writes accept/*.json and reject/*.json again, the same bytes

Kinds: `inclusion`, `consistency` (hashes as hexadecimal text), `checkpoint` (a note and the raw public key) and `leaf`.
The accepted proofs over `LEAVES` are those that the reference implementation of certificate transparency publishes;
`PUBLISHED` repeats its roots, so that this script stops when its own arithmetic is wrong.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from naive_trail import path, root, split  # noqa: E402 - a script finds its neighbour by its own place

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
PUBLISHED = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
ORIGIN = "edms/arsip-kota"
SEED, OTHER_SEED = bytes(range(32)), bytes(range(1, 33))


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(leaves)
    if old <= k:
        return [*subproof(old, leaves[:k], whole), root(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), root(leaves[:k])]


def inclusion(index: int, size: int, /, **changed: Any) -> dict[str, Any]:
    leaves = [bytes.fromhex(leaf) for leaf in LEAVES[:size]]
    steps = [step.hex() for step in path(index, leaves)]
    told = {"leaf": LEAVES[index], "index": index, "size": size, "proof": steps, "root": root(leaves).hex()}
    return {"kind": "inclusion", **told, **changed}


def consistency(old: int, size: int, /, **changed: Any) -> dict[str, Any]:
    leaves = [bytes.fromhex(leaf) for leaf in LEAVES[:size]]
    steps = [] if old in (0, size) else [step.hex() for step in subproof(old, leaves, True)]
    told = {"old_size": old, "size": size, "old_root": root(leaves[:old]).hex(), "root": root(leaves).hex()}
    return {"kind": "consistency", **told, "proof": steps, **changed}


def key_id(name: str, public: bytes) -> bytes:
    return sha(name.encode() + b"\n\x01" + public)[:4]


def signature(text: str, name: str, seed: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    return f"— {name} {base64.b64encode(key_id(name, public) + key.sign(text.encode())).decode()}\n"


def checkpoint(text: str, *lines: str, note: str | None = None) -> dict[str, Any]:
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    signed = note if note is not None else text + "\n" + "".join(lines or (signature(text, ORIGIN, SEED),))
    return {"kind": "checkpoint", "public": public.hex(), "note": signed}


def body(size: object = 8, root_text: str | None = None, origin: str = ORIGIN, more: str = "") -> str:
    whole = base64.b64encode(root([bytes.fromhex(leaf) for leaf in LEAVES])).decode()
    return f"{origin}\n{size}\n{whole if root_text is None else root_text}\n{more}"


def leaf(text: str) -> dict[str, Any]:
    return {"kind": "leaf", "leaf": text}


GOOD_LEAF = (
    '{"action":"record.declared","actor":{"id":"system:worker","kind":"system","name":"worker"},'
    '"at":"2026-11-24T03:00:00.000000Z","details":{"manifest_sha256":"' + "ab" * 32 + '"},"index":0,"outcome":"done",'
    '"subject":{"id":"01900000-0000-7000-8000-000000000001","kind":"record"},"version":1}'
)
PLACED_LATER = GOOD_LEAF.replace('"subject"', '"sequence":{"lane":3,"number":17},"subject"').replace(
    '"version":1', '"version":2'
)


def accepted() -> dict[str, dict[str, Any]]:
    cases = {
        f"inclusion-{i}-of-{n}": inclusion(i, n) for i, n in ((0, 1), (0, 2), (2, 3), (1, 5), (0, 8), (5, 8), (6, 7))
    }
    pairs = ((0, 0), (0, 8), (1, 1), (1, 8), (2, 5), (3, 7), (4, 8), (6, 8), (7, 8), (8, 8))
    cases |= {f"consistency-{old}-to-{new}": consistency(old, new) for old, new in pairs}
    other = signature(body(), "witness.example/1", OTHER_SEED)
    ours = signature(body(), ORIGIN, SEED)
    cases["checkpoint"] = checkpoint(body())
    cases["checkpoint-empty"] = checkpoint(body(0, base64.b64encode(sha(b"")).decode()))
    cases["checkpoint-extension"] = checkpoint(body(more="an extension\n"))
    cases["checkpoint-cosigned"] = checkpoint(body(), other, ours)
    cases["leaf"] = leaf(GOOD_LEAF)
    cases["leaf-placed-later"] = leaf(PLACED_LATER)
    return cases


def rejected() -> dict[str, dict[str, Any]]:
    return {**_bad_proofs(), **_bad_checkpoints(), **_bad_leaves()}


def _bad_proofs() -> dict[str, dict[str, Any]]:
    good, whole = inclusion(5, 8), consistency(6, 8)
    steps, old_steps = good["proof"], whole["proof"]
    flipped = f"{int(steps[0][0], 16) ^ 1:x}{steps[0][1:]}"
    return {
        "inclusion-other-index": inclusion(5, 8, index=4),
        "inclusion-index-is-size": inclusion(5, 8, index=8),
        "inclusion-negative-index": inclusion(5, 8, index=-1),
        "inclusion-other-size": inclusion(5, 8, size=6),
        "inclusion-size-zero": inclusion(0, 1, size=0),
        "inclusion-other-leaf": inclusion(5, 8, leaf="00"),
        "inclusion-node-as-leaf": inclusion(0, 2, size=1, index=0, proof=[]),
        "inclusion-one-bit": inclusion(5, 8, proof=[flipped, *steps[1:]]),
        "inclusion-cut": inclusion(5, 8, proof=steps[:-1]),
        "inclusion-longer": inclusion(5, 8, proof=[*steps, steps[0]]),
        "inclusion-empty": inclusion(5, 8, proof=[]),
        "inclusion-swapped": inclusion(5, 8, proof=[steps[1], steps[0], steps[2]]),
        "inclusion-short-hash": inclusion(5, 8, proof=[steps[0][:-2], *steps[1:]]),
        "inclusion-long-hash": inclusion(5, 8, proof=[steps[0] + "00", *steps[1:]]),
        "inclusion-root-first": inclusion(5, 8, proof=[good["root"], *steps]),
        "consistency-shrunk": consistency(6, 8, old_size=8, size=6),
        "consistency-other-old-size": consistency(6, 8, old_size=5),
        "consistency-other-size": consistency(6, 8, size=9),
        "consistency-swapped-roots": consistency(6, 8, old_root=whole["root"], root=whole["old_root"]),
        "consistency-rewritten": consistency(6, 8, old_root=root([b"forged"]).hex()),
        "consistency-cut": consistency(6, 8, proof=old_steps[:-1]),
        "consistency-longer": consistency(6, 8, proof=[*old_steps, old_steps[0]]),
        "consistency-empty": consistency(6, 8, proof=[]),
        "consistency-power-empty": consistency(4, 8, proof=[]),
        "consistency-equal-with-proof": consistency(8, 8, proof=[whole["root"]]),
        "consistency-equal-other-root": consistency(8, 8, old_root=whole["old_root"]),
        "consistency-empty-other-root": consistency(0, 8, old_root="00" * 32),
        "consistency-negative": consistency(6, 8, old_size=-1),
    }


def _bad_checkpoints() -> dict[str, dict[str, Any]]:
    good = checkpoint(body())["note"]
    line = signature(body(), ORIGIN, SEED)
    forged = signature(body(9), ORIGIN, SEED)
    return {
        "checkpoint-other-size": checkpoint("", note=good.replace("\n8\n", "\n9\n")),
        "checkpoint-other-key": checkpoint(body(), signature(body(), ORIGIN, OTHER_SEED)),
        "checkpoint-other-name": checkpoint(body(), signature(body(), "edms/other", SEED)),
        "checkpoint-wrong-signature": checkpoint(body(), forged),
        "checkpoint-right-and-wrong-signature": checkpoint(body(), line, forged),
        "checkpoint-unsigned": checkpoint("", note=body()),
        "checkpoint-no-lines": checkpoint("", note=body() + "\n"),
        "checkpoint-hyphen": checkpoint("", note=good.replace("—", "-")),
        "checkpoint-trailing-text": checkpoint("", note=good + "more"),
        "checkpoint-carriage-return": checkpoint("", note=good.replace("\n", "\r\n")),
        "checkpoint-leading-zero": checkpoint(body("08")),
        "checkpoint-plus": checkpoint(body("+8")),
        "checkpoint-negative": checkpoint(body(-8)),
        "checkpoint-arabic-digit": checkpoint(body("٨")),
        "checkpoint-huge": checkpoint(body("9" * 30)),
        "checkpoint-short-root": checkpoint(body(root_text=base64.b64encode(bytes(31)).decode())),
        "checkpoint-loose-base64": checkpoint(body(root_text=base64.b64encode(bytes(32)).decode()[:-2] + "B=")),
        "checkpoint-no-root": checkpoint(f"{ORIGIN}\n8\n"),
        "checkpoint-empty-line": checkpoint(body(more="\nmore\n")),
        "checkpoint-signature-cut": checkpoint(body(), line[:-9] + "\n"),
    }


def _bad_leaves() -> dict[str, dict[str, Any]]:
    return {
        "leaf-white-space": leaf(GOOD_LEAF.replace(":", ": ", 1)),
        "leaf-order": leaf(GOOD_LEAF.replace('"index":0,"outcome":"done"', '"outcome":"done","index":0')),
        "leaf-twice": leaf(GOOD_LEAF.replace('"index":0', '"index":0,"index":0')),
        "leaf-escaped": leaf(GOOD_LEAF.replace("worker", "\\u0077orker", 1)),
        "leaf-version": leaf(GOOD_LEAF.replace('"version":1', '"version":3')),
        "leaf-placed-later-without-sequence": leaf(GOOD_LEAF.replace('"version":1', '"version":2')),
        "leaf-placed-at-once-with-sequence": leaf(PLACED_LATER.replace('"version":2', '"version":1')),
        "leaf-sequence-text": leaf(PLACED_LATER.replace('"lane":3', '"lane":"3"')),
        "leaf-sequence-more": leaf(PLACED_LATER.replace('"lane":3', '"lane":3,"more":1')),
        "leaf-no-actor": leaf(GOOD_LEAF.replace('"actor"', '"aktor"')),
        "leaf-list": leaf(f"[{GOOD_LEAF}]"),
        "leaf-cut": leaf(GOOD_LEAF[:-1]),
        "leaf-float-index": leaf(GOOD_LEAF.replace('"index":0', '"index":0.0')),
        "leaf-nan": leaf(GOOD_LEAF.replace('"index":0', '"index":NaN')),
        "leaf-more": leaf(GOOD_LEAF.replace('"index":0', '"extra":1,"index":0')),
        "leaf-true-index": leaf(GOOD_LEAF.replace('"index":0', '"index":true')),
        "leaf-time": leaf(GOOD_LEAF.replace("03:00:00.000000Z", "03:00:00Z")),
    }


def main() -> None:
    """Write every vector."""
    for count, published in PUBLISHED.items():
        if root([bytes.fromhex(leaf) for leaf in LEAVES[:count]]).hex() != published:
            raise SystemExit(f"the root of {count} leaves is not the published one")
    for folder, cases in (("accept", accepted()), ("reject", rejected())):
        for name, case in cases.items():
            text = json.dumps(case, indent=1, ensure_ascii=False) + "\n"
            (HERE / folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
