"""A sound archive with a row or file of every kind, made once for each database, cloned for whoever changes something.

Changes are those of one who has the files, or the database, in his hands: constraints and the door do not hold him up.
"""

import dataclasses
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pyotp
from archive_fixtures import MOMENT, pdf, settings_in, settle, take_in
from postgresql_server import made_like, new_database
from signing_people import ADDRESS, ask, give, with_pilot
from sqlalchemy import text
from werkzeug.serving import make_server

from edms.access.actors import Role, console_actor, system_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.policy import Action
from edms.access.scope import GrantMode
from edms.access.token_scopes import TokenScope
from edms.audit.witness_client import Witness
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.core.settings import Settings
from edms.operation.one_time_codes import take_code
from edms.records.account_codes import begin_codes, confirm_codes
from edms.records.archive import Archive
from edms.records.checkpoints import tend_checkpoints
from edms.records.contents import download
from edms.records.digitisations import NewScanner, add_scanner
from edms.records.events import record_event
from edms.records.evidence_renewal import renew_evidence
from edms.records.folders import open_folder
from edms.records.grants import Asked, NewGrant, Subject, ask_for_access, give_access
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.keys import rotate
from edms.records.loans import Lending, lend
from edms.records.model import ComponentRole, Record
from edms.records.people import console_person, new_password
from edms.records.positions import Acting, appoint_acting
from edms.records.provider_people import bind
from edms.records.report_explanations import deliver_list
from edms.records.report_lists import ListName
from edms.records.report_mailings import NewMailing, add_mailing
from edms.records.reviews import propose_class_maximum
from edms.records.service_accounts import NewService, add_service
from edms.records.shredding import order_destruction, shred
from edms.records.tokens import NewToken, create_service_token
from edms.records.witnessing import ask_witnesses, own_witness_key, watch
from edms.retention.types import TriggerType
from edms.signing.authority import AuthorityMaterial, renew_authority
from edms.signing.local import DevelopmentTimestamps
from edms.web.app import create_app

CONSOLE = console_actor("tests")
LATER = MOMENT + timedelta(days=365 * 4.5)
DATABASE = "archive_matrix"
_TABLE = re.compile(r"(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)")
_ZEROS = re.compile(r"zeros\((\d+)\)")


@dataclass(frozen=True)
class Case:
    """A change, the kinds of fault that verification names for it, and what it touches: tables, and kinds of files."""

    change: Callable[[Archive], None]
    named: frozenset[str]
    tables: frozenset[str] = frozenset()
    files: str = ""


def sql(*statements: str, named: str = "") -> Case:
    """Statements for both databases; `zeros(N)` stands for N zero bytes. `named`: kinds, a space between them."""

    def change(archive: Archive) -> None:
        lite = archive.database.is_sqlite
        connection = archive.database.engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF" if lite else "SET session_replication_role = replica")
        zeros = r"zeroblob(\1)" if lite else r"decode(repeat('00', \1), 'hex')"
        for statement in statements:
            cursor.execute(_ZEROS.sub(zeros, statement))
            assert cursor.rowcount, statement
        connection.commit()
        connection.invalidate()

    tables = frozenset(name for statement in statements for name in _TABLE.findall(statement))
    return Case(change, frozenset(named.split()), tables)


def in_files(files: str, change: Callable[[Archive], None], named: str) -> Case:
    return Case(change, frozenset(named.split()), files=files)


def in_blob(role: str, change: Callable[[bytes], bytes], named: str) -> Case:
    return in_files("blob", lambda archive: rewrite(blob_of(archive, role), change), named)


def in_index(pattern: str, change: Callable[[bytes], bytes] | None, files: str) -> Case:
    """The first file of the index that is so named is changed, or removed (None)."""

    def apply(archive: Archive) -> None:
        found = stored_files(archive, "index", pattern)
        assert found, pattern
        if change is None:
            found[0].unlink()
        else:
            rewrite(found[0], change)

    return in_files(files, apply, "index-file")


def stored_files(archive: Archive, part: str, pattern: str = "*") -> list[Path]:
    found = (archive.settings.storage.path / part).rglob(pattern)
    return sorted(path for path in found if path.is_file() and path.stat().st_size and "lock" not in path.name.lower())


