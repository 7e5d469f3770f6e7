"""Photographs become one record: originals untouched, in their order, once; the copy is made of them and findable."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import OWNER, settle
from own_processes import KILLED, module
from photograph_material import Photo, photograph
from photographs_killed import NOTHING_COMMITTED, POINTS, WHOLE
from sqlalchemy import func, select

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.capture.accept import Accepted
from edms.capture.incoming import Placement
from edms.capture.photographs import (
    ChosenPage,
    look_at_photograph,
    preview_page,
    send_photographs,
    waiting_photographs,
)
from edms.capture.upload_upkeep import look_after_uploads
from edms.capture.uploads import PAGE, Announced, Piece, begin_upload, send_whole, unfinished_uploads, upload_state
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.evidence import bundle_bytes
from edms.records.evidence_renewal import renew_evidence
from edms.records.model import Component, ComponentRole, Record
from edms.records.upkeep import collect_garbage
from edms.text.ocr import ocr_available
from edms.text.photograph_reader import UNIT, PageParameters
from edms.vault.model import StoredBlob
from edms.verify.bundle import check_bundle
from edms.verify.trust import trusted_from_pem

People = Callable[[Archive, str], Actor]
SMALL = (480, 640)


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    return [photograph(number, size=SMALL) for number in range(3)]


def without_ocr(archive: Archive) -> Archive:
    """The same archive; recognition has its own test."""
    text = archive.settings.text.model_copy(update={"ocr": "off"})
    settings = archive.settings.model_copy(update={"text": text})
    engine = type(archive.ocr)(archive.sandbox, text)  # type: ignore[call-arg]
    return replace(archive, settings=settings, ocr=engine)


def place_of(actor: Actor, level: Level | None = Level.OPEN) -> Placement:
    assert actor.office_id
    return Placement(actor.office_id, "000.1.5", level)


def send(archive: Archive, actor: Actor, content: bytes, name: str = "image.jpg") -> UUID:
    announced = Announced(name, len(content), place_of(actor), sha256=hashlib.sha256(content).hexdigest(), purpose=PAGE)
    state = send_whole(actor, archive, announced, Piece(0, io.BytesIO(content), size=len(content)))
    assert (state.offset, state.record_id) == (len(content), None)
    return state.upload_id


def chosen(archive: Archive, actor: Actor, contents: list[bytes]) -> list[ChosenPage]:
    sent = [send(archive, actor, content) for content in contents]
    return [ChosenPage(one, PageParameters(look_at_photograph(actor, archive, one).corners)) for one in sent]


def parts(archive: Archive, accepted: Accepted) -> dict[tuple[str, int], tuple[Component, bytes]]:
    with archive.database.reader() as session:
        found = {}
        for part in session.scalars(select(Component).where(Component.record_id == accepted.record_id)):
            with archive.vault.open(part.blob.sealed()) as stream:
                found[part.role, part.position] = part, stream.read()
        return found


def count(archive: Archive, model: type = Record) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_photographs_become_one_record_in_the_order_given(
    archive: Archive, person: People, photos: list[Photo]
) -> None:
    archive, clerk = without_ocr(archive), person(archive, "clerk-dinkes")
    pages = chosen(archive, clerk, [photo.jpeg for photo in photos])
    pages = [replace(pages[2], parameters=replace(pages[2].parameters, turn=90)), pages[0], pages[1]]
    accepted = send_photographs(clerk, archive, pages, "Surat edaran", place_of(clerk))
    # Not one photograph is left behind, and the same request again changes nothing.
    assert waiting_photographs(clerk, archive) == []
    assert list((archive.settings.storage.path / "uploads").glob("*/[0-9]*")) == []
    again = send_photographs(clerk, archive, pages, "Surat edaran", place_of(clerk))
    assert (again.record_id, again.repeated, count(archive)) == (accepted.record_id, True, 1)
    settle(archive)
    found = parts(archive, accepted)
    order = [photos[2], photos[0], photos[1]]
    assert [found["original", place][1] for place in range(3)] == [photo.jpeg for photo in order]
    assert [found["original", place][0].name for place in range(3)] == [f"00{n} image.jpg" for n in (1, 2, 3)]
    assert found["original", 0][0].facts["photograph"]["turn"] == 90
    copy, content = found["access_copy", 0]
    assert content.startswith(b"%PDF")
    made = copy.facts["made_from"]
    assert [one["sha256"] for one in made] == [hashlib.sha256(photo.jpeg).hexdigest() for photo in order]
    assert (made[0]["turn"], made[1]["paper"]) == (90, "A4")
    assert "Pillow" in copy.facts["made_by"]
    with archive.database.reader() as session:
        record = session.get_one(Record, accepted.record_id)
        assert (record.state, record.page_count, record.title) == ("declared", 3, "Surat edaran")
    manifest = json.loads(found["manifest", 0][1])
    originals = [one for one in manifest["components"] if one["role"] == "original"]
    assert [one["photograph"]["page"] for one in originals] == [1, 2, 3]
    # The evidence record is over every one of them, not over one of each role.
    console = console_actor("tests")
    assert renew_evidence(console, archive).left_out == []
    report = verify_all(console, archive)
    assert report.ok, report.faults
    assert report.checked["evidence records"] == 1


def test_the_evidence_holds_for_every_photograph_and_the_place_is_told_nowhere(
    embedded: Archive, person: People, photos: list[Photo], tmp_path: Path
) -> None:
    archive, clerk = without_ocr(embedded), person(embedded, "clerk-dinkes")
    accepted = send_photographs(
        clerk, archive, chosen(archive, clerk, [one.jpeg for one in photos]), "", place_of(clerk)
    )
    settle(archive)
    bundle = tmp_path / "evidence.zip"
    bundle.write_bytes(bundle_bytes(person(archive, "auditor"), archive, accepted.record_id))
    report = check_bundle(bundle, trusted_from_pem(archive.public_pem.encode()), archive.clock)
    assert report.faults == []
    found = parts(archive, accepted)
    assert b"Telepon" in found["original", 0][1]
    for (role, _place), (part, content) in found.items():
        told = json.dumps(part.facts) + (content.decode("latin-1") if role != "original" else "")
        assert not re.search(r"Telepon|GPS|2026:11:24|107\.6", told), role


def test_text_is_found_better_than_in_the_raw_photograph(embedded: Archive, person: People) -> None:
    if not ocr_available(embedded.settings.text).available:
        pytest.skip("TESSERACT IS NOT INSTALLED HERE")
    photo, clerk = photograph(6, size=(1500, 2000), shadow=0.3, slant=24), person(embedded, "clerk-dinkes")
    accepted = send_photographs(clerk, embedded, chosen(embedded, clerk, [photo.jpeg]), "", place_of(clerk))
    work_until_idle(embedded, OWNER)
    copied = recall(photo.words, json.loads(parts(embedded, accepted)["text", 0][1])["pages"][0]["text"])
    raw = recall(photo.words, embedded.ocr.searchable_pdf(io.BytesIO(photo.jpeg), "image/jpeg").pages[0].text)
    assert copied > 0.95
    assert copied > raw + 0.05


def recall(words: list[str], text: str) -> float:
    """The share of the words of the page that were recognised, each as often as it stands there."""
    read = re.findall(r"[a-z]+", text.lower())
    return sum(min(words.count(word), read.count(word)) for word in set(words)) / len(words)


def test_a_photograph_waits_and_is_nobody_elses(archive: Archive, person: People, photos: list[Photo]) -> None:
    clerk, other = person(archive, "clerk-dinkes"), person(archive, "clerk-bappeda")
    one = send(archive, clerk, photos[0].jpeg)
    assert [state.upload_id for state in waiting_photographs(clerk, archive)] == [one]
    assert unfinished_uploads(clerk, archive) == [] == waiting_photographs(other, archive)
    look_after_uploads(archive)  # a whole file would have become a record here
    assert upload_state(clerk, archive, one).record_id is None
    told = PageParameters(look_at_photograph(clerk, archive, one).corners)
    assert preview_page(clerk, archive, one, told).startswith(b"\xff\xd8")
    for act in (
        lambda: look_at_photograph(other, archive, one),
        lambda: preview_page(other, archive, one, told),
        lambda: send_photographs(other, archive, [ChosenPage(one, told)], "", place_of(other)),
        lambda: send_photographs(clerk, archive, [ChosenPage(one, told)], "", place_of(other)),
    ):
        with pytest.raises(NotFound):
            act()
    assert count(archive) == 0


def test_what_makes_no_document_is_refused_and_nothing_is_lost(
    embedded: Archive, person: People, photos: list[Photo]
) -> None:
    archive, clerk = embedded, person(embedded, "clerk-dinkes")
    page = chosen(archive, clerk, [photos[0].jpeg])[0]
    limited = archive.settings.capture.model_copy(update={"max_photographs": 1})
    narrow = replace(archive, settings=archive.settings.model_copy(update={"capture": limited}))
    half = begin_upload(clerk, archive, Announced("b.jpg", 100, place_of(clerk), purpose=PAGE)).upload_id
    file = begin_upload(clerk, archive, Announced("b.pdf", 100, place_of(clerk))).upload_id
    another = chosen(archive, clerk, [photos[1].jpeg])[0]
    for where, pages, reason in (
        (archive, [], "no page"),
        (archive, [page, page], "one page only"),
        (narrow, [page, another], "at most 1"),
        (archive, [page, ChosenPage(half, page.parameters)], "not all here"),
        (archive, [ChosenPage(file, page.parameters)], "is no photograph"),
    ):
        with pytest.raises(Refused, match=reason):
            send_photographs(clerk, where, pages, "", place_of(clerk))
    assert count(archive) == 0
    accepted = send_photographs(clerk, archive, [page], "", place_of(clerk))
    with pytest.raises(Refused, match="another document"):
        send_photographs(clerk, archive, [page, another], "", place_of(clerk))
    # The same photograph once more is told as the duplicate that it is.
    known = send_photographs(clerk, archive, chosen(archive, clerk, [photos[0].jpeg]), "", place_of(clerk))
    assert (known.duplicate, known.record_id, count(archive)) == (True, accepted.record_id, 1)


def test_a_photograph_that_is_damaged_sets_the_document_aside_whole(
    embedded: Archive, person: People, photos: list[Photo]
) -> None:
    archive, clerk = without_ocr(embedded), person(embedded, "clerk-dinkes")
    good = chosen(archive, clerk, [photos[0].jpeg])[0]
    cut = send(archive, clerk, photos[1].jpeg[: len(photos[1].jpeg) // 2])
    with pytest.raises(Refused, match="damaged"):
        look_at_photograph(clerk, archive, cut)
    whole = PageParameters(((0, 0), (UNIT, 0), (UNIT, UNIT), (0, UNIT)))
    accepted = send_photographs(clerk, archive, [good, ChosenPage(cut, whole)], "", place_of(clerk))
    settle(archive)
    with archive.database.reader() as session:
        record = session.get_one(Record, accepted.record_id)
        assert (record.state, record.problem_code) == ("quarantined", "damaged")
    assert [role for role, _place in parts(archive, accepted)] == [ComponentRole.ORIGINAL.value] * 2


@pytest.mark.parametrize("point", POINTS)
def test_killed_on_the_way_to_a_document_nothing_is_lost_and_nothing_is_there_twice(
    archive: Archive, person: People, photos: list[Photo], point: str
) -> None:
    """kill -9 at each point where it could hurt; the sitting goes on with the same request, as the page repeats it."""
    clerk = person(archive, "clerk-dinkes")
    uploads = [send(archive, clerk, photo.jpeg) for photo in photos]
    settings = archive.settings
    told = [str(settings.storage.path.parent), settings.database.url, point, *map(str, uploads)]
    died = module("photographs_killed", *told)
    assert died.status == KILLED, died
    waiting = {one.upload_id for one in waiting_photographs(clerk, archive)}
    assert (waiting, count(archive)) == ((set(uploads), 0) if point in NOTHING_COMMITTED else (set(), 1))
    pages = [ChosenPage(one, WHOLE) for one in uploads]
    accepted = send_photographs(clerk, archive, pages, "Surat edaran", place_of(clerk))
    assert (accepted.repeated, count(archive)) == (point not in NOTHING_COMMITTED, 1)
    found = parts(archive, accepted)
    assert [found["original", place][1] for place in range(3)] == [photo.jpeg for photo in photos]
    assert list((settings.storage.path / "uploads").glob("*/[0-9]*")) == []
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(datetime.now(UTC) + timedelta(hours=settings.storage.garbage_grace_hours + 1))
    collect_garbage(archive)
    assert sum(path.is_file() for path in (settings.storage.path / "blobs").rglob("*")) == count(archive, StoredBlob)
    assert verify_all(console_actor("tests"), archive).ok
