"""What every personal signer keeps to (edms/signing/personal.py), the pilot's and the one of BSrE alike."""

import dataclasses
import io
import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import bsre_service
import pytest
from archive_fixtures import MOMENT, pdf

from edms.core.clock import FixedClock
from edms.core.secret import Secret
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.bsre import BsreSigner
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.personal import Mark, PersonalSigner, Placement, Signatory, WrongPassphrase
from edms.signing.personal_check import Added, check_answer
from edms.signing.personal_mark import MarkText, mark_picture
from edms.signing.personal_pilot import PilotSigner
from edms.signing.seals import seal_pdf
from edms.signing.verification import UNALTERED, TrustMaterial, verify_pdf

PLACE = Placement(1, 40, 40, 240, 84)
SECRET = Secret(bsre_service.PASSPHRASE)
LINK = "https://arsip.contoh.go.id/v/AbCdEfGhIjKlMnOp"


def mark(placement: Placement = PLACE) -> Mark:
    text = MarkText("Kepala", "Kepala Dinas", "Dinas Kesehatan", "24 November 2026", "Menyetujui", "Semarang", "pilot")
    return Mark(placement, mark_picture(text, LINK), LINK, "Menyetujui isi", "Semarang")


@dataclasses.dataclass
class Case:
    """A signer, somebody who signs with it, and documents as the archive has them: under its seal."""

    signer: PersonalSigner
    signatory: Signatory
    clock: FixedClock
    authority: AuthorityMaterial

    def document(self, *pages: str) -> bytes:
        stamps = DevelopmentTimestamps(self.authority, self.clock)
        return seal_pdf(io.BytesIO(pdf(*pages)), LocalSigner(self.authority, self.clock), stamps, "Segel")

    def sign(self, document: bytes, passphrase: Secret = SECRET, at: Placement = PLACE) -> bytes:
        return self.signer.sign(document, self.signatory, passphrase, mark(at))

    def check(self, document: bytes, answer: bytes, at: Placement = PLACE, **other: object) -> Added:
        signatory = dataclasses.replace(self.signatory, **other)  # type: ignore[arg-type]
        now = self.clock.now()
        return check_answer(document, answer, signatory, at, self.signer.trust, now, timedelta(minutes=10))


@pytest.fixture(scope="module")
def authority() -> AuthorityMaterial:
    return create_authority("Kota", "ID", FixedClock(MOMENT), 5)


@pytest.fixture(params=["pilot", "bsre"])
def case(request: pytest.FixtureRequest, clock: FixedClock, authority: AuthorityMaterial) -> Iterator[Case]:
    if request.param == "pilot":
        yield pilot_case(authority, clock)
        return
    for service in bsre_service.running(clock):
        signer = BsreSigner(
            service.address, bsre_service.USER, lambda: bsre_service.PASSWORD, service.authority.trust, 10
        )
        yield Case(signer, Signatory(bsre_service.NAME, bsre_service.NIK), clock, authority)
        assert service.complaints == []


def pilot_case(authority: AuthorityMaterial, clock: FixedClock) -> Case:
    trust = TrustMaterial.from_pem(authority.root.certificate.encode())
    signer = PilotSigner(authority, trust, "Kota", "ID", clock, DevelopmentTimestamps(authority, clock))
    return Case(signer, Signatory("Kepala", "", *signer.issue("Kepala", SECRET)), clock, authority)


def test_the_answer_is_the_document_with_one_signature_more(case: Case) -> None:
    document = case.document("Keputusan Kepala Dinas", "Lampiran")
    signed = case.sign(document)
    assert signed.startswith(document)
    added = case.check(document, signed)
    assert added.signed_at == case.clock.now()


def test_the_next_signer_leaves_the_earlier_signature_good(case: Case) -> None:
    document = case.document("Keputusan bersama")
    second = Placement(1, 300, 40, 240, 84)
    first = case.sign(document)
    both = case.sign(first, at=second)
    case.check(first, both, at=second)
    verdicts = verify_pdf(io.BytesIO(both), case.signer.trust)[1:]
    assert [one.coverage in UNALTERED and one.valid and one.trusted for one in verdicts] == [True, True]


def test_a_wrong_passphrase_signs_nothing_and_is_in_no_message(case: Case) -> None:
    wrong = Secret("bukan frasa sandinya 8?")
    with pytest.raises(WrongPassphrase) as caught:
        case.sign(case.document("Surat"), wrong)
    told: BaseException | None = caught.value
    while told is not None:
        assert wrong.reveal() not in f"{told!r} {told}"
        told = told.__cause__ or told.__context__


def test_no_file_is_written_while_signing(case: Case) -> None:
    """Every opening for writing in this process is watched, by Python's own audit hook."""
    document = case.document("Surat")
    case.sign(document)  # modules that are loaded late are loaded now
    opened = watch_openings(lambda: case.sign(document))
    assert opened == []


_WATCHERS: list[list[str]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _WATCHERS:
        flags = arguments[2]
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _WATCHERS[-1].append(str(arguments[0]))
    elif event.startswith("tempfile.") and _WATCHERS:
        _WATCHERS[-1].append(event)


def watch_openings(act: Callable[[], object]) -> list[str]:
    """Return the files that `act` opened for writing, in any thread of this process."""
    if not getattr(watch_openings, "installed", False):
        sys.addaudithook(_hook)
        watch_openings.installed = True  # type: ignore[attr-defined]
    seen: list[str] = []
    _WATCHERS.append(seen)
    try:
        act()
    finally:
        _WATCHERS.remove(seen)
    return seen


def test_the_watch_sees_a_file_that_is_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert watch_openings(lambda: (tmp_path / "x").write_bytes(b"x")) == [str(tmp_path / "x")]
