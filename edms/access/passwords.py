"""Passwords: argon2id with the library's current parameters (RFC 9106), random demo passwords."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edms.core.errors import Refused

_HASHER = PasswordHasher()
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def hash_password(password: str, min_characters: int) -> str:
    """Return the argon2id hash of `password`. Raises Refused when it is too short."""
    if len(password) < min_characters:
        raise Refused(f"a password has at least {min_characters} characters", "a few words in a row are easy to keep")
    return _HASHER.hash(password)


NO_PASSWORD = ""
"""In the place of a hash: this person signs in by the provider alone, until an administrator gives a password."""


def password_matches(password: str, password_hash: str | None) -> bool:
    """Check a password. With no hash (nobody of that name, or without a password) the answer is False after the same
    work, so that the time of an answer does not tell which names there are."""
    if not password_hash:
        _HASHER.hash(password)
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def random_password(min_characters: int = 0) -> str:
    """Return a random password without look-alikes, of 20 characters (about 116 bits), or of the minimum if more."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(max(20, min_characters)))