def blob_of(archive: Archive, role: str) -> Path:
    query = "SELECT b.name FROM blobs b JOIN components c ON c.blob_id = b.id WHERE c.role = :role ORDER BY b.id"
    with archive.database.reader() as session:
        name = session.execute(text(query), {"role": role}).scalars().first()
    return next(path for path in stored_files(archive, "blobs") if path.name == name)


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flip(place: float) -> Callable[[bytes], bytes]:
    """Change one bit at a place from 0.0, the first byte, to 1.0, the last."""

    def change(content: bytes) -> bytes:
        at = min(int(len(content) * place), len(content) - 1)
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return change


def exchange_blobs(archive: Archive) -> None:
    one, two = blob_of(archive, "original"), blob_of(archive, "seal")
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)


def build(folder: Path, template: Path, parsers: Archive, server: str = "") -> Path:
    """Make the sound archive in `folder` from a demo's `template`; on the PostgreSQL `server`, if one is named."""
    shutil.copytree(template / "storage", folder / "storage")
    url = made_like("archive_template", server, DATABASE) if server else ""
    with opened(folder, parsers, url) as archive:
        _fill(archive)
    return folder


@contextmanager
def cloned(built: Path, folder: Path, parsers: Archive, server: str = "") -> Iterator[Archive]:
    """A copy of the sound archive, whose database goes away with it."""
    shutil.copytree(built / "storage", folder / "storage")
    with ExitStack() as stack:
        name = f"case_{folder.name}"[:60]
        url = stack.enter_context(new_database(server, name, DATABASE)) if server else ""
        yield stack.enter_context(opened(folder, parsers, url))


@contextmanager
def opened(folder: Path, parsers: Archive, url: str = "") -> Iterator[Archive]:
    """An archive in which officials sign with pilot certificates and a witness cosigns, years after it was made."""
    archive = open_archive(_settings(folder, url), FixedClock(LATER))
    key = own_witness_key(archive)
    witnessed = dataclasses.replace(archive, witnesses=(Witness("http://127.0.0.1:9/witness", key),))
    yield dataclasses.replace(witnessed, sandbox=parsers.sandbox, reader=parsers.reader, ocr=parsers.ocr)
    archive.database.close()


def _settings(folder: Path, url: str) -> Settings:
    settings = settings_in(folder, url)
    server = settings.server.model_copy(update={"public_url": ADDRESS})
    signing = settings.signing.model_copy(update={"personal": "pilot"})
    return settings.model_copy(update={"server": server, "signing": signing})


def _fill(archive: Archive) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(MOMENT)
    record = take_in(archive, pdf("Surat pertama tentang saluran"), number="005/1/2026").record_id
    take_in(archive, b"Catatan teks biasa", name="catatan.txt", level=Level.RESTRICTED)
    waiting = take_in(archive, pdf("Menunggu klasifikasi"), class_code=None, level=None).record_id
    doomed = take_in(archive, b"Yang dimusnahkan", name="musnah.txt").record_id
    officer = console_person(archive, "records", "tests")
    assert officer.office_id is not None
    download(officer, archive, waiting, ComponentRole.ORIGINAL)
    lend(officer, archive, record, Lending(date(2026, 12, 1), "Lemari 3", "audit", "official-dinkes"))
    case = [AskedScope(ScopeKind.CASE, "12/Pdt.G/2026/PN Smg")]
    place_hold(officer, archive, [record], "Perkara", "Pengadilan", "sengketa", case)
    propose_class_maximum(officer, archive, "900.1", "data gaji", "UU 27/2022", 36)
    open_folder(officer, archive, officer.office_id, "B-1", "Berkas", "000.1.5", Level.OPEN)
    deliver_list(officer, archive, officer.office_id, archive.clock.today())
    to = (("records", "arsip@kota.example"),)
    add_mailing(officer, archive, NewMailing("Jatuh tempo", ListName.PAST_DUE, to))
    clerk = console_person(archive, "clerk-dinkes", "tests")
    assert clerk.office_id is not None
    add_scanner(clerk, archive, NewScanner(clerk.office_id, "Loket 1", "Fujitsu", "fi-7160", "A3EC01234", 600))
    _permit(archive, record)
    record_event(officer, archive, record, TriggerType.CONTRACT_END, date(2026, 1, 2), "BA-7")
    new_password(CONSOLE, archive, "auditor")
    new_password(console_person(archive, "admin", "tests"), archive, "official-bappeda")
    _second_factor(archive)
    _account_at_the_provider(archive)
    _program(archive)
    signers = with_pilot(archive)
    ask(signers, record)
    give(signers, "official-dinkes")
    renew_evidence(CONSOLE, archive)
    _destroy(archive, doomed)
    rotate(CONSOLE, archive)
    archive.clock.set(LATER)
    material = AuthorityMaterial.from_json(archive.keys.secret("authority"))
    renewed = DevelopmentTimestamps(renew_authority(material, "Pemerintah Kota", "ID", archive.clock, 5), archive.clock)
    (tree,) = renew_evidence(CONSOLE, dataclasses.replace(archive, timestamps=renewed)).trees
    assert tree.kind == "timestamps"
    tend_checkpoints(archive)
    _cosign(archive)
    settle(archive)


