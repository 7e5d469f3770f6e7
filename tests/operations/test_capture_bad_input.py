"""What goes wrong while files come in: told clearly, nothing half-done, nothing lost, and the next file is captured."""

import dataclasses
import io
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from archive_fixtures import MOMENT, OWNER, pdf, settings_in, settle
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from text_material import many_pages, message, word_document_of, zipped

from edms.access.actors import Actor, console_actor
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement, safe_name, title_from
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import LimitExceeded, NotFound, StorageFault
from edms.core.sandbox import Answer, Sandbox
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.jobs.model import Job
from edms.reconcile.memory import memory_findings
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.describe import record_details
from edms.records.model import ComponentRole, Record
from edms.records.searching import Question, search
from edms.text.reader import Reader

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
MEBIBYTE = 1024 * 1024
ENTITY = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'


def blobs(archive: Archive) -> int:
    return sum(path.is_file() for path in (archive.settings.storage.path / "blobs").rglob("*"))


def records(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(Record)) or 0


def state_of(archive: Archive, accepted: Accepted) -> tuple[str, str | None]:
    with archive.database.reader() as session:
        record = session.get_one(Record, accepted.record_id)
        assert record.state != "quarantined" or record.problem_text
        return record.state, record.problem_code


class Torn(io.RawIOBase):
    """An upload whose sender goes away after some megabytes."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._left <= 0:
            raise ConnectionResetError("the sender went away")
        count = min(len(buffer), self._left)
        self._left -= count
        return count


def take(archive: Archive, actor: Actor, stream: Any, size: int | None = None) -> Accepted:
    assert actor.office_id is not None
    return accept(actor, archive, IncomingFile("surat.pdf", stream, size), Placement(actor.office_id))


def test_an_upload_that_is_torn_leaves_nothing(embedded: Archive, person: Person) -> None:
    with pytest.raises(ConnectionResetError):
        take(embedded, person(embedded, "clerk-dinkes"), Torn(3 * MEBIBYTE))
    assert (blobs(embedded), records(embedded)) == (0, 0)


@pytest.mark.parametrize("told", [True, False], ids=["size told before", "size not told"])
def test_over_the_limit_is_refused_with_the_setting_and_leaves_nothing(
    embedded: Archive, person: Person, told: bool
) -> None:
    capture = embedded.settings.capture.model_copy(update={"max_file_bytes": 2 * MEBIBYTE})
    archive = dataclasses.replace(embedded, settings=embedded.settings.model_copy(update={"capture": capture}))
    source = io.BytesIO(bytes(5 * MEBIBYTE))
    with pytest.raises(LimitExceeded, match=r"limit of 2097152 bytes.*max_file_bytes"):
        take(archive, person(archive, "clerk-dinkes"), source, 5 * MEBIBYTE if told else None)
    assert source.tell() == 0 or not told, "told early: not a byte was read"
    assert (blobs(archive), records(archive)) == (0, 0)
    exact = take(archive, person(archive, "clerk-dinkes"), io.BytesIO(bytes(2 * MEBIBYTE)), 2 * MEBIBYTE)
    assert exact.size == 2 * MEBIBYTE


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow", "shadow"),
        ("..\\..\\windows\\system32\\a.dll", "a.dll"),
        ("surat\x00.pdf.exe", "surat.pdf.exe"),
        ("\u202efdp.exe", "fdp.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie x.pdf"),
        ("....", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("\u200b\u200d", "unnamed"),
        ("<script>alert(1)</script>.pdf", "script.pdf"),
        ("con|out?.txt", "conout.txt"),
        ("n" * 500 + ".pdf", "n" * 196 + ".pdf"),
        ("中" * 300, "中" * 200),
        ("a." + "x" * 300, "a." + "x" * 198),
        ("cafe\u0301.pdf", "café.pdf"),
        ("surat\udcff.txt", "surat\ufffd.txt"),
    ],
)
def test_names_are_only_names(given: str, kept: str) -> None:
    assert safe_name(given, 200) == kept
    assert title_from(kept)


def test_a_lone_surrogate_in_a_name_can_be_stored(embedded: Archive, capture: Capture) -> None:
    accepted = capture(embedded, b"isi surat", name="surat\udcff.txt")
    assert state_of(embedded, accepted) == ("declared", None)


HOSTILE = {
    "empty": (b"", "empty"),
    "password": (b"", "encrypted"),
    "damaged": (pdf("Surat")[:300], "damaged"),
    "hundred thousand pages": (b"", "too_many_pages"),
    "bomb in a document": (b"", "decompression_bomb"),
    "entities in a document": (word_document_of(ENTITY), "xml_entities"),
    "archives in archives": (zipped(a_zip=zipped(a_zip=zipped(a_zip=zipped(a_txt=b"x")))), "archive_depth"),
    "pixel flood": (b"", "decompression_bomb"),
}


def hostile(name: str, root: Path) -> bytes:
    """Large ones are made when they are needed."""
    if name == "password":
        return (root / "samples/terkunci-daftar-gaji.pdf").read_bytes()
    if name == "hundred thousand pages":
        return many_pages(100_000)
    if name == "bomb in a document":
        return word_document_of(b"<d>" + b"a" * 60_000_000)
    if name == "pixel flood":
        return _png_claiming(60_000, 60_000)
    return HOSTILE[name][0]


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x01\x00\x00\x00\x00"
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_digested_is_set_aside_with_its_reason_and_kept_whole(
    embedded: Archive, capture: Capture, person: Person, repository_root: Path, name: str
) -> None:
    content = hostile(name, repository_root)
    accepted = capture(embedded, content)
    assert state_of(embedded, accepted) == ("quarantined", HOSTILE[name][1])
    clerk = person(embedded, "clerk-dinkes")
    with download(clerk, embedded, accepted.record_id, ComponentRole.ORIGINAL, warned=True).stream as stream:
        assert stream.read() == content
    after = capture(embedded, pdf(f"Surat sesudah {name}"))
    assert state_of(embedded, after) == ("declared", None)
    assert verify_all(console_actor("tests"), embedded).ok


def test_hostile_attachments_do_not_cost_the_mail(embedded: Archive, capture: Capture, person: Person) -> None:
    mail = message(("jahat.docx", word_document_of(ENTITY)), body="Rapat kenanga hari Senin")
    accepted = capture(embedded, mail, name="surel.eml")
    assert state_of(embedded, accepted) == ("declared", None)
    found = search(person(embedded, "clerk-dinkes"), embedded, Question("kenanga")).found
    assert [hit.record.id for hit in found] == [accepted.record_id]


class Misbehaving(Sandbox):
    """A sandbox whose parser does something else than to read; the process is real, and so are its limits."""

    def __init__(self, limits: Limits, misdeed: str, *arguments: Any) -> None:
        super().__init__(limits)
        self._misdeed, self._arguments = misdeed, arguments

    def call(
        self,
        function: str,
        *arguments: Any,
        files: tuple[BinaryIO, ...] = (),
        limits: Limits | None = None,
        folder: str = "",
    ) -> Answer:
        del function, arguments
        return super().call(
            f"sandbox_misdeeds:{self._misdeed}", *self._arguments, files=files, limits=limits, folder=folder
        )


@pytest.mark.parametrize(
    ("misdeed", "arguments", "code"),
    [
        ("sleep", (60,), "time_limit"),
        ("spin", (60,), "time_limit"),
        ("eat_memory_slowly", (), "memory_limit"),
        ("fork_bomb", ("edms-capture", 20), "damaged"),
        ("segfault", (), "damaged"),
        ("overflow_stack", (), "damaged"),
        ("recurse", (), "damaged"),
        ("pour_head", (5 * MEBIBYTE,), "output_limit"),
        ("echo", (), "damaged"),
    ],
)
def test_a_parser_that_is_taken_over_costs_its_own_file_only(
    embedded: Archive, shared_parsers: Archive, capture: Capture, misdeed: str, arguments: tuple[Any, ...], code: str
) -> None:
    """It hangs, burns, eats memory, forks, dies, lies: the file is set aside with its reason, the service goes on.

    One that dies is given its attempts first: it may have been killed for what others did.
    """
    settings = TextSettings(time_limit_seconds=2, max_output_bytes=2 * MEBIBYTE)
    limits = Limits(settings.time_limit_seconds, 256 * MEBIBYTE, settings.max_output_bytes)
    evil = Misbehaving(limits, misdeed, *arguments)
    try:
        reader = Reader(shared_parsers.reader._identifying, evil, settings)
        archive = dataclasses.replace(embedded, reader=reader)
        accepted = capture(archive, pdf("Surat jahat"))
        if misdeed not in ("sleep", "spin", "eat_memory_slowly", "recurse", "pour_head"):
            assert state_of(embedded, accepted) == ("pending", None)
            later(archive)
    finally:
        evil.close()
    assert state_of(embedded, accepted) == ("quarantined", code)
    assert state_of(embedded, capture(embedded, pdf("Surat baik"))) == ("declared", None)


def later(archive: Archive) -> None:
    """Let all pauses between attempts pass."""
    assert isinstance(archive.clock, FixedClock)
    for _attempt in range(archive.settings.worker.max_attempts):
        archive.clock.set(archive.clock.now() + timedelta(minutes=6))
        settle(archive)


def test_a_reader_that_is_killed_costs_one_attempt(
    embedded: Archive, shared_parsers: Archive, capture: Capture
) -> None:
    """As the kernel does it when memory runs out, or an operator: the file is as good as before."""
    killed = Misbehaving(Limits(seconds=30, memory_bytes=512 * MEBIBYTE), "kill_itself")
    try:
        reader = Reader(shared_parsers.reader._identifying, killed, embedded.settings.text)
        accepted = capture(dataclasses.replace(embedded, reader=reader), pdf("Surat mawar"))
    finally:
        killed.close()
    with embedded.database.reader() as session:
        job = session.scalars(select(Job).where(Job.subject_id == accepted.record_id)).one()
        assert (job.state, job.attempts, job.lease) == ("ready", 1, None)
        assert job.not_before > embedded.clock.now()
    later(embedded)
    assert state_of(embedded, accepted) == ("declared", None)


@pytest.fixture
def small_archive(installation: Path, shared_parsers: Archive) -> Iterator[Archive]:
    """An archive whose blobs lie on a real file system of 4 MiB."""
    folder = installation / "storage" / "blobs"
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("this machine does not allow mounting a small file system")
    try:
        opened = open_archive(settings_in(installation), FixedClock(MOMENT))
        yield dataclasses.replace(
            opened, sandbox=shared_parsers.sandbox, reader=shared_parsers.reader, ocr=shared_parsers.ocr
        )
        opened.database.close()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_while_accepting_is_told_and_loses_nothing(
    small_archive: Archive, capture: Capture, person: Person
) -> None:
    archive = small_archive
    first = capture(archive, pdf("Surat sebelum penuh"))
    before = blobs(archive)
    clerk = person(archive, "clerk-dinkes")
    for _try in range(2):
        with pytest.raises(StorageFault, match="free some space"):
            take(archive, clerk, io.BytesIO(os.urandom(6 * MEBIBYTE)))
        assert (blobs(archive), records(archive)) == (before, 1), "what was half written is gone"
    assert state_of(archive, capture(archive, pdf("Surat sesudahnya"))) == ("declared", None)
    assert state_of(archive, first) == ("declared", None)
    assert verify_all(console_actor("tests"), archive).ok


def test_a_disk_that_fills_up_in_a_step_stops_the_step_and_not_the_file(
    small_archive: Archive, capture: Capture
) -> None:
    """The accepted file waits; when there is space again it is captured, without anybody's doing."""
    archive = small_archive
    accepted = capture(archive, pdf("Surat yang menunggu ruang"), work=False)
    folder = archive.settings.storage.path / "blobs"
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    work_until_idle(archive, OWNER)
    with archive.database.reader() as session:
        job = session.scalars(select(Job).where(Job.subject_id == accepted.record_id)).one()
        assert "free some space" in (job.last_error or "")
    assert state_of(archive, accepted) == ("pending", None)
    filler.unlink()
    archive.clock.set(archive.clock.now() + timedelta(hours=1))  # type: ignore[attr-defined]
    settle(archive)
    assert state_of(archive, accepted) == ("declared", None)
    assert verify_all(console_actor("tests"), archive).ok


