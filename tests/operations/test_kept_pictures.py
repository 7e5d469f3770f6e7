"""Pictures of pages that are kept: for whom they are, what is on the disk, and that they die with the document."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import Accepted
from edms.core.errors import EdmsError, IntegrityFault, NotFound
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.contents import page_image
from edms.records.keys import rotate
from edms.records.model import Component, Record
from edms.records.shredding import order_destruction, shred
from edms.text.reader import Reader

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
PLAIN = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xdb\xe0\xe1]..(?:JFIF|Exif)|RIFF....WEBP", re.DOTALL)


class Counting:
    """The reader itself, which tells how often it drew."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.drawn = 0

    def page_picture(self, *given: Any) -> bytes | None:
        self.drawn += 1
        return self._reader.page_picture(*given)


def counting(archive: Archive) -> tuple[Archive, Counting]:
    reader = Counting(archive.reader)
    return replace(archive, reader=reader), reader  # type: ignore[arg-type]


def kept(archive: Archive) -> list[Path]:
    return list((archive.settings.storage.path / "pictures").iterdir())


def test_a_page_is_drawn_once_and_its_picture_lies_sealed(embedded: Archive, capture: Capture, person: Person) -> None:
    record = capture(embedded, pdf("satu", "dua"), name="a.pdf").record_id
    archive, reader = counting(embedded)
    clerk = person(archive, "clerk-dinkes")
    first = page_image(clerk, archive, record, 1, 160)
    assert PLAIN.match(first)
    assert page_image(clerk, archive, record, 1, 160) == first
    assert reader.drawn == 1
    assert page_image(clerk, archive, record, 2, 160) != first
    assert (reader.drawn, len(kept(archive))) == (2, 2)
    for file in archive.settings.storage.path.rglob("*"):
        assert not file.is_file() or not PLAIN.search(file.read_bytes()), file
    # A new key for the whole archive costs no picture; a damaged one costs a drawing.
    rotate(person(archive, "admin"), archive)
    assert page_image(clerk, archive, record, 1, 160) == first
    assert reader.drawn == 2
    for file in kept(archive):
        file.write_bytes(file.read_bytes()[:-1])
    assert page_image(clerk, archive, record, 1, 160) == first
    assert reader.drawn == 3


def test_a_kept_picture_is_for_nobody_else_and_covers_up_no_loss(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    clerk, other = person(embedded, "clerk-dinkes"), person(embedded, "clerk-bappeda")
    record = capture(embedded, pdf("terbatas"), name="a.pdf", level=Level.RESTRICTED).record_id
    page_image(clerk, embedded, record, 1, 160)
    answers = []
    for wanted in (record, new_id(embedded.clock)):
        with pytest.raises(NotFound) as refusal:
            page_image(other, embedded, wanted, 1, 160)
        answers.append(str(refusal.value))
    assert answers[0] == answers[1]
    shutil.rmtree(embedded.settings.storage.path / "blobs")
    with pytest.raises(IntegrityFault, match="missing"):
        page_image(clerk, embedded, record, 1, 160)


def test_the_pictures_of_a_shredded_record_open_no_more(archive: Archive, capture: Capture, person: Person) -> None:
    clerk, records = person(archive, "clerk-dinkes"), person(archive, "records")
    doomed = capture(archive, pdf("akan dimusnahkan"), name="a.pdf").record_id
    page_image(clerk, archive, doomed, 1, 160)
    with archive.database.reader() as session:
        blobs = [part.blob.sealed() for part in session.query(Component).filter_by(record_id=doomed)]
    keys = [archive.vault.picture_key(blob) for blob in blobs]
    assert any(archive.pictures.get(key, 1, 160) for key in keys), "with the key it opens"
    with archive.door.write(records, Action.RECORD_DESTROY) as operation:
        operation.about("record", doomed)
        ids = order_destruction(operation, operation.session.get_one(Record, doomed), "BA-1/2026")
    shred(records, archive, ids)
    assert kept(archive), "the sealed bytes may lie there"
    for blob in blobs:  # of an older copy of the database
        with pytest.raises(EdmsError, match="destroyed"):
            archive.vault.picture_key(blob)