def _permit(archive: Archive, record: UUID) -> None:
    """Somebody asks for access, is given it, and somebody acts for the head."""
    today = archive.clock.today()
    asking, head = (console_person(archive, name, "tests") for name in ("official-bappeda", "head-dinkes"))
    ask_for_access(asking, archive, Asked("dinkes", "surat", "tugas", GrantMode.VIEW, today))
    waiting = [one.record_id for one in (take_in(archive, pdf(f"Surat {n}")) for n in "ab")]
    give_access(
        head, archive, NewGrant("official-bappeda", Subject((record, *waiting)), "tugas", GrantMode.VIEW, today)
    )
    appoint_acting(head, archive, Acting("official-dinkes", "head-dinkes", "dinkes", today, today, "SK 7"))


def _destroy(archive: Archive, record_id: UUID) -> None:
    officer = console_person(archive, "records", "tests")
    with archive.door.write(officer, Action.RECORD_DESTROY) as operation:
        operation.about("record", record_id)
        blobs = order_destruction(operation, operation.session.get_one(Record, record_id), "BA-1/2026")
    shred(officer, archive, blobs)


def _cosign(archive: Archive) -> None:
    """Have the newest checkpoint cosigned over HTTP. Two archives would prove no more here, at twice the cost."""
    watch(CONSOLE, archive, archive.trail.verifier_key)
    server = make_server("127.0.0.1", 0, create_app(archive), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    witness = Witness(f"http://127.0.0.1:{server.server_port}/witness", own_witness_key(archive))
    try:
        answers = ask_witnesses(dataclasses.replace(archive, witnesses=(witness,)))
        assert [one.problem for one in answers] == [""]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _account_at_the_provider(archive: Archive) -> None:
    """Somebody is bound to an account at a sign-in provider."""
    with archive.door.write(system_actor("sign-in"), Action.SIGN_IN) as operation:
        operation.decide()
        person = operation.session.get(Person, UUID(console_person(archive, "auditor", "tests").id))
        assert person is not None
        bind(operation, archive, person, "s-1", "tests")


def _program(archive: Archive) -> None:
    """A service account with a token."""
    add_service(CONSOLE, archive, NewService("mesin", "Mesin", "dinkes", (Role.CLERK,), Level.OPEN, "official-dinkes"))
    create_service_token(CONSOLE, archive, "mesin", NewToken("pemindai", (TokenScope.CAPTURE,), "dinkes", 365))


def _second_factor(archive: Archive) -> None:
    """An app for codes, and a recovery code that was used."""
    records = console_person(archive, "records", "tests")
    code = pyotp.TOTP(begin_codes(records, archive).secret).at(archive.clock.now())
    recovery, _token = confirm_codes(records, archive, code, "")
    with archive.door.write(system_actor("sign-in"), Action.SIGN_IN) as operation:
        operation.decide()
        assert take_code(archive.door, operation, UUID(records.id), recovery[0]) == "recovery"
