"""Writes the vectors of what a witness is asked, answers, and is named by (docs/formats/audit.md, section 8).

    python tests/vectors/witness/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

Cosignatures are checked against the key of the seed 00 01 .. 1f under the name kabupaten-witness.
"""

import base64
import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
NAME, MOMENT = "kabupaten-witness", 1_782_000_000
TEXT = "edms/arsip-kota\n3\n" + base64.b64encode(bytes(range(32))).decode() + "\n"
STEP = base64.b64encode(b"\x11" * 32).decode()


def key(name: str = NAME, seed: bytes = SEED, kind: int = 4) -> tuple[bytes, str]:
    """Return key id and NAME+ID+KEY, as signed-note and tlog-cosignature spell them."""
    public = bytes([kind]) + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    found = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    return found, f"{name}+{found.hex()}+{base64.b64encode(public).decode()}"


def cosigned(
    text: str = TEXT, seconds: int = MOMENT, seed: bytes = SEED, told: int | None = None, cut: int = 76
) -> str:
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    value = key()[0] + (seconds if told is None else told).to_bytes(8, "big") + signature
    return f"{TEXT}\n\u2014 {NAME} {base64.b64encode(value[:cut]).decode()}\n"


def public(seed: bytes = SEED) -> str:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def accepted() -> Vectors:
    moment = datetime.fromtimestamp(MOMENT, UTC).isoformat()
    other = cosigned().partition("\n\n")[2].replace(NAME, "another-witness")
    body = f"old 1\n{STEP}\n\n{TEXT}\n\u2014 x AAAAAAA=\n"
    note = body.partition("\n\n")[2]
    return {
        "request": vector("add-checkpoint", "one step", body, read={"old": 1, "proof": ["11" * 32], "note": note}),
        "request-first": vector("add-checkpoint", "the first", "old 0\n\nx", read={"old": 0, "proof": [], "note": "x"}),
        "cosigned": vector("cosignature", "by the witness", cosigned(), read=moment),
        "cosigned-twice": vector(
            "cosignature", "the later time counts", cosigned() + cosigned(seconds=MOMENT - 9).partition("\n\n")[2],
            read=moment,
        ),
        "cosigned-by-another": vector("cosignature", "not by the witness: no time", f"{TEXT}\n{other}", read=None),
        "key": vector("witness-key", "a witness", key()[1], read=[NAME, public()]),
        "line": vector(
            "witness-line", "address and key", f"https://arsip.example/witness {key()[1]}",
            read=["https://arsip.example/witness", NAME, public()],
        ),
    }  # fmt: skip


def rejected() -> Vectors:
    requests = {
        "no-blank-line": "old 1\n" + STEP, "no-old": f"{STEP}\n\nx", "old-with-zeros": "old 01\n\nx",
        "old-negative": "old -1\n\nx", "old-too-long": "old 12345678901234567\n\nx", "carriage-return": "old 0\r\n\nx",
        "step-short": f"old 1\n{base64.b64encode(b'x').decode()}\n\nx", "step-no-base64": "old 1\n?\n\nx",
        "step-other-spelling": f"old 1\n{STEP[:-2]}F=\n\nx", "too-many-steps": "old 1\n" + f"{STEP}\n" * 64 + "\nx",
        "empty": "",
    }  # fmt: skip
    wrong, malformed = "the cosignature is wrong", "malformed"
    name, told, encoded = key()[1].split("+", 2)
    return {
        **{f"request-{why}": vector("add-checkpoint", why, body, refused="") for why, body in requests.items()},
        "request-not-utf-8": vector("add-checkpoint", "no text", b"old 0\n\n\xff", refused="not UTF-8"),
        "cosigned-other-text": vector("cosignature", "another tree", cosigned(TEXT.replace("3", "4")), refused=wrong),
        "cosigned-other-time": vector("cosignature", "another time", cosigned(told=MOMENT + 1), refused=wrong),
        "cosigned-other-key": vector("cosignature", "another key", cosigned(seed=OTHER), refused=wrong),
        "cosigned-cut": vector("cosignature", "the signature is cut", cosigned(cut=75), refused=malformed),
        "cosigned-far-away": vector(
            "cosignature", "a year no calendar has", cosigned(seconds=2**62), refused=malformed
        ),
        "no-signature": vector("cosignature", "no signature", TEXT, refused="has no signature"),
        "key-of-a-trail": vector("witness-key", "kind 1", key(kind=1)[1], refused="of a trail"),
        "key-other-name": vector("witness-key", "renamed", f"x{key()[1]}", refused="does not fit"),
        "key-cut": vector("witness-key", "cut", key()[1][:-4], refused="not a key"),
        "key-spaces": vector("witness-key", "a space in it", f"{name} +{told}+{encoded}", refused="not a key"),
        "line-no-address": vector("witness-line", "a key alone", key()[1], refused="its address and its key"),
        "line-a-file": vector("witness-line", "a file", f"file:///etc {key()[1]}", refused="its address and its key"),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
