"""A scanner's folder: what is settled comes in once and is moved away, what is not is left alone; none is deleted."""

import dataclasses
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf, settings_in
from console import Console
from sqlalchemy import func, select

from edms.access.actors import Actor, console_actor, intake_actor
from edms.access.levels import Level
from edms.access.policy import Action, decide, view_scope
from edms.access.scope import RecordFacts, Stage
from edms.audit.model import AuditLeaf
from edms.capture import folder_files
from edms.capture.folders import FolderLine, FolderRound, watch_due, watch_once
from edms.capture.intake_model import Arrival, Sighting
from edms.capture.sources import round_at
from edms.capture.sources_status import folder_status
from edms.capture.ways_in import examine_ways_in
from edms.core.clock import FixedClock
from edms.core.errors import NotSignedIn, Refused, StorageFault
from edms.core.settings import Settings
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import office_by_code

CONSOLE = console_actor("tests")
OWNER = "tests/0"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "pemindai"
    folder.mkdir()
    return folder


def watched(archive: Archive, drop: Path, **more: Any) -> Archive:
    """The archive with one watched folder; files are settled once they were seen unless told otherwise."""
    entry = {"name": "pemindai", "path": str(drop), "office": "dinkes", "settle_seconds": 0, **more}
    capture = Settings.model_validate({"capture": {"folders": [entry]}}).rooted_at(drop.parent).capture
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"capture": capture}))


def once(archive: Archive) -> FolderRound:
    (found,) = watch_once(CONSOLE, archive, OWNER)
    return found


def later(archive: Archive, seconds: int) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(seconds=seconds))


def records(archive: Archive) -> list[Record]:
    with archive.database.reader() as session:
        return list(session.scalars(select(Record).order_by(Record.id)))


def states(lines: list[FolderLine]) -> dict[str, str]:
    return {line.path: line.state for line in lines}


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_what_lies_there_is_captured_and_moved_to_done(archive: Archive, drop: Path) -> None:
    """On both databases."""
    archive = watched(archive, drop, level="open", **{"class": "000.1.5"})
    (drop / "masuk").mkdir()
    content = pdf("Undangan rapat")
    (drop / "masuk" / "surat.pdf").write_bytes(content)
    found = once(archive)
    assert states(found.lines) == {"masuk/surat.pdf": "captured"}
    assert below(drop) == ["done/masuk/surat.pdf"]
    assert (drop / "done" / "masuk" / "surat.pdf").read_bytes() == content
    (record,) = records(archive)
    assert (record.file_name, record.class_code, record.level) == ("surat.pdf", "000.1.5", "open")
    assert record.office_id == office_by_code(archive, "dinkes")
    assert record.received_by == "folder:pemindai"
    with archive.database.reader() as session:
        leaf = session.scalars(select(AuditLeaf).order_by(AuditLeaf.index.desc())).first()
        assert leaf is not None
        assert (leaf.action, leaf.actor_id) == ("record:capture", "system:folder:pemindai")
        assert session.scalar(select(func.count()).select_from(Arrival)) == 1
    assert once(archive).lines == []


