"""Easily guessed passwords are told by the list and the person's own words, not by kinds of characters."""

import gzip
import zipfile
from pathlib import Path

import pytest

from edms.access.weak_passwords import LEAST_PIECES, LIST, is_weak, known_words, own_words
from tools.weak_words.__main__ import words

OWN = own_words(["siti.rahayu", "Siti Rahayu", "dinkes", "Dinas Kesehatan", "setda", "Sekretariat Daerah"])
WEAK = (
    "Password1234!", "P@ssw0rd2026", "passwordpassword", "jakarta12345", "Rahasia12345!", "rahasia2026rahasia",
    "qwertyuiop12", "1qaz2wsx3edc", "asdfghjkl123", "aaaaaaaaaaaa", "abcdefghijkl", "123456789012", "17081945indonesia",
    "Dinkes2026!!", "sitirahayu1985", "S1t1R4h4yu2026", "Dinas Kesehatan 2026", "sayangkamuselamanya",
    "Bismillah99999", "persibbandung12", "admin123admin123", "k7k7k7k7k7k7k7k7",
)  # fmt: skip
GOOD = (
    "kata sandi untuk uji", "correct horse battery staple", "tukang becak naik delman", "x7Kp2mQz9LwR",
    "saya makan soto di kudus", "hujan turun kursi biru melompat", "ßüßüéèñßüß-kæ",
)  # fmt: skip


@pytest.mark.parametrize("password", WEAK)
def test_what_a_guesser_tries_soon(password: str) -> None:
    assert is_weak(password, OWN)


@pytest.mark.parametrize("password", GOOD)
def test_what_a_guesser_does_not_come_to(password: str) -> None:
    assert not is_weak(password, OWN)


def test_what_is_ones_own_is_weak_for_oneself_alone() -> None:
    mine, theirs = own_words(["Gunadharma Wicaksono"]), own_words(["Siti Rahayu"])
    assert is_weak("gunadharmawicaksono7", mine)
    assert not is_weak("gunadharmawicaksono7", theirs)


def test_the_list_is_small_and_clean() -> None:
    assert LIST.stat().st_size < 100_000
    assert len(known_words()) > 15_000
    assert {"rahasia", "password", "sayang", "bappeda", "agustus"} <= known_words()
    assert all(word.isalpha() and word.isascii() and word == word.lower() for word in known_words())


def test_the_tool_reads_the_list_of_the_other_package(tmp_path: Path) -> None:
    """From a wheel like Django's; the words of our own list come with it."""
    wheel = tmp_path / "django.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("django/contrib/auth/common-passwords.txt.gz", gzip.compress(b"Dr4gon\nab\n12\nmonkey\n"))
    made = words(wheel)
    assert {"dragon", "monkey", "rahasia", "desember"} <= set(made)
    assert made == sorted(set(made))
    assert "ab" not in made
    assert set(made) - {"dragon", "monkey"} <= known_words(), "the list that is packed is made of the same words"


def test_long_ones_take_no_time_to_speak_of() -> None:
    """What is judged is bounded, so that nobody has a server count for minutes."""
    assert not is_weak("".join(chr(97 + number * 7 % 26) for number in range(100_000)))
    assert LEAST_PIECES == 4
