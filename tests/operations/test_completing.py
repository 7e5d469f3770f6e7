"""What the last word in the search box may become: of visible records alone, bounded, in either language."""

import json
from typing import Any

import pytest
from archive_fixtures import pdf, settle, take_in
from sqlalchemy import select

from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.core.errors import LimitExceeded
from edms.operation.door import NotPermitted
from edms.records import completing
from edms.records.archive import Archive
from edms.records.completing import MOST, complete
from edms.records.disclosures import COMPLETED
from edms.records.people import console_person


@pytest.fixture
def letters(archive: Archive) -> Archive:
    """Letters of two offices; one that the clerk may not see."""
    told: list[dict[str, Any]] = [
        {"sender": "Dinas Kesehatan Kota", "recipient": "Wali Kota"},
        {"sender": "Dinas Kesehatan Kota", "recipient": "Kepala Bappeda"},
        {"sender": 'PT "Sehat" (Persero)', "recipient": "Kesatuan Bangsa"},
    ]
    for number, one in enumerate(told):
        take_in(archive, pdf(f"Surat {number}"), name=f"{number}.pdf", work=False, **one)
    hidden = {"sender": "Kesukaan Zamrud", "recipient": "Kesuma", "class_code": "900.1.3"}
    take_in(archive, pdf("Rahasia"), by="clerk-bappeda", level=Level.RESTRICTED, name="z.pdf", work=False, **hidden)
    settle(archive)
    return archive


def told(archive: Archive, typed: str, by: str = "clerk-dinkes", language: str = "id") -> list[str]:
    return [one.text for one in complete(console_person(archive, by, "tests"), archive, typed, language)]


def test_the_last_word_is_completed(letters: Archive) -> None:
    assert told(letters, "banjir kesehatan")[-1] == 'banjir dari:"Dinas Kesehatan Kota"'
    assert told(letters, 'dari:"dinas kes') == ['dari:"Dinas Kesehatan Kota"']
    assert told(letters, "-pengirim:sehat") == ['-pengirim:"PT Sehat (Persero)"']
    assert told(letters, "kepada:") == ['kepada:"Kepala Bappeda"', 'kepada:"Kesatuan Bangsa"', 'kepada:"Wali Kota"']
    assert told(letters, "from:dinas", language="en") == ['from:"Dinas Kesehatan Kota"']
    assert told(letters, "kantor:din") == ["kantor:dinkes"]
    assert told(letters, "kelas:") == ["kelas:000.1.5"]
    assert told(letters, "(nota OR kelas:000") == ["(nota OR kelas:000.1.5"]
    assert told(letters, "ada:ta") == ["ada:tandatangan", "ada:tanggal"]
    assert told(letters, "has:si", language="en") == ["has:signature"]
    assert told(letters, "tingkat:") == ["tingkat:open"]
    assert told(letters, "kel")[0] == "kelas:"
    assert told(letters, "cla", language="en")[0] == "class:"
    assert told(letters, "000.1")[0] == "kelas:000.1.5"
    [first] = complete(console_person(letters, "clerk-dinkes", "tests"), letters, "kelas:0")
    assert (first.kind, first.value, first.count, bool(first.label)) == ("class_code", "000.1.5", 3, True)


def test_nothing_of_what_is_hidden_is_offered(letters: Archive) -> None:
    for typed in ("kesuk", "dari:", "kepada:", "kelas:900", "900", "kantor:bap", "zamrud", 'dari:"kesukaan z'):
        for by in ("clerk-dinkes", "official-dinkes"):
            offered = " ".join(told(letters, typed, by))
            assert not any(word in offered for word in ("Kesuk", "Kesuma", "900.1.3", "kantor:bappeda")), typed
    assert told(letters, "dari:kesuk", "records") == ['dari:"Kesukaan Zamrud"']


def test_it_is_bounded_and_never_fails(letters: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = (
        "",
        " ",
        "k",
        '"',
        "dari:*",
        'dari:"\\',
        "kelas:(((",
        "tanggal:2014..",
        "x:y",
        "é",
        "\x00",
        "ada:" * 50,
        "-",
        "~" * 40,
    )
    for typed in odd:
        assert len(told(letters, typed)) <= MOST
    with pytest.raises(LimitExceeded):
        told(letters, "a" * 501)
    with pytest.raises(NotPermitted):
        told(letters, "kes", "admin")
    monkeypatch.setattr(completing, "_LOOKED_AT", 1)
    assert len(told(letters, "dari:")) == 1


def test_one_event_stands_for_what_is_offered_within_a_short_time(letters: Archive) -> None:
    for typed in ("kes", "kese", "keseh"):
        told(letters, typed)
    letters.door.integrate()
    with letters.database.reader() as session:
        bodies = list(session.scalars(select(AuditLeaf.body).where(AuditLeaf.action == COMPLETED)))
    assert len(bodies) == 1
    assert "kese" not in json.loads(bodies[0])["details"]