def test_the_same_content_that_comes_again_later_is_a_duplicate(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    original = drop / "surat.pdf"
    for _time in range(3):
        original.write_bytes(b"%PDF-1.7 sama")
        os.utime(original, (1_700_000_000, 1_700_000_000))
        once(archive)
    assert len(records(archive)) == 1
    assert below(drop) == ["done/surat (2).pdf", "done/surat (3).pdf", "done/surat.pdf"]
    (drop / "lain.pdf").write_bytes(b"%PDF-1.7 sama")
    assert states(once(archive).lines) == {"lain.pdf": "duplicate"}
    (found,) = folder_status(CONSOLE, archive)
    assert (found.captured, found.duplicate, found.waiting, found.problem) == (1, 1, 0, "")


def test_a_file_is_left_alone_until_it_has_looked_the_same_for_long_enough(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop, settle_seconds=30, interval_seconds=1)
    file = drop / "surat.pdf"

    def look_after(seconds: int) -> int:
        later(archive, seconds)
        watch_due(archive, OWNER)
        return len(records(archive))

    file.write_bytes(b"%PDF-1.7 erst")
    assert look_after(0) == 0
    assert look_after(20) == 0
    with file.open("ab") as growing:
        growing.write(b" mehr")
    assert look_after(20) == 0, "it has grown meanwhile"
    assert look_after(29) == 0
    assert look_after(2) == 1
    with archive.database.reader() as session:
        look_after(2)
        assert session.scalar(select(func.count()).select_from(Sighting)) == 0


def test_a_file_that_somebody_has_open_for_writing_is_left_alone(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    with (drop / "surat.pdf").open("wb") as writing:
        writing.write(b"%PDF-1.7 halb")
        writing.flush()
        found = once(archive)
        assert (found.lines, found.waiting) == ([], 1)
    assert states(once(archive).lines) == {"surat.pdf": "captured"}


def test_names_of_unfinished_files_are_passed_over(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    names = ["a.pdf.part", "~$surat.docx", "surat.docx~", ".hidden", "B.TMP", "thumbs.DB", "c.crdownload"]
    for name in names:
        (drop / name).write_bytes(b"x")
    (drop / ".stfolder").mkdir()
    (drop / ".stfolder" / "x.pdf").write_bytes(b"x")
    assert once(archive).lines == []
    assert len(below(drop)) == len(names) + 1


def test_a_file_that_changes_while_it_is_read_is_not_captured(
    embedded: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place, and by another file under its name: what was read first is kept by nobody, and nothing is lost."""
    archive = watched(embedded, drop)
    file = drop / "surat.pdf"
    file.write_bytes(b"%PDF-1.7 lama")
    reading = folder_files.SteadyFile.read

    def meanwhile(steady: folder_files.SteadyFile, size: int = -1) -> bytes:
        part = reading(steady, 4)
        file.write_bytes(b"%PDF-1.7 baru dan lebih panjang")
        return part

    monkeypatch.setattr(folder_files.SteadyFile, "read", meanwhile)
    found = once(archive)
    assert [line.state for line in found.lines] == []
    assert (records(archive), found.waiting, below(drop)) == ([], 1, ["surat.pdf"])
    monkeypatch.undo()
    assert states(once(archive).lines) == {"surat.pdf": "captured"}


def test_a_newer_file_under_the_name_of_a_captured_one_stays(
    embedded: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = watched(embedded, drop)
    file = drop / "surat.pdf"
    file.write_bytes(b"%PDF-1.7 lama")
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        monkeypatch.undo()
        (drop / "baru").write_bytes(b"%PDF-1.7 baru")
        rename(drop / "baru", file)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    once(archive)
    assert file.read_bytes() == b"%PDF-1.7 baru"
    once(archive)
    assert len(records(archive)) == 2
    assert (drop / "done" / "surat.pdf").read_bytes() == b"%PDF-1.7 baru"


def test_what_is_no_file_goes_to_failed_with_its_reason(embedded: Archive, drop: Path, tmp_path: Path) -> None:
    archive = watched(embedded, drop)
    (tmp_path / "rahasia").write_text("di luar")
    (drop / "link.pdf").symlink_to(tmp_path / "rahasia")
    (drop / "folder").symlink_to(tmp_path)
    os.mkfifo(drop / "pipa")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(drop / "soket"))
        found = once(archive)
    assert states(found.lines) == dict.fromkeys(["folder", "link.pdf", "pipa", "soket"], "refused")
    assert records(archive) == []
    assert (drop / "failed" / "link.pdf").is_symlink()
    assert "symbolic link" in (drop / "failed" / "link.pdf.reason").read_text("utf-8")
    assert (tmp_path / "rahasia").read_text() == "di luar"
    assert once(archive).lines == []


def test_a_file_over_the_limit_goes_to_failed_and_the_others_come_in(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    limited = archive.settings.capture.model_copy(update={"max_file_bytes": 10})
    archive = dataclasses.replace(archive, settings=archive.settings.model_copy(update={"capture": limited}))
    (drop / "besar.pdf").write_bytes(b"x" * 11)
    (drop / "kecil.pdf").write_bytes(b"x" * 10)
    assert states(once(archive).lines) == {"besar.pdf": "refused", "kecil.pdf": "captured"}
    reason = (drop / "failed" / "besar.pdf.reason").read_text("utf-8")
    assert "limit of 10 bytes" in reason
    assert below(drop) == ["done/kecil.pdf", "failed/besar.pdf", "failed/besar.pdf.reason"]


def test_names_in_any_encoding_and_length(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    names = [b"surat\xff.pdf", b"a" * 255, "Surat é‮txt.exe".encode(), "📄.pdf".encode(), b"sp ace\n.pdf"]
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(drop) + b"/" + name)).write_bytes(b"isi %d" % number)
    found = once(archive)
    assert [line.state for line in found.lines] == ["captured"] * len(names), found
    assert len(below(drop / "done")) == len(names)


def test_rules_say_where_what_is_in_sub_folders_goes(embedded: Archive, drop: Path) -> None:
    rules = [
        {"below": "bappeda/*/rahasia", "office": "bappeda", "level": "secret"},
        {"below": "bappeda", "office": "bappeda", "class": "000.1.5"},
    ]
    archive = watched(embedded, drop, rules=rules, level="open")
    for path in ("bappeda/2024/rahasia/dalam/a.pdf", "bappeda/b.pdf", "lain/c.pdf"):
        (drop / path).parent.mkdir(parents=True, exist_ok=True)
        (drop / path).write_bytes(path.encode())
    once(archive)
    offices = {office_by_code(archive, code): code for code in ("dinkes", "bappeda")}
    found = {one.file_name: (offices[one.office_id], one.class_code, one.level) for one in records(archive)}
    assert found == {
        "a.pdf": ("bappeda", None, "secret"), "b.pdf": ("bappeda", "000.1.5", "open"),
        "c.pdf": ("dinkes", None, "open"),
    }  # fmt: skip


@pytest.mark.parametrize("more", [{"office": "antah"}, {"class": "999.9"}], ids=["office", "class"])
def test_a_folder_set_up_wrongly_takes_nothing_and_says_why(
    embedded: Archive, drop: Path, more: dict[str, str]
) -> None:
    archive = watched(embedded, drop, **more)
    (drop / "a.pdf").write_bytes(b"x")
    found = once(archive)
    assert next(iter(more.values())) in found.problem
    assert (below(drop), records(archive)) == (["a.pdf"], [])
    assert folder_status(CONSOLE, archive)[0].problem == found.problem


def test_a_folder_that_is_not_mounted_is_told_and_nothing_is_taken_as_deleted(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    (drop / "a.pdf").write_bytes(b"x")
    once(archive)
    away = drop.with_name("away")
    drop.rename(away)
    assert "mounted" in once(archive).problem
    assert any("watched folder pemindai" in finding.what for finding in examine_ways_in(CONSOLE, archive))
    assert not drop.exists(), "no done folder is made where the mount is not"
    assert len(records(archive)) == 1
    away.rename(drop)
    assert once(archive).problem == ""


def test_a_full_disk_leaves_every_file_where_it_is(
    embedded: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = watched(embedded, drop)
    (drop / "a.pdf").write_bytes(b"x")

    def full(*_arguments: object, **_told: object) -> None:
        raise StorageFault("the disk is full")

    monkeypatch.setattr(type(archive.vault), "put", full)
    assert once(archive).problem == "the disk is full"
    assert below(drop) == ["a.pdf"]


def test_done_on_another_file_system(embedded: Archive, drop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    places = [Path(place) for place in ("/dev/shm", "/var/tmp", "/tmp") if Path(place).is_dir()]
    others = [place for place in places if place.stat().st_dev != drop.stat().st_dev]
    if not others:
        pytest.skip("THERE IS NO SECOND FILE SYSTEM HERE")
    done = others[0] / f"edms-{os.getpid()}-{tmp_path_factory.getbasetemp().name}"
    try:
        archive = watched(embedded, drop, done=str(done))
        (drop / "a.pdf").write_bytes(b"isi" * 1000)
        os.utime(drop / "a.pdf", (1_700_000_000, 1_700_000_000))
        assert states(once(archive).lines) == {"a.pdf": "captured"}
        assert below(drop) == []
        assert (done / "a.pdf").read_bytes() == b"isi" * 1000
        assert (done / "a.pdf").stat().st_mtime == 1_700_000_000
    finally:
        for path in [*done.glob("*")]:
            path.unlink()
        if done.exists():
            done.rmdir()


def test_a_done_folder_that_cannot_be_made_is_a_problem_and_the_file_is_captured_once(
    embedded: Archive, drop: Path
) -> None:
    archive = watched(embedded, drop)
    (drop / "done").write_text("in the way")
    (drop / "a.pdf").write_bytes(b"x")
    for _round in range(2):
        found = once(archive)
        assert states(found.lines) == {"a.pdf": "left"}
        assert "done" in found.problem
    (drop / "done").unlink()
    assert states(once(archive).lines) == {"a.pdf": "captured"}, "it was captured, not a duplicate"
    assert len(records(archive)) == 1


def test_two_workers_do_not_look_at_one_folder_at_once(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop, interval_seconds=10)
    (drop / "a.pdf").write_bytes(b"x")
    with round_at(archive, "folder:pemindai", "elsewhere/0", 10) as held:
        assert held is not None
        assert not watch_due(archive, OWNER)
        (found,) = watch_once(CONSOLE, archive, OWNER)
        assert (found.looked, found.lines) == (False, [])
    assert not watch_due(archive, OWNER), "it is not due yet"
    later(archive, 11)
    assert watch_due(archive, OWNER)


def test_the_lease_of_a_dead_worker_runs_out_and_that_of_this_place_at_once(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    held = round_at(archive, "folder:pemindai", "elsewhere/0", 10)
    assert held.__enter__() is not None  # and is then killed: never left
    with round_at(archive, "folder:pemindai", "elsewhere/0", 10) as again:
        assert again is not None
    stays = round_at(archive, "folder:pemindai", "elsewhere/0", 10, now=True)
    assert stays.__enter__() is not None
    assert not once(archive).looked
    later(archive, archive.settings.worker.lease_seconds + 1)
    assert once(archive).looked


def test_a_tree_of_many_files_and_deep_folders_is_bounded(
    embedded: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_files, "MOST_LOOKED_AT", 5)
    archive = watched(embedded, drop)
    deep = drop.joinpath(*["d"] * (folder_files.MOST_DEPTH + 3))
    deep.mkdir(parents=True)
    (deep / "unten.pdf").write_bytes(b"x")
    for number in range(8):
        (drop / f"{number}.pdf").write_bytes(b"%d" % number)
    assert len(once(archive).lines) == 5
    assert len(once(archive).lines) == 3


def test_the_intake_may_capture_for_its_offices_and_nothing_else(embedded: Archive) -> None:
    dinkes, bappeda = office_by_code(embedded, "dinkes"), office_by_code(embedded, "bappeda")
    actor: Actor = intake_actor("folder:x", frozenset({dinkes}), Level.RESTRICTED)
    allowed = {
        (action, office, level)
        for action in Action
        for office in (dinkes, bappeda)
        for level in (None, *Level)
        if decide(actor, action, RecordFacts(office, level, Stage.PENDING)).allowed and action.startswith("record:")
    }
    assert {entry for entry in allowed if entry[0] is not Action.RECORD_PROCESS} == {
        (Action.RECORD_CAPTURE, dinkes, level) for level in (None, Level.OPEN, Level.RESTRICTED)
    }
    assert view_scope(actor).covers(RecordFacts(dinkes, Level.OPEN, Stage.DECLARED)) is None


def test_who_may_look(embedded: Archive, drop: Path, person: Callable[[Archive, str], Actor]) -> None:
    archive = watched(embedded, drop)
    for use_case in (lambda actor: watch_once(actor, archive, OWNER), lambda actor: folder_status(actor, archive)):
        with pytest.raises(NotPermitted):
            use_case(person(archive, "clerk-dinkes"))
        with pytest.raises(NotSignedIn):
            use_case(None)
    with pytest.raises(Refused, match="no watched folder 'lain'"):
        watch_once(CONSOLE, archive, OWNER, ["lain"])


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"name": "A b"}, "name"), ({"done": "."}, "folder of its own"), ({"failed": "../x"}, "folder of its own"),
        ({"rules": [{"below": "../x"}]}, "below the watched folder"), ({"level": "geheim"}, "level"),
        ({"oops": 1}, "oops"),
    ],
    ids=["name", "done", "failed", "rule", "level", "unknown"],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(entry: dict[str, Any], why: str) -> None:
    told = {"name": "a", "path": "x", "office": "dinkes", **entry}
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({"capture": {"folders": [told]}})
    with pytest.raises(ValueError, match="two of the folders are named a"):
        Settings.model_validate({"capture": {"folders": [{"name": "a", "path": "x", "office": "o"}] * 2}})


def test_settings_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    assert settings_in(tmp_path).capture.folders == ()


def test_at_the_console(console: Console, drop: Path) -> None:
    entry = f'[[capture.folders]]\nname = "pemindai"\npath = "{drop.name}"\noffice = "dinkes"\nsettle_seconds = 0.1\n'
    console.config.write_text(entry, "utf-8")
    (drop / "a.pdf").write_bytes(b"%PDF-1.7 a")
    (drop / "b.pdf").symlink_to("a.pdf")
    done = console("watch", "once", "--json")
    assert done.status == 1, "a file was refused"
    *lines, total = done.lines
    assert [(line["path"], line["state"]) for line in lines] == [("a.pdf", "captured"), ("b.pdf", "refused")]
    assert total == {
        "captured": 1, "duplicate": 0, "refused": 1, "left": 0, "waiting": 0, "busy": [], "problems": [],
    }  # fmt: skip
    assert "captured 0" in console("watch", "once").out
    status = console("watch", "status", "--json")
    assert status.status == 0
    (folder,) = status.json["folders"]
    assert (folder["name"], folder["captured"], folder["problem"]) == ("pemindai", 1, "")
    drop.rename(drop.with_name("weg"))
    assert console("watch", "status").status == 1
    assert "mounted" in console("watch", "once").out
    console("watch", "once", "lain").refused(2, "lain", "pemindai")
