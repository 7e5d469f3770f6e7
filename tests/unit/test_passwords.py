"""Passwords: argon2id as RFC 9106 recommends it, and answers whose time tells nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from edms.access.passwords import hash_password, password_matches, random_password
from edms.core.errors import Refused

PASSWORD = "kata sandi yang panjang"
PROGRAM = """
import json, pathlib, sys
from edms.access.passwords import hash_password
from edms.core.clock import SystemClock
from edms.core.secret import Secret
from edms.signing.personal_pilot import seal_key
from edms.vault.file_provider import FileKeyProvider
word, folder = sys.argv[1], pathlib.Path(sys.argv[2])
FileKeyProvider.create(folder, SystemClock(), word.encode())
keys, key = json.loads((folder / "kek.json").read_bytes())["kdf"], json.loads(seal_key(b"k", b"c", Secret(word)))["kdf"]
print(hash_password(word, 12))
print(key["name"], key["memory"], key["time"], key["lanes"])
print(keys["name"], keys["memory_kib"], keys["time_cost"], keys["parallelism"])
"""


def test_a_program_hashes_with_the_full_work(tmp_path: Path) -> None:
    """Passwords, the keys of officials and key files; in a process of its own, since the tests' own process does with
    the least (`cheap_passwords`)."""
    command = [sys.executable, "-c", PROGRAM, PASSWORD, str(tmp_path / "keys")]
    told, *keys = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "RFC 9106, section 4, second recommendation"
    assert password_matches(PASSWORD, told)
    assert keys == ["argon2id 65536 3 4"] * 2


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
