"""A disk that is full or read-only, for real: refused in words, nothing half, and on again by itself when well."""

import contextlib
import csv
import dataclasses
import io
import json
import shutil
import smtplib
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import MOMENT, OWNER, pdf, settings_in, settle
from console import Console
from small_disk import MEBIBYTE, SmallDisk
from sqlalchemy import func, select
from web_site import PASSWORD, Visitor

from edms.access.actors import Actor, console_actor
from edms.access.model import Person
from edms.access.passwords import hash_password
from edms.access.policy import Action
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted
from edms.capture.folders import watch_once
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.smtp import listening
from edms.capture.work import work_once
from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.core.settings import Settings
from edms.operation.model import OutboxEntry
from edms.reconcile.doctor import examine
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.checkpoints import tend_checkpoints
from edms.records.model import Record
from edms.records.reindexing import INDEX_TOPIC
from edms.records.searching import Question, search
from edms.web.app import create_app

pytestmark = pytest.mark.slow

Capture = Callable[..., Accepted]
PersonNamed = Callable[[Archive, str], Actor]
CONSOLE = console_actor("tests")
LARGE = pdf("Laporan") + b"\n%" + bytes(range(128, 256)) * 16384  # two mebibytes behind the end, which PDF allows


class Trouble:
    """A disk in trouble on demand: full to the last block, or mounted read-only."""

    def __init__(self, kind: str, disk: SmallDisk, archive: Archive) -> None:
        self.kind, self.disk, self.archive = kind, disk, archive

    def begin(self) -> None:
        if self.kind == "full":
            self.disk.fill()
        else:
            self.disk.read_only()

    def end(self) -> None:
        if self.kind == "full":
            self.disk.clear()
        else:
            self.disk.read_only(False)


@pytest.fixture(params=["full", "read-only"])
def trouble(
    request: pytest.FixtureRequest, demo_template: Path, tmp_path: Path, shared_parsers: Archive
) -> Iterator[Trouble]:
    """An archive on a small disk that fills up; or its blobs on one that becomes read-only under the running service.

    A file system is not mounted read-only while the database on it is open: that case is a test of its own below.
    """
    home = tmp_path / "home"
    shutil.copytree(demo_template / "storage", home / "storage")
    moved = home / "storage" if request.param == "full" else home / "storage" / "blobs"
    shutil.rmtree(moved) if request.param != "full" else shutil.move(moved, tmp_path / "moved")
    disk = SmallDisk(moved, 24 * MEBIBYTE)
    if request.param == "full":
        shutil.copytree(tmp_path / "moved", moved, dirs_exist_ok=True)
    opened = open_archive(settings_in(home), FixedClock(MOMENT))
    capture = opened.settings.capture.model_copy(update={"disk_reserve_bytes": 0})
    archive = dataclasses.replace(
        opened,
        settings=opened.settings.model_copy(update={"capture": capture}),
        sandbox=shared_parsers.sandbox,
        reader=shared_parsers.reader,
        ocr=shared_parsers.ocr,
    )
    yield Trouble(request.param, disk, archive)
    archive.database.close()
    disk.end()


def later(archive: Archive, **time: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(**(time or {"hours": 1})))


def counted(archive: Archive) -> tuple[int, int]:
    """How many records there are, and how many files in the vault, half ones too."""
    with archive.database.reader() as session:
        records = session.scalar(select(func.count()).select_from(Record)) or 0
    return records, sum(path.is_file() for path in (archive.settings.storage.path / "blobs").rglob("*"))


def states(archive: Archive) -> list[str]:
    with archive.database.reader() as session:
        return sorted(session.scalars(select(Record.state)))


def configured(archive: Archive, folder: Path, kind: str, entry: dict[str, Any]) -> Archive:
    capture = Settings.model_validate({"capture": {kind: [entry]}}).rooted_at(folder).capture
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"capture": capture}))


def sound(archive: Archive) -> None:
    report = verify_all(CONSOLE, archive)
    assert report.ok, report.faults


