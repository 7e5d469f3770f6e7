"""Every command x role: whoever may not is refused in one line, and a command without a row fails (default deny)."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import click
import pytest
from archive_fixtures import MOMENT, pdf, settings_in, take_in
from command_roles import COMMANDS as OF_RETENTION
from console import Console

from edms.access.actors import Actor, ActorKind, Role, console_actor
from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts
from edms.bootstrap import open_archive
from edms.cli import context
from edms.cli.main import edms
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import NewPerson, add_person, console_person
from edms.records.visible import facts_of

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
WHO = {
    "clerk": "clerk-dinkes", "official": "head-dinkes", "records_officer": "archivist", "auditor": "auditor",
    "administrator": "admin", "guest": "guest",
}  # fmt: skip
"""A person of each role, none of another beside."""
LETTERS = {"c": "clerk", "o": "official", "r": "records_officer", "a": "auditor", "d": "administrator", "g": "guest"}

RUN, TOLD = True, False
"""RUN: the wrong roles really run it. TOLD: held against the policy alone, since what it names is not there."""
Row = tuple[str, Action | None, bool, str]
"""Who may (letters of roles, `C` the console, `*` everybody at the machine: it has no actor), what is decided,
whether it is run, and with which arguments. RECORD stands for a restricted record, FILE and FOLDER for what is
read."""

COMMANDS: dict[str, Row] = {
    **OF_RETENTION,
    "access approve": ("or", Action.ACCESS_GIVE, TOLD, ""),
    "access ask": ("coarg", Action.ACCESS_ASK, RUN, "RECORD --office dinkes --purpose tugas --until 2026-12-01"),
    "access emergency": ("or", Action.ACCESS_EMERGENCY, RUN, "RECORD --reason darurat"),
    "access give": ("or", Action.ACCESS_GIVE, RUN, "auditor --record RECORD --purpose tugas --until 2026-12-01"),
    "access list": ("coarg", Action.ACCESS_ASK, RUN, ""),
    "access refuse": ("or", Action.ACCESS_GIVE, TOLD, ""),
    "access review": ("a", None, RUN, "NOBODY --finding baik"),
    "access revoke": ("or", Action.ACCESS_GIVE, TOLD, ""),
    "access uses": ("or", None, TOLD, ""),
    "access withdraw": ("coarg", Action.ACCESS_ASK, TOLD, ""),
    "alerts acknowledge": ("ra", Action.ALERT_ACKNOWLEDGE, RUN, "NOBODY --note sudah"),
    "alerts list": ("C", Action.ARCHIVE_VERIFY, TOLD, ""),
    "audit asked": ("ra", Action.AUDIT_READ, RUN, "surat"),
    "audit checkpoint": ("Crad", Action.AUDIT_CHECKPOINT, RUN, ""),
    "audit export": ("Crad", Action.ARCHIVE_VERIFY, RUN, "FOLDER/x"),
    "audit key": ("*", None, TOLD, ""),
    "audit log": ("ra", Action.AUDIT_READ, RUN, ""),
    "audit prove": ("ra", Action.AUDIT_READ, RUN, "--index 0"),
    "audit witness ask": ("*", None, TOLD, ""),
    "audit witness key": ("*", None, TOLD, ""),
    "audit witness watch": ("C", None, TOLD, ""),
    "batch confirm": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "batch edit": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "batch list": ("coarg", None, RUN, ""),
    "batch show": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "batch take": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "batch undo": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "copies trace": ("ra", Action.AUDIT_READ, RUN, "RECORD"),
    "digitisation add": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation ask": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation cancel": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation candidates": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation check": ("cor", Action.DIGITISATION_CHECK, TOLD, ""),
    "digitisation close": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation draft": ("cor", Action.DIGITISATION_VIEW, TOLD, ""),
    "digitisation draw-up": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation export": ("cor", Action.DIGITISATION_VIEW, TOLD, ""),
    "digitisation hand-over": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation list": ("cor", None, TOLD, ""),
    "digitisation mark": ("*", None, TOLD, ""),
    "digitisation open": (
        "cr",
        Action.DIGITISATION_WORK,
        RUN,
        "--office setda --title A --place B --source C --condition D",
    ),
    "digitisation remove": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation scanner-add": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation scanner-list": ("cr", None, TOLD, ""),
    "digitisation scanner-retire": ("cr", Action.DIGITISATION_WORK, TOLD, ""),
    "digitisation show": ("cor", Action.DIGITISATION_VIEW, TOLD, ""),
    "doctor": ("C", None, TOLD, ""),
    "encrypt-database": ("C", None, TOLD, ""),
    "evidence renew": ("C", Action.ARCHIVE_MAINTAIN, TOLD, ""),
    "evidence status": ("C", Action.ARCHIVE_MAINTAIN, TOLD, ""),
    "hold list": ("cora", Action.RETENTION_REPORT, RUN, ""),
    "hold place": ("r", Action.RECORD_HOLD, RUN, "RECORD --title Perkara --mandate S1 --reason sidang"),
    "hold release": ("r", Action.RECORD_HOLD, TOLD, ""),
    "import": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "ingest": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "init": ("*", None, TOLD, ""),
    "keys passphrase": ("C", Action.KEYS_MANAGE, TOLD, ""),
    "keys public": ("*", None, TOLD, ""),
    "keys rotate": ("C", Action.KEYS_MANAGE, TOLD, ""),
    "keys status": ("C", Action.KEYS_MANAGE, TOLD, ""),
    "loan list": ("cora", None, TOLD, ""),
    "loan out": ("cr", Action.RECORD_LEND, RUN, "RECORD --purpose audit --place L --due 2026-12-01 --to records"),
    "loan return": ("cr", Action.RECORD_LEND, RUN, "RECORD --condition baik"),
    "mail listen": ("*", None, TOLD, ""),
    "mail once": ("*", None, TOLD, ""),
    "mail status": ("*", None, TOLD, ""),
    "office add": ("Cd", Action.PEOPLE_MANAGE, RUN, "baru --name Baru"),
    "office list": ("Cd", Action.PEOPLE_MANAGE, RUN, ""),
    "people sync": ("Cd", Action.PEOPLE_MANAGE, RUN, "FILE --dry-run"),
    "people sync-ldap": ("Cd", Action.PEOPLE_FOLLOW, TOLD, ""),
    "person add": ("Cd", Action.PEOPLE_MANAGE, RUN, "budi --name Budi --role auditor"),
    "person add-service": ("Cd", Action.PEOPLE_MANAGE, RUN, "mesin --name Mesin --holder records --role guest"),
    "person bind": ("Cd", Action.PEOPLE_MANAGE, TOLD, ""),
    "person bind-provider": ("Cd", Action.PEOPLE_MANAGE, TOLD, ""),
    "person change-holder": ("Cd", Action.PEOPLE_MANAGE, RUN, "mesin --holder records"),
    "person confirm": ("ra", Action.ACCOUNT_CONFIRM, RUN, "clerk-dinkes"),
    "person deactivate": ("Cd", Action.PEOPLE_MANAGE, RUN, "records"),
    "person list": ("Cd", Action.PEOPLE_MANAGE, RUN, ""),
    "person password": ("Cd", Action.PEOPLE_MANAGE, RUN, "records"),
    "person readmit": ("Cd", Action.PEOPLE_MANAGE, RUN, "records"),
    "person reset-second-factor": ("Cd", Action.PEOPLE_MANAGE, RUN, "records"),
    "person sign-out": ("Cd", Action.PEOPLE_MANAGE, RUN, "records"),
    "person unbind-provider": ("Cd", Action.PEOPLE_MANAGE, TOLD, ""),
    "position act": (
        "Cod",
        Action.POSITION_DELEGATE,
        RUN,
        "official-bappeda --instead-of head-dinkes --office dinkes --from 2026-12-01 --until 2026-12-02 --mandate S7",
    ),
    "position change": ("Cd", Action.PEOPLE_MANAGE, RUN, "records --clearance open"),
    "position end": ("Cd", Action.PEOPLE_MANAGE, RUN, "NOBODY --on 2026-12-01"),
    "position give": ("Cd", Action.PEOPLE_MANAGE, RUN, "records --office dinkes"),
    "position list": ("Cd", Action.PEOPLE_MANAGE, RUN, ""),
    "position move": ("Cd", Action.PEOPLE_MANAGE, RUN, "records --office dinkes --from 2026-12-01"),
    "position retire": ("Cd", Action.PEOPLE_MANAGE, RUN, "records --on 2026-12-01"),
    "position stop-acting": ("Cod", Action.POSITION_DELEGATE, TOLD, ""),
    "proposals show": ("cr", Action.RECORD_CLASSIFY, RUN, "RECORD"),
    "proposals status": ("ra", Action.AUDIT_READ, TOLD, ""),
    "quarantine list": ("cr", Action.RECORD_RETURN, TOLD, ""),
    "quarantine release": ("r", Action.RECORD_RELEASE, RUN, "RECORD --reason bersih"),
    "quarantine retry": ("cr", Action.RECORD_RETRY, RUN, "RECORD"),
    "quarantine return": ("cr", Action.RECORD_RETURN, RUN, "RECORD --reason rusak"),
    "queue": ("Crd", Action.QUEUE_READ, RUN, ""),
    "record copy": ("cor", Action.RECORD_DOWNLOAD, TOLD, ""),
    "record export": ("cor", Action.RECORD_EXPORT, RUN, "RECORD"),
    "record show": ("cor", Action.RECORD_VIEW, RUN, "RECORD"),
    "redaction approve": ("or", Action.RECORD_APPROVE_REDACTION, RUN, "NOBODY"),
    "redaction fetch": ("cor", Action.RECORD_DOWNLOAD, RUN, "NOBODY --output FOLDER/x"),
    "redaction list": ("cor", Action.RECORD_VIEW, RUN, "RECORD"),
    "redaction make": ("cor", Action.RECORD_REDACT, RUN, "NOBODY --looked-at"),
    "redaction mark": ("cor", Action.RECORD_REDACT, RUN, "NOBODY --proposed"),
    "redaction open": ("cor", Action.RECORD_REDACT, RUN, "RECORD --for grant --ground UU14/2008 --reason permohonan"),
    "redaction propose": ("cor", Action.RECORD_REDACT, RUN, "NOBODY"),
    "redaction withdraw": ("cor", Action.RECORD_REDACT, RUN, "NOBODY --reason keliru"),
    "reindex": ("C", Action.ARCHIVE_MAINTAIN, TOLD, ""),
    "retention apply": ("Cr", Action.RETENTION_APPLY, TOLD, ""),
    "retention check": ("*", None, TOLD, ""),
    "retention explain": ("Ccora", None, TOLD, ""),
    "retention report": ("Ccora", None, RUN, ""),
    "saved-search add": ("coarg", Action.RECORD_SEARCH, RUN, "Rapat rapat"),
    "saved-search list": ("coarg", Action.RECORD_SEARCH, RUN, ""),
    "saved-search remove": ("coarg", Action.RECORD_SEARCH, RUN, "NOBODY"),
    "screen again": ("C", None, TOLD, ""),
    "search": ("coarg", Action.RECORD_SEARCH, RUN, "surat"),
    "separators": ("cr", Action.RECORD_CAPTURE, TOLD, ""),
    "serve": ("*", None, TOLD, ""),
    "serve-pages": ("*", None, TOLD, ""),
    "signature certify": ("o", Action.SIGNATURE_IDENTITY, TOLD, ""),
    "signature decline": ("o", Action.RECORD_SIGN, TOLD, ""),
    "signature enrol": ("Cd", Action.PEOPLE_MANAGE, RUN, "official-dinkes --position Kepala"),
    "signature list": ("cor", Action.SIGNATURE_QUEUE, RUN, ""),
    "signature passphrase": ("o", Action.SIGNATURE_IDENTITY, TOLD, ""),
    "signature request": ("cor", Action.RECORD_REQUEST_SIGNATURES, RUN, "RECORD --signer head-dinkes --reason surat"),
    "signature revoke": ("Cd", Action.PEOPLE_MANAGE, RUN, "official-dinkes --reason pindah"),
    "signature show": ("cor", Action.SIGNATURE_QUEUE, RUN, "NOBODY"),
    "signature sign": ("o", Action.RECORD_SIGN, TOLD, ""),
    "signature withdraw": ("cor", Action.RECORD_REQUEST_SIGNATURES, TOLD, ""),
    "token create": ("Ccordag", None, TOLD, ""),
    "token list": ("Ccordag", None, TOLD, ""),
    "token revoke": ("Ccordag", None, TOLD, ""),
    "verify": ("C", Action.ARCHIVE_VERIFY, TOLD, ""),
    "watch once": ("*", None, TOLD, ""),
    "watch status": ("*", None, TOLD, ""),
    "worker": ("*", None, TOLD, ""),
}


@pytest.fixture(scope="module")
def shared(demo_template: Path, shared_parsers: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """One archive for all rows: a refusal changes nothing."""
    folder = tmp_path_factory.mktemp("commands")
    shutil.copytree(demo_template / "storage", folder / "storage")
    archive = open_archive(settings_in(folder), FixedClock(MOMENT))
    for name, office, role in (("archivist", "setda", Role.RECORDS_OFFICER), ("guest", None, Role.GUEST)):
        add_person(console_actor("tests"), archive, NewPerson(name, name, office, (role,), Level.RESTRICTED))
    yield archive
    archive.database.close()


@pytest.fixture(scope="module")
def record(shared: Archive) -> UUID:
    """A restricted record of dinkes; not worked on, which the rule does not ask for."""
    return take_in(shared, pdf("Rekam medis"), level=Level.RESTRICTED, work=False).record_id


class Kept(context.Context):
    """A context on the shared archive, which it does not close."""

    archive: Archive = None  # type: ignore[assignment]

    def close(self) -> None:
        return


@pytest.fixture
def console(
    shared: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Console:
    monkeypatch.setattr(Kept, "archive", shared)
    monkeypatch.setattr("edms.cli.main.Context", Kept)
    (tmp_path / "surat.csv").write_text("user,name,roles\nx,X,auditor\n", "utf-8")
    (tmp_path / "peta.toml").write_text("", "utf-8")
    return Console(tmp_path, capsys)


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        inside = every_command(command, (*path, name)) if isinstance(command, click.Group) else None
        found |= inside if inside is not None else {" ".join((*path, name)): command}
    return found


ALL = every_command(edms)
DECIDED = [name for name, row in COMMANDS.items() if row[1] is not None]
RUNS = [(name, role) for name, row in COMMANDS.items() if row[2] for letter, role in LETTERS.items()
        if letter not in row[0]]  # fmt: skip


def test_every_command_has_a_row() -> None:
    assert sorted(COMMANDS) == sorted(ALL)


@pytest.mark.parametrize("name", ALL)
def test_who_acts_is_asked_for_where_the_console_may_not(name: str) -> None:
    """`--as` is required exactly where the console itself may not; without it there is no actor, or the console."""
    options = [one for one in ALL[name].params if "--as" in one.opts]
    who = COMMANDS[name][0]
    if options and options[0].required:
        assert not {"C", "*"} & set(who)
    elif options:
        assert "C" in who
    else:
        assert who in ("C", "*"), who


@pytest.mark.parametrize("name", DECIDED)
def test_the_policy_says_what_the_row_says(name: str, shared: Archive, record: UUID) -> None:
    who, action, _runs, _arguments = COMMANDS[name]
    assert action is not None
    with shared.database.reader() as session:
        facts = facts_of(session.get_one(Record, record))
    may = {letter for letter, role in LETTERS.items() if decided(shared, WHO[role], action, facts)}
    if decide(console_actor("tests"), action, facts).allowed:
        may.add("C")
    if "C" not in who:  # the command asks for a person, whatever the console might do elsewhere
        may.discard("C")
    assert may == set(who) or (who == "C" and "C" in may), (may, who)


def decided(archive: Archive, username: str, action: Action, facts: RecordFacts) -> bool:
    return decide(console_person(archive, username, "tests"), action, facts).allowed


@pytest.mark.parametrize(("name", "role"), RUNS)
def test_the_wrong_role_is_refused_in_one_line(name: str, role: str, console: Console, record: UUID) -> None:
    words = {"RECORD": str(record), "NOBODY": NOBODY, "FILE": str(console.home / "surat.csv"),
             "MAPPING": str(console.home / "peta.toml"), "FOLDER": str(console.home)}  # fmt: skip
    arguments = [words.get(word, word) for word in COMMANDS[name][3].split()]
    console(*name.split(), *arguments, "--as", WHO[role]).refused(1)


def test_somebody_without_any_role_is_nobody() -> None:
    """Not the console either, although there is an actor without roles that is: the console itself."""
    nobody = Actor(kind=ActorKind.CONSOLE, id=NOBODY, name="nobody", via="tests")
    assert [action for action in Action if decide(nobody, action).allowed] == []
    assert (nobody.is_console, console_actor("tests").is_console) == (False, True)
