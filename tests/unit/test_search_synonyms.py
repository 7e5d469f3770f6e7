"""The file of abbreviations: what a line means, what is wrong with one, and that a change is seen at once."""

import os
from pathlib import Path

import pytest

from edms.core.resources import resource
from edms.search.nodes import AllOf, Either, Phrase, Word
from edms.search.query import parse
from edms.search.synonyms import MAX_EXPANDED, SynonymFolder, read

SK, LETTER = Word("sk"), (Word("surat"), Word("keputusan"))


def folder(place: Path, text: str, name: str = "a.txt") -> Path:
    place.mkdir(exist_ok=True)
    (place / name).write_text(text, "utf-8")
    return place


def test_both_ways_and_only_plain_words(tmp_path: Path) -> None:
    known = read(folder(tmp_path, "SK = surat keputusan # kepanjangan\n\n# kosong\nkota = kotamadya\n"))
    assert known.problems == ()
    assert known.expanded(parse("sk 2014")).root.nodes[0] == Either(SK, (Phrase(("surat", "keputusan")),))
    assert known.expanded(parse("surat keputusan")).root == AllOf((Either(AllOf(LETTER), (SK,)),))
    assert known.expanded(parse("judul:SK")).root.nodes[0] == Either(
        Word("sk", "title"), (Phrase(("surat", "keputusan"), "title"),)
    )
    for text in ('"surat keputusan"', "surat judul:keputusan", "-sk", "skala"):
        assert known.expanded(parse(text)) == parse(text)
    told = known.expanded(parse("SK wali kota")).notices
    assert [(notice.code, notice.detail) for notice in told] == [
        ("expanded", "sk: surat keputusan"),
        ("expanded", "kota: kotamadya"),
    ]


def test_the_longest_form_wins_and_expansions_are_bounded(tmp_path: Path) -> None:
    known = read(folder(tmp_path, "PP = peraturan pemerintah\nsatpol PP = satuan polisi pamong praja\n"))
    assert [notice.detail for notice in known.expanded(parse("satpol pp")).notices] == [
        "satpol pp: satuan polisi pamong praja"
    ]
    many = known.expanded(parse(" ".join(["pp"] * 20)))
    assert sum(isinstance(node, Either) for node in many.root.nodes) == MAX_EXPANDED


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("SK", "two or more different forms"),
        ("SK = sk", "two or more different forms"),
        ("SK = ", "no word on one side"),
        ("a = " + " ".join("b" * 9), "at most 8 words"),
        (" = ".join("abcdefghi"), "at most 8 forms"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_serve(tmp_path: Path, line: str, why: str) -> None:
    known = read(folder(tmp_path, f"# judul\n{line}\nBA = berita acara\n"))
    (problem,) = known.problems
    assert (problem.file, problem.line) == ("a.txt", 2)
    assert why in str(problem)
    assert str(problem).startswith("a.txt:2: ")
    assert known.expanded(parse("ba")).notices


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder(tmp_path, "BA = berita acara")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe = x")
    (tmp_path / "c.txt").write_bytes(b"x" * (1024 * 1024 + 1))
    known = read(tmp_path)
    assert [(problem.file, problem.line) for problem in known.problems] == [("b.txt", 0), ("c.txt", 0)]
    assert known.others
    assert read(tmp_path / "none").others == {}


def test_a_change_is_seen_at_the_next_question(tmp_path: Path) -> None:
    watched = SynonymFolder(tmp_path)
    assert watched.current().others == {}
    place = folder(tmp_path, "SK = surat keputusan") / "a.txt"
    assert watched.current().expanded(parse("sk")).notices
    assert watched.current() is watched.current()
    os.utime(place, ns=(1, 1))
    place.write_text("BA = berita acara", "utf-8")
    assert not watched.current().expanded(parse("sk")).notices
    place.unlink()
    assert watched.current().others == {}
    assert SynonymFolder(None).current().others == {}


def test_the_list_that_comes_along_is_without_fault() -> None:
    known = read(resource("synonyms"))
    assert known.problems == ()
    lines = [
        line.split("#")[0]
        for path in resource("synonyms").glob("*.txt")
        for line in path.read_text("utf-8").splitlines()
    ]
    entries = [line for line in lines if line.strip()]
    assert len(entries) >= 60
    for text, meant in [
        ("SPPD", "surat perintah perjalanan dinas"),
        ("perwal", "perwali, peraturan wali kota, peraturan walikota"),
    ]:
        assert known.expanded(parse(text)).notices[0].detail == f"{text.lower()}: {meant}"