@pytest.fixture
def visitor(trouble: Trouble) -> Visitor:
    with trouble.archive.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        for one in operation.session.scalars(select(Person)):
            one.password_hash = hash_password(PASSWORD, 12)
    found = Visitor(create_app(trouble.archive))
    found.sign_in("clerk-dinkes")
    return found


def test_an_upload_is_refused_and_the_next_one_taken(trouble: Trouble, visitor: Visitor, capture: Capture) -> None:
    archive = trouble.archive
    kept = capture(archive, pdf("Surat yang sudah diterima"))
    before = counted(archive)
    trouble.begin()
    answer = visitor.send("/capture/files?class=000.1.5&level=open", LARGE)
    assert answer.status_code == 507
    assert answer.json is not None
    assert "tidak dapat menyimpan" in answer.json["error"]
    assert counted(archive) == before
    trouble.end()
    taken = visitor.send("/capture/files?class=000.1.5&level=open", LARGE)
    assert taken.status_code == 202
    settle(archive)
    assert visitor.get(f"/records/{kept.record_id}").status_code == 200
    assert states(archive) == ["declared", "declared"]
    sound(archive)


def test_a_form_of_several_tells_which_came_in(trouble: Trouble, visitor: Visitor) -> None:
    token, archive = visitor.token(), trouble.archive
    if trouble.kind == "full":
        trouble.disk.fill(leaving=MEBIBYTE)  # room for the small one, not for the large one
    else:
        trouble.begin()
    files = [(io.BytesIO(pdf("Kecil")), "kecil.pdf"), (io.BytesIO(LARGE), "besar.pdf")]
    answer = visitor.client.post("/capture/files", data={"csrf_token": token, "files": files})
    trouble.end()
    assert answer.status_code == 507
    assert "besar.pdf" in answer.text
    assert "tidak dapat menyimpan" in answer.text
    assert counted(archive)[0] == (1 if trouble.kind == "full" else 0), "the small one was taken in, and is told"
    sound(archive)


def test_an_upload_in_pieces_goes_on_where_it_was(trouble: Trouble, visitor: Visitor) -> None:
    """The staged pieces lie beside the blobs: on a full disk a piece is refused with 507 and the offset stays true."""
    headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": visitor.token()}
    told = {"Upload-Length": str(len(LARGE)), "Upload-Metadata": "filename c3VyYXQucGRm"}
    made = visitor.client.post("/uploads/", headers={**headers, **told})
    assert made.status_code == 201, made.text
    where = made.headers["Location"]
    half = len(LARGE) // 2

    def piece(at: int, content: bytes) -> Any:
        more = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        return visitor.client.patch(where, data=content, headers={**headers, **more})

    assert piece(0, LARGE[:half]).status_code == 204
    trouble.begin()
    refused = piece(half, LARGE[half:])
    assert refused.status_code == 507, refused.text
    trouble.end()
    at = int(visitor.client.head(where, headers=headers).headers["Upload-Offset"])
    assert half <= at <= len(LARGE)
    assert piece(at, LARGE[at:]).status_code in (200, 204)
    settle(trouble.archive)
    assert states(trouble.archive) == ["pending"], "it waits for its class"
    sound(trouble.archive)


def test_steps_and_the_index_wait_and_go_on_by_themselves(
    trouble: Trouble, capture: Capture, person: PersonNamed
) -> None:
    archive = trouble.archive
    waiting = [capture(archive, pdf(f"Surat penuh {number}"), name=f"{number}.pdf", work=False) for number in range(3)]
    trouble.begin()
    for _hour in range(12):  # far more often than a step may be tried
        for work in (lambda: work_once(archive, OWNER), lambda: bring_index_up_to_date(archive, more_is_coming=False),
                     lambda: tend_checkpoints(archive)):  # fmt: skip
            with contextlib.suppress(StorageFault):
                work()
        later(archive)
    assert states(archive) == ["pending"] * 3, "no file is set aside for what is not its fault"
    trouble.end()
    later(archive)
    settle(archive)
    tend_checkpoints(archive)
    assert states(archive) == ["declared"] * 3
    found = search(person(archive, "clerk-dinkes"), archive, Question("penuh"))
    assert {hit.record.id for hit in found.found} == {one.record_id for one in waiting}
    sound(archive)


