"""Writes the vectors of the headers of tus (docs/uploads.md).

python tests/vectors/uploads/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import base64
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


SHA256 = hashlib.sha256(b"surat").digest()


def accepted() -> Vectors:
    return {
        "metadata": vector(
            "upload-metadata", "two pairs", f"filename {text(b'surat.pdf')}, title {text(b'Undangan')}",
            read={"filename": "surat.pdf", "title": "Undangan"},
        ),
        "metadata-no-value": vector("upload-metadata", "a key alone", "confidential", read={"confidential": ""}),
        "metadata-empty": vector("upload-metadata", "nothing", "", read={}),
        "checksum": vector("upload-checksum", "SHA-256", f"sha256 {text(SHA256)}", read=["sha256", SHA256.hex()]),
    }  # fmt: skip


def rejected() -> Vectors:
    told = {
        "twice": f"a {text(b'x')},a {text(b'y')}", "no-base64": "a ?", "not-utf-8": f"a {text(bytes([255]))}",
        "key-with-control": "\x01 eA==", "two-spaces": "a  eA==", "too-long": "a" * 6001, "key-too-long": "a" * 101,
    }  # fmt: skip
    sums = {
        "unknown": f"md5 {text(b'x' * 16)}", "short": f"sha256 {text(SHA256[:-1])}",
        "hexadecimal": f"sha256 {SHA256.hex()}",
        "of-another": f"sha1 {text(SHA256)}", "empty": "", "name-alone": "sha256",
    }  # fmt: skip
    return {
        **{f"metadata-{why}": vector("upload-metadata", why, header, refused="") for why, header in told.items()},
        **{
            f"checksum-{why}": vector("upload-checksum", why, header, refused="checksum")
            for why, header in sums.items()
        },
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
