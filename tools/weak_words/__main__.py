"""Make the list of words that weak passwords are built from: `python -m tools.weak_words DJANGO.whl`.

Sources: the 20,000 most common passwords of Django (`django/contrib/auth/common-passwords.txt.gz`, BSD-3-Clause), read
out of its wheel, which nobody has to install; Indonesian words of our own list beside this file; names of months, days,
languages and countries in Indonesian and English from the CLDR data of Babel (Unicode licence).
"""

import gzip
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from babel import Locale

from edms.access.weak_passwords import LIST, LONGEST_WORD, SHORTEST_WORD, plain_letters

OWN = Path(__file__).with_name("indonesian.txt")
_INSIDE = "django/contrib/auth/common-passwords.txt.gz"


def breached(wheel: Path) -> Iterator[str]:
    """Yield the passwords of Django's list."""
    with zipfile.ZipFile(wheel) as packed:
        yield from gzip.decompress(packed.read(_INSIDE)).decode("utf-8").splitlines()


def indonesian() -> Iterator[str]:
    """Yield the words of our own list."""
    for line in OWN.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield from line.split()


def calendar() -> Iterator[str]:
    """Yield names of months, days, languages and countries."""
    for name in ("id", "en"):
        locale = Locale(name)
        for named in (locale.months["format"]["wide"], locale.days["format"]["wide"], locale.languages,
                      locale.territories):  # fmt: skip
            for told in named.values():
                yield from str(told).split()


def words(wheel: Path) -> list[str]:
    """Return every word once, as letters that look-alikes were read back to, sorted."""
    found = {plain_letters(word) for part in (breached(wheel), indonesian(), calendar()) for word in part}
    return sorted(word for word in found if SHORTEST_WORD <= len(word) <= LONGEST_WORD and word.isascii()
                  and word.isalpha())  # fmt: skip


def main() -> None:
    made = words(Path(sys.argv[1]))
    LIST.write_bytes(gzip.compress("\n".join(made).encode("ascii"), 9, mtime=0))
    print(f"{len(made)} words, {LIST.stat().st_size} bytes")


if __name__ == "__main__":
    main()
