"""Canonical JSON (RFC 8785) and digests: what is signed or hashed has exactly one spelling."""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def canonical_json(value: Mapping[str, Any] | list[Any]) -> bytes:
    """Return `value` as RFC 8785 bytes (UTF-8, sorted keys, no white space).

    Values are str, int within ±2^53, float, bool, None, list and dict; others raise `rfc8785.CanonicalizationError`.
    """
    return rfc8785.dumps(dict(value) if isinstance(value, Mapping) else value)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