@pytest.mark.parametrize("trouble", ["full"], indirect=True)
def test_the_index_alone_and_a_checkpoint_alone(trouble: Trouble, capture: Capture, person: PersonNamed) -> None:
    """What is declared is declared, whatever becomes of the index (invariant 6)."""
    archive = trouble.archive
    work_from = capture(archive, pdf("Surat sebelum penuh"), work=False)
    while work_once(archive, OWNER):
        pass
    assert states(archive) == ["declared"]
    trouble.begin()
    with pytest.raises(StorageFault, match=r"full|No space"):
        while bring_index_up_to_date(archive, more_is_coming=False):
            pass
    with pytest.raises(StorageFault, match="full"):
        tend_checkpoints(archive)
    trouble.end()
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass
    assert tend_checkpoints(archive)
    with archive.database.reader() as session:
        assert (
            session.scalar(select(func.count()).select_from(OutboxEntry).where(OutboxEntry.topic == INDEX_TOPIC)) == 0
        )
    found = search(person(archive, "clerk-dinkes"), archive, Question("sebelum"))
    assert [hit.record.id for hit in found.found] == [work_from.record_id]
    sound(archive)


def test_mail_stays_with_its_sender(trouble: Trouble, tmp_path: Path) -> None:
    told = {"name": "surat", "port": 0, "routes": [{"recipient": "*", "office": "dinkes"}]}
    archive = configured(trouble.archive, tmp_path, "listeners", told)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@b.example", "arsip@c.example", "Pindai", "<1@b>"
    mail.set_content("Terlampir.")
    mail.add_attachment(LARGE, maintype="application", subtype="pdf", filename="pindai.pdf")
    content = mail.as_bytes(policy=SMTP)

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.sendmail("a@b.example", "arsip@c.example", content)

    with listening(archive, archive.settings.capture.listeners[0]) as port:
        trouble.begin()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send(port)
        assert refused.value.smtp_code == 451
        assert counted(archive) == (0, 0) if trouble.kind == "full" else counted(archive)[0] == 0
        trouble.end()
        for _again in range(2):  # a sender that missed our answer sends again
            send(port)
    assert counted(archive)[0] == 1
    settle(archive)
    sound(archive)


def test_a_watched_file_stays_where_it_is(trouble: Trouble, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "pindai.pdf").write_bytes(LARGE)
    told = {"name": "pemindai", "path": "drop", "office": "dinkes", "settle_seconds": 0}
    archive = configured(trouble.archive, tmp_path, "folders", told)
    trouble.begin()
    with contextlib.suppress(StorageFault):
        (found,) = watch_once(CONSOLE, archive, OWNER)
        assert "space" in found.problem or "full" in found.problem or "Read-only" in found.problem
    assert (drop / "pindai.pdf").exists()
    assert counted(archive)[0] == 0
    trouble.end()
    later(archive)
    (found,) = watch_once(CONSOLE, archive, OWNER)
    assert (found.problem, [line.state for line in found.lines]) == ("", ["captured"])
    assert (drop / "done" / "pindai.pdf").exists()
    settle(archive)
    sound(archive)


