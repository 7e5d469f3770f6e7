"""Invariant 4 for every use case there is: no actor means nothing, and an actor without roles may nothing."""

import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, get_args, get_origin
from uuid import UUID

from sqlalchemy import func, select

import edms
from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.positions import Rank
from edms.access.scope import GrantMode
from edms.access.token_scopes import TokenScope
from edms.audit.model import AuditLeaf
from edms.batches.edits import Act, Edit
from edms.batches.sheet import Sheet
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.photographs import ChosenPage, PageParameters
from edms.capture.queue import Sieve
from edms.capture.separators import AskedSheets
from edms.capture.uploads import Announced, Piece
from edms.core.errors import NotFound, NotSignedIn
from edms.core.resources import resource
from edms.core.secret import Secret
from edms.core.unlock import Unlock
from edms.digitisation.standard import Kind
from edms.disposal.batches import Letter
from edms.disposal.destruction import NewBatch
from edms.disposal.execution import Execution
from edms.exchange.handing_over import Approval, HandoverDecision
from edms.exchange.receiving import Acceptance
from edms.exchange.removing import RemovalOrder
from edms.operation.door import NotPermitted
from edms.operation.passkeys import RelyingParty
from edms.records.archive import Archive
from edms.records.assignments import NamedRule
from edms.records.digitisation_check import Finding
from edms.records.digitisation_items import NewItem
from edms.records.digitisations import NewDigitisation, NewScanner
from edms.records.disclosures import TrailQuestion
from edms.records.events_many import ToldEvent
from edms.records.filing_many import ShownVersion
from edms.records.grants import Asked, NewGrant, Subject
from edms.records.loans import Lending
from edms.records.operations import Changes
from edms.records.people import NewPerson
from edms.records.people_plan import Directory, OfficeEntry
from edms.records.positions import Acting, NewPosition
from edms.records.proceedings import NewProceeding
from edms.records.provisioning import Wanted
from edms.records.questions import KeptQuestion
from edms.records.reassigning import Reassignment
from edms.records.report_lists import ListName
from edms.records.report_mailings import NewMailing
from edms.records.reports import ListQuestion
from edms.records.retention_report import ReportQuestion
from edms.records.reviewing import Panel, ReviewFinding
from edms.records.reviews import Proposal
from edms.records.reviews_model import ReviewKind
from edms.records.searching import Question
from edms.records.service_accounts import NewService
from edms.records.signatures import SignaturePlan
from edms.records.tokens import NewToken
from edms.redaction.types import Area
from edms.retention.proceedings import Kind as Course
from edms.retention.rulebook import RuleBook, load_rules
from edms.retention.types import Tier, TriggerType

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
PAGE_WHOLE = PageParameters(((0, 0), (9, 0), (9, 9), (0, 9)))
ROOMS = ("edms.records.", "edms.capture.", "edms.exchange.", "edms.reconcile.", "edms.disposal.")


def use_cases() -> Iterator[Callable[..., Any]]:
    """Yield every public function of the rooms above the door that takes "an actor or nobody" first."""
    for module in pkgutil.walk_packages(edms.__path__, "edms."):
        if module.name.startswith(ROOMS):
            for name, function in sorted(vars(importlib.import_module(module.name)).items()):
                own = inspect.isfunction(function) and function.__module__ == module.name
                if own and not name.startswith("_") and _takes_an_actor(function):
                    yield function


