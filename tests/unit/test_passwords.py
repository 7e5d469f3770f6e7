"""Passwords: argon2id as RFC 9106 recommends it, and answers whose time tells nothing."""

import subprocess
import sys

import pytest

from edms.access.passwords import hash_password, password_matches, random_password
from edms.core.errors import Refused

PASSWORD = "kata sandi yang panjang"


def test_a_program_hashes_with_the_full_work() -> None:
    """In a process of its own: the tests' own process does with the least (`cheap_passwords`)."""
    program = f"from edms.access.passwords import hash_password; print(hash_password({PASSWORD!r}, 12))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "RFC 9106, section 4, second recommendation"
    assert password_matches(PASSWORD, told.strip())


def test_only_the_password_matches() -> None:
    made = hash_password(PASSWORD, 12)
    assert PASSWORD not in made
    assert made != hash_password(PASSWORD, 12), "each has a salt of its own"
    assert password_matches(PASSWORD, made)
    assert not password_matches(PASSWORD + " ", made)


@pytest.mark.parametrize("kept", [None, "", "x", "$argon2id$v=19$m=65536,t=3,p=4$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_nobody_and_what_is_no_hash_match_nothing(kept: str | None) -> None:
    assert not password_matches(PASSWORD, kept)


def test_short_ones_are_refused_and_random_ones_are_long_enough() -> None:
    with pytest.raises(Refused, match="at least 12"):
        hash_password("pendek", 12)
    assert len({random_password() for _number in range(50)}) == 50
    assert len(random_password(30)) == 30