def test_the_reason_is_shown_to_the_office_and_to_nobody_else(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    accepted = capture(embedded, b"%PDF-1.4 broken")
    record = record_details(person(embedded, "clerk-dinkes"), embedded, accepted.record_id).record
    assert "damaged" in (record.problem_text or "")
    with pytest.raises(NotFound):
        record_details(person(embedded, "clerk-bappeda"), embedded, accepted.record_id)


@pytest.mark.parametrize("fault", [StorageFault("the database server is going down"), KeyboardInterrupt()], ids=type)
def test_a_commit_that_nobody_heard_of_keeps_its_bytes(archive: Archive, person: Person, fault: BaseException) -> None:
    """The connection is cut, or Ctrl-C pressed, between the commit and its answer: a row may name the bytes."""
    clerk = person(archive, "clerk-dinkes")
    assert clerk.office_id is not None

    class Cut(Session):
        def commit(self) -> None:
            super().commit()
            raise fault

    whole = archive.database._writers
    archive.database._writers = sessionmaker(class_=Cut, **whole.kw)
    with pytest.raises(type(fault)):
        accept(clerk, archive, IncomingFile("surat.pdf", io.BytesIO(pdf("Surat"))), Placement(clerk.office_id))
    archive.database._writers = whole
    assert (records(archive), blobs(archive)) == (1, 1)
    settle(archive)
    assert verify_all(console_actor("tests"), archive).ok


DOCUMENT = (
    b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"
)


def swollen() -> bytes:
    """A letter of one paragraph of 80 MB, within every limit of size and ratio; to be read it must be held whole."""
    return word_document_of(DOCUMENT % b"".join(os.urandom(10_000).hex().encode() * 40 for _block in range(100)))


def test_a_file_that_wants_more_memory_than_its_share_is_set_aside(
    embedded: Archive, shared_parsers: Archive, capture: Capture
) -> None:
    """The reader is the real one, its share a small one: the file goes, machine and service stay."""
    small = Sandbox(Limits(memory_bytes=128 * MEBIBYTE))
    try:
        reader = Reader(shared_parsers.reader._identifying, small, embedded.settings.text)
        archive = dataclasses.replace(embedded, reader=reader)
        before = capture(archive, word_document_of(DOCUMENT % b"Surat yang muat"), name="kecil.docx")
        accepted = capture(archive, swollen(), name="surat.docx")
    finally:
        small.close()
    assert state_of(embedded, before) == ("declared", None)
    assert state_of(embedded, accepted) == ("quarantined", "memory_limit")
    assert state_of(embedded, capture(embedded, pdf("Surat sesudahnya"))) == ("declared", None)


@pytest.mark.parametrize(
    ("memory", "processes", "told"),
    [
        (4096, 2, None),
        (3072, 2, "memory for 1 recognitions at once, and 2 workers"),
        (2048, 2, "memory for 1 of 2 workers"),
        (2**30, 1, "MiB in all"),
    ],
    ids=["enough", "recognition waits", "fewer workers", "more than the machine has"],
)
def test_what_becomes_of_the_memory_is_told(embedded: Archive, memory: int, processes: int, told: str | None) -> None:
    worker = embedded.settings.worker.model_copy(update={"memory_bytes": memory * MEBIBYTE, "processes": processes})
    archive = dataclasses.replace(embedded, settings=embedded.settings.model_copy(update={"worker": worker}))
    found = list(memory_findings(archive))
    assert found[0].level == "info"
    assert f"capture may use {memory} MiB" in found[0].what
    warned = [one for one in found[1:] if told is None or told in one.what]
    assert len(warned) == (0 if told is None else 1), found
    assert all(one.level == "warning" and "memory_bytes" in one.mend for one in warned)