def _takes_an_actor(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.name == "actor" and first.annotation == (Actor | None)


@cache
def rule_book() -> RuleBook:
    """The rule files as they are published: read once for all use cases."""
    return load_rules(resource("retention_rules"))


def call(
    function: Callable[..., Any],
    actor: Actor | None,
    archive: Archive,
    folder: Path,
    take: Callable[[Any], object] = lambda _given: None,
) -> None:
    """Call a use case with arguments that are in order as far as they go, and take what it gives."""
    ready: dict[Any, Any] = {
        UUID: ID, str: "sesuatu", int: 0, bool: False, date: date(2026, 1, 2),
        datetime: datetime(2026, 1, 2, tzinfo=UTC),
        Path: folder / "out.zip", BinaryIO: io.BytesIO(),
        IncomingFile: IncomingFile("surat.pdf", io.BytesIO(b"%PDF-1.7")),
        Placement: Placement(ID, "000.1.5", Level.OPEN),
        Changes: Changes(), Sieve: Sieve(), NewPerson: NewPerson("budi", "Budi", None, (Role.AUDITOR,), Level.OPEN),
        ReportQuestion: ReportQuestion(), ListQuestion: ListQuestion(),
        NewMailing: NewMailing("Daftar", ListName.DESTROY, (("records", "a@kota.example"),)),
        TrailQuestion: TrailQuestion(),
        Question: Question("surat"), "Question": Question("surat"), KeptQuestion: KeptQuestion("surat"),
        RuleBook: rule_book(), TriggerType: TriggerType.FILE_CLOSED,
        Edit: Edit(Act.ROTATE, page=1), AskedSheets: AskedSheets(Sheet(class_code="000.1.5")),
        Unlock: Unlock("none"), Piece: Piece(0, io.BytesIO(b"isi")),
        Announced: Announced("surat.pdf", 3, Placement(ID, "000.1.5", Level.OPEN)),
        NewScanner: NewScanner(ID, "Loket", "Fujitsu", "fi-7160", "A3EC", 600),
        NewDigitisation: NewDigitisation(ID, Level.OPEN, "Arsip", "Semarang", "Lemari", "baik"),
        NewBatch: NewBatch(ID, Tier.LOWER, "Pemusnahan"), Letter: Letter("1", date(2026, 1, 2), ID),
        Execution: Execution("1", "Semarang", ()),
        NewItem: NewItem(ID, ID, Kind.PAPER, "A4", 1), Finding: Finding(accepted=True),
        ChosenPage: ChosenPage(ID, PAGE_WHOLE), PageParameters: PAGE_WHOLE,
        Secret: Secret("frasa sandi contoh"), SignaturePlan: SignaturePlan(("head-dinkes",)),
        ShownVersion: ShownVersion(ID, 1), Subject: Subject((ID,)),
        Asked: Asked("dinkes", "surat", "tugas", GrantMode.VIEW, date(2026, 12, 1)),
        NewGrant: NewGrant("auditor", Subject((ID,)), "tugas", GrantMode.VIEW, date(2026, 12, 1)),
        NewPosition: NewPosition("auditor", "dinkes", Rank.STAFF),
        Acting: Acting("official-dinkes", "head-dinkes", "dinkes", date(2026, 12, 1), date(2026, 12, 2), "SK 7"),
        Area: Area(1, 0.1, 0.1, 0.2, 0.2),
        Reassignment: Reassignment("jra-pekalongan-63-2024", "alih"),
        NewProceeding: NewProceeding(Course.REVIEW, ID, Level.OPEN, "Arsip"), Panel: Panel("SK", ("A", "B"), "baik"),
        Mapping[UUID, ReviewFinding]: {}, Acceptance: Acceptance("042", {}),
        Approval: Approval("B-1", date(2026, 1, 2), "LKD", ""),
        HandoverDecision: HandoverDecision("188", date(2026, 1, 2), "head-dinkes"),
        RemovalOrder: RemovalOrder("188", "selesai"),
        NamedRule: NamedRule("jra-pekalongan", "000.1.1"),
        bytes: b"isi", Proposal: Proposal(ReviewKind.ERASURE, "alasan"),
        ToldEvent: ToldEvent(1, str(ID), date(2026, 1, 2), "BA-7"),
        RelyingParty: RelyingParty("localhost", "http://localhost", "Arsip"),
        Lending: Lending(date(2026, 12, 1), "Lemari 3", "audit", "official-dinkes"),
        Wanted: Wanted(),
        NewToken: NewToken("pemindai", (TokenScope.CAPTURE,), "", 30),
        NewService: NewService("mesin", "Mesin", None, (Role.GUEST,), Level.OPEN, "records"),
        Directory: Directory({"dinsos": OfficeEntry("dinsos", "Dinas Sosial")}),
    }  # fmt: skip
    given = []
    for parameter in list(inspect.signature(function).parameters.values())[2:]:
        if parameter.default is inspect.Parameter.empty:
            given.append(_argument(parameter.annotation, ready))
    result = function(actor, archive, *given)
    if isinstance(result, AbstractContextManager):
        with result as inside:
            take(inside)
    else:
        take(result)


def _argument(kind: Any, ready: dict[Any, Any]) -> Any:
    if kind not in ready and isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if get_origin(kind) is UnionType:
        return _argument(next(part for part in get_args(kind) if part is not type(None)), ready)
    if get_origin(kind) is tuple and Ellipsis not in get_args(kind):
        return tuple(_argument(part, ready) for part in get_args(kind))
    if get_origin(kind) is not None and kind not in ready:
        return [_argument(get_args(kind)[0], ready)]
    return ready[kind]


ALL = list(use_cases())
NAMES = [f"{function.__module__.removeprefix('edms.')}.{function.__name__}" for function in ALL]


def counts(archive: Archive) -> tuple[int, ...]:
    with archive.database.reader() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Office, Person))


def leaves(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditLeaf)) or 0


def test_the_use_cases_are_found() -> None:
    assert len(ALL) >= 35
    assert "capture.accept.accept" in NAMES
    assert "records.people.new_password" in NAMES


def test_no_actor_means_nothing(embedded: Archive, tmp_path: Path) -> None:
    before = counts(embedded), leaves(embedded)
    wrong = []
    for name, function in zip(NAMES, ALL, strict=True):
        try:
            call(function, None, embedded, tmp_path)
        except NotSignedIn:
            continue
        except Exception as error:  # noqa: BLE001 - whatever else it is, it is wrong
            wrong.append(f"{name}: {error!r}")
        else:
            wrong.append(f"{name}: went through")
    assert wrong == [], "\n".join(wrong)
    assert (counts(embedded), leaves(embedded)) == before


def test_an_actor_without_roles_may_nothing(embedded: Archive, tmp_path: Path) -> None:
    nobody = Actor(ActorKind.PERSON, str(ID), "nobody")
    before = counts(embedded)
    wrong = []
    for name, function in zip(NAMES, ALL, strict=True):
        known = leaves(embedded)
        try:
            call(function, nobody, embedded, tmp_path)
        except (NotFound, NotPermitted):
            if leaves(embedded) == known:
                wrong.append(f"{name}: the refusal left no trace")
        except Exception as error:  # noqa: BLE001 - whatever else it is, it is wrong
            wrong.append(f"{name}: {error!r}")
        else:
            wrong.append(f"{name}: went through")
    assert wrong == [], "\n".join(wrong)
    assert counts(embedded) == before
