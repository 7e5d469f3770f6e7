"""The cache of page pictures: bounded, sealed, and never the reason that somebody sees nothing or something wrong."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edms.vault.pictures import PictureCache

KEY, OTHER = b"k" * 32, b"o" * 32
MOST = 64 * 1024
PICTURE = b"RIFF\x00\x10\x00\x00WEBPVP8 " + b"a page" * 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_what_is_kept_is_sealed_and_opens_for_its_key_page_and_width_alone(folder: Path) -> None:
    cache = PictureCache(folder, MOST)
    assert cache.get(KEY, 1, 900) is None
    cache.put(KEY, 1, 900, PICTURE)
    assert PictureCache(folder, MOST).get(KEY, 1, 900) == PICTURE
    assert [cache.get(*one) for one in ((OTHER, 1, 900), (KEY, 2, 900), (KEY, 1, 160))] == [None] * 3
    file = only_file(folder)
    assert b"WEBP" not in file.read_bytes()
    assert b"a page" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "gone", "another", "folder"])
def test_damage_is_a_miss_and_is_mended(folder: Path, damage: str) -> None:
    cache = PictureCache(folder, MOST)
    cache.put(KEY, 1, 900, PICTURE)
    file = only_file(folder)
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "folder":
        file.unlink()
        folder.rmdir()
    elif damage == "another":
        cache.put(KEY, 2, 900, PICTURE[::-1])
        other = next(one for one in folder.iterdir() if one != file)
        file.write_bytes(other.read_bytes())
    else:
        file.write_bytes({"bit": content[:-1] + bytes([content[-1] ^ 1]), "cut": content[:100], "empty": b""}[damage])
    assert cache.get(KEY, 1, 900) is None
    for _ in range(2):  # where the folder itself was deleted, the first picture after it may be lost
        cache.put(KEY, 1, 900, PICTURE)
    assert cache.get(KEY, 1, 900) == PICTURE


def test_it_never_grows_beyond_its_bound_and_drops_the_longest_unused(folder: Path) -> None:
    cache = PictureCache(folder, MOST)
    cache.put(KEY, 1, 160, PICTURE)
    (folder / "left-by-a-crash.part").write_bytes(b"x" * 100)
    os.utime(folder / "left-by-a-crash.part", (0, 0))
    for page in range(2, 200):
        for file in folder.iterdir():  # all as old as can be, save what is used now
            os.utime(file, ns=(page, page))
        assert cache.get(KEY, 1, 160) == PICTURE, "what is looked at again and again stays"
        cache.put(KEY, page, 160, PICTURE)
        assert sum(file.stat().st_size for file in folder.iterdir()) <= MOST
    assert not (folder / "left-by-a-crash.part").exists()
    assert cache.get(KEY, 199, 160) == PICTURE
    assert cache.get(KEY, 2, 160) is None


def test_no_cache_and_too_large_a_picture(folder: Path) -> None:
    none = PictureCache(folder, 0)
    none.put(KEY, 1, 160, PICTURE)
    assert none.get(KEY, 1, 160) is None
    PictureCache(folder, MOST).put(KEY, 1, 160, b"x" * (MOST // 16))
    assert not folder.exists()


def test_a_disk_that_takes_nothing_hurts_nobody(folder: Path) -> None:
    folder.write_bytes(b"a file stands where the folder should be")
    cache = PictureCache(folder, MOST)
    cache.put(KEY, 1, 160, PICTURE)
    assert cache.get(KEY, 1, 160) is None


def test_many_at_once_see_the_picture_or_nothing(folder: Path) -> None:
    caches = [PictureCache(folder, MOST) for _ in range(4)]

    def use(number: int) -> bool:
        cache, page = caches[number % 4], number % 7
        picture = PICTURE + bytes([page])
        cache.put(KEY, page, 160, picture)
        return cache.get(KEY, page, 160) in (picture, None)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(400)))


def test_killed_while_writing_it_leaves_nothing_that_opens_wrongly_or_reads_plainly(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edms.vault.pictures import PictureCache as C\n"
        f"c = C(Path(sys.argv[1]), {MOST}); p = {PICTURE!r}; n = 0\n"
        "while True:\n    c.put(b'k' * 32, n % 20, 160, p); n += 1\n    n == 5 and print('on', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"on\n"
        writer.kill()
    cache = PictureCache(folder, MOST)
    assert {cache.get(KEY, page, 160) for page in range(20)} <= {PICTURE, None}
    assert not any(b"a page" in file.read_bytes() for file in folder.iterdir())
