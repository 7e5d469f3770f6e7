"""Records like one: found by its own words on every engine, of what the actor may see."""

from dataclasses import replace
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle, take_in

from edms.access.levels import Level
from edms.bootstrap import open_archive
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.people import console_person
from edms.records.searching import every_document
from edms.records.similar import questions_of, similar_records

FLOOD = "Penanganan banjir rob di kelurahan pesisir: pompa, tanggul dan saluran drainase harus diperbaiki segera. "
SCHOOL = "Penerimaan peserta didik baru pada sekolah dasar negeri menurut zonasi dan prestasi akademik. "


@pytest.fixture
def letters(archive: Archive) -> tuple[Archive, dict[str, UUID]]:
    """Two letters about floods, one that answers by number, one about schools, and a hidden one about floods."""
    content = {
        "banjir": FLOOD + "Nomor 614/0123/2026.",
        "pompa": "Laporan pompa dan tanggul: " + FLOOD,
        "sekolah": SCHOOL,
        "jawaban": "Menunjuk surat 614/0123/2026 disampaikan persetujuan anggaran.",
    }
    ids = {
        name: take_in(archive, pdf(text), name=f"{name}.pdf", work=False).record_id for name, text in content.items()
    }
    ids["rahasia"] = take_in(
        archive, pdf(FLOOD * 2), by="clerk-bappeda", level=Level.RESTRICTED, name="rahasia.pdf", work=False
    ).record_id
    settle(archive)
    return archive, ids


def like(archive: Archive, record: UUID, by: str = "clerk-dinkes") -> list[UUID]:
    return [one.id for one in similar_records(console_person(archive, by, "tests"), archive, record)]


def test_what_is_alike_is_found(letters: tuple[Archive, dict[str, UUID]]) -> None:
    archive, ids = letters
    # What cites its number comes before what has its words.
    assert like(archive, ids["banjir"]) == [ids["jawaban"], ids["pompa"]]
    assert like(archive, ids["jawaban"]) == [ids["banjir"]]
    assert like(archive, ids["sekolah"]) == []
    assert ids["rahasia"] not in like(archive, ids["banjir"])
    assert ids["rahasia"] in like(archive, ids["banjir"], "records")
    with pytest.raises(NotFound):
        like(archive, ids["rahasia"])


def test_every_engine_finds_the_same(letters: tuple[Archive, dict[str, UUID]]) -> None:
    archive, ids = letters
    told = {}
    engines = ["whoosh", "fts5"] if archive.database.is_sqlite else ["whoosh", "fts5", "postgresql"]
    for engine in engines:
        search = archive.settings.search.model_copy(update={"engine": engine})
        other = open_archive(archive.settings.model_copy(update={"search": search}), archive.clock)
        with other.database.reader() as session:
            other.index.rebuild(every_document(other, session))
        told[engine] = [
            like(replace(other, reader=archive.reader), one) for one in ids.values() if one != ids["rahasia"]
        ]
        other.database.close()
    assert all(one == told["whoosh"] for one in told.values())


def test_the_questions_fit() -> None:
    assert questions_of("", "", 500) == ("", "")
    assert questions_of("dan yang di", "1 2 3", 500) == ("", "")
    words = " ".join(f"kata{chr(97 + n % 26)}{chr(97 + n // 26)}panjang" for n in range(600))
    assert 400 < len(questions_of("Judul", words, 500)[1]) <= 500
    told = questions_of("Surat", "Menunjuk 614/0123/2026 perihal banjir banjir, dan 005/7 juga", 500)
    assert told == ("614/0123/2026 OR 005/7", "surat OR banjir OR menunjuk OR perihal")
