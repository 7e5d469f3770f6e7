"""Passwords: argon2id with the library's current parameters (RFC 9106), random demo passwords."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edms.core.errors import Refused

_HASHER = PasswordHasher()
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# Spent on names that do not exist, so that the time of an answer does not tell which names do.
_NOBODY = _HASHER.hash(secrets.token_hex(16))


def hash_password(password: str, min_characters: int) -> str:
    """Return the argon2id hash of `password`. Raises Refused when it is too short."""
    if len(password) < min_characters:
        raise Refused(f"a password has at least {min_characters} characters", "a few words in a row are easy to keep")
    return _HASHER.hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Check a password; with no hash (nobody of that name) the same work is done and the answer is False."""
    try:
        _HASHER.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def random_password(min_characters: int = 0) -> str:
    """Return a random password without look-alikes, of 20 characters (about 116 bits), or of the minimum if more."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(max(20, min_characters)))
