"""Writes the vectors of key files and secret files (docs/formats/key-ring.md).

    python tests/vectors/key_ring/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

Secrets are opened with the key 00 01 .. 1f of key id 00, epoch 1; providers as `pkcs11`.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

KEK, DATA_KEY, SECRET = bytes(range(32)), b"\x21" * 32, b"\x42" * 32
NONCE, OTHER_NONCE = b"\xc1" * 12, b"\xc2" * 12


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def kek(**changed: Any) -> str:
    epoch = {"epoch": 1, "created_at": "2026-05-01T00:00:00Z", "key": text(KEK)}
    told = {"format": "edms-kek", "version": 1, "key_id": "0123456789abcdef", "current": 1}
    return json.dumps({**told, "kdf": {"name": "none"}, "epochs": [epoch], **changed})


def secret(bound: str = "database", **changed: Any) -> str:
    data = f"edms.wrap.v1|00|1|edms.secret-key.v1|{bound}".encode()
    wrapped = b"\x01" + NONCE + AESGCM(KEK).encrypt(NONCE, DATA_KEY, data)
    value = OTHER_NONCE + AESGCM(DATA_KEY).encrypt(OTHER_NONCE, SECRET, f"edms.secret.v1|{bound}".encode())
    told = {"format": "edms-secret", "version": 1, "name": "database", "key_id": "00", "epoch": 1}
    return json.dumps({**told, "wrapped_key": text(wrapped), "value": text(value), **changed})


def provider(**changed: Any) -> str:
    told = {"format": "edms-provider", "version": 1, "provider": "pkcs11", "key_id": "00", "name": "arsip"}
    return json.dumps({**told, **changed})


def accepted() -> Vectors:
    opened = {"key_id": "0123456789abcdef", "current": 1, "epochs": [1]}
    return {
        "kek": vector("kek", "one epoch, no passphrase", kek(), read=opened),
        "secret": vector("secret", "the secret `database`", secret(), read=SECRET.hex()),
        "provider": vector("provider", "a token", provider(), read=json.loads(provider())),
    }


def rejected() -> Vectors:
    deep = "[" * 20_000
    keks = {
        "unknown-field": kek(more=1), "no-epochs": kek(epochs=[]), "other-format": kek(format="edms-secret"),
        "key-no-base64": kek(epochs=[{"epoch": 1, "created_at": "2026-05-01T00:00:00Z", "key": "?"}]),
        "unknown-derivation": kek(kdf={"name": "md5"}), "current-zero": kek(current=0), "empty": "", "nested": deep,
    }  # fmt: skip
    secrets = {
        "renamed": secret(bound="index"), "unknown-field": secret(more=1), "other-epoch": secret(epoch=2),
        "other-key": secret(key_id="01"), "value-empty": secret(value=""), "wrapped-empty": secret(wrapped_key=""),
        "cut": secret()[:-1], "nested": deep,
    }  # fmt: skip
    providers = {
        "unknown": provider(provider="file"), "of-another-provider": provider(provider="transit"),
        "newer": provider(version=2), "no-name": provider(name=""), "nested": deep,
    }  # fmt: skip
    return {
        **{f"kek-{why}": vector("kek", why, content, refused="") for why, content in keks.items()},
        **{f"secret-{why}": vector("secret", why, content, refused="") for why, content in secrets.items()},
        **{f"provider-{why}": vector("provider", why, content, refused="") for why, content in providers.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