@pytest.mark.parametrize("trouble", ["full"], indirect=True)
def test_an_import_stops_and_the_same_command_ends_it(trouble: Trouble, tmp_path: Path) -> None:
    trouble.archive.database.close()
    console = Console(tmp_path / "home")
    folder, report = tmp_path / "lama", tmp_path / "laporan.json"
    folder.mkdir()
    with (tmp_path / "daftar.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Berkas", "Kode", "Sifat"])
        for number in range(6):
            content = pdf(f"Surat lama {number}") + b"\n%" + bytes([128 + number]) * MEBIBYTE
            (folder / f"{number}.pdf").write_bytes(content)
            rows.writerow([f"{number}.pdf", "000.1.5", "open"])
    (tmp_path / "peta.toml").write_text('[columns]\nfile = "Berkas"\nclass = "Kode"\nlevel = "Sifat"\n')
    command = ["import", folder, "--manifest", tmp_path / "daftar.csv", "--mapping", tmp_path / "peta.toml",
               "--as", "clerk-dinkes", "--json"]  # fmt: skip
    trouble.disk.fill(leaving=3 * MEBIBYTE)
    console.process(*command).refused(1, "space")
    trouble.end()
    done = console.process(*command, "--wait", "--report", report)
    assert done.status == 0, done
    total = done.lines[-1]
    assert (total["given"], total["captured"], total["duplicate"], total["quarantined"]) == (6, 6, 0, 0)
    assert json.loads(report.read_bytes())["captured"] == 6
    ended = console.process("verify", "--all", "--json")
    assert ended.json["ok"], ended.json["faults"]


@pytest.mark.parametrize("trouble", ["full"], indirect=True)
def test_an_ingest_says_what_it_could_not_store(trouble: Trouble, tmp_path: Path) -> None:
    trouble.archive.database.close()
    console = Console(tmp_path / "home")
    (tmp_path / "besar.pdf").write_bytes(LARGE)
    trouble.begin()
    refused = console.process("ingest", tmp_path / "besar.pdf", "--as", "clerk-dinkes")
    assert refused.status == 1, refused
    assert refused.err.count("\n") <= 1, refused
    assert any(word in refused.err + refused.out for word in ("space", "full", "Read-only", "may not be written"))
    trouble.end()
    taken = console.process("ingest", tmp_path / "besar.pdf", "--as", "clerk-dinkes", "--json")
    assert (taken.status, taken.lines[-1]["captured"]) == (0, 1), taken


@pytest.mark.parametrize("left", ["as it was closed", "as it was killed"])
def test_a_whole_storage_that_is_read_only_is_said_by_every_command(
    small_disk: SmallDisk, demo_template: Path, tmp_path: Path, left: str
) -> None:
    """Closed, the database has no files beside it and cannot be opened here at all; else it can be read."""
    storage = small_disk.path / "storage"
    shutil.copytree(demo_template / "storage", storage)
    console = Console(tmp_path)
    console.config.write_text(f'[storage]\npath = "{storage}"\n')
    (tmp_path / "surat.txt").write_text("Surat")
    if left == "as it was closed":
        assert console.process("person", "list").status == 0
        assert not list(storage.glob("archive.db-*"))
    else:
        (storage / "archive.db-wal").touch()
        (storage / "archive.db-shm").touch()
    small_disk.read_only()
    for command in (("ingest", tmp_path / "surat.txt", "--as", "clerk-dinkes"), ("doctor",), ("verify", "--all")):
        done = console.process(*command)
        assert done.status == 1, done
        told = done.out + done.err
        assert "read-only" in told or f"the storage {storage} cannot be written" in told, done
        assert done.err.count("\n") <= 1, done
    small_disk.read_only(False)
    assert console.process("ingest", tmp_path / "surat.txt", "--as", "clerk-dinkes").status == 0


def test_doctor_says_it_before(trouble: Trouble) -> None:
    def told(archive: Archive) -> list[tuple[str, str]]:
        return [
            (one.level, one.what)
            for one in examine(CONSOLE, archive)
            if "disk" in one.what or "cannot be written" in one.what
        ]

    storage = trouble.archive.settings.storage.model_copy(update={"little_space_bytes": MEBIBYTE})
    settings = trouble.archive.settings.model_copy(update={"storage": storage})
    archive = dataclasses.replace(trouble.archive, settings=settings)
    assert told(archive) == []
    trouble.disk.fill(leaving=MEBIBYTE // 2)
    ((level, what),) = told(archive)
    assert level == "error"
    assert "only 0 MiB are free" in what
    if trouble.kind != "full":
        trouble.begin()
        assert any("cannot be written" in one for _level, one in told(archive))
        trouble.end()
