"""The client of the certified signature service against one that strictly has its shape, and against ones that lie."""

import io
import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta

import bsre_service
import pytest
from archive_fixtures import pdf
from bsre_service import NAME, NIK, PASSPHRASE, PASSWORD, USER, Service

from edms.core.clock import FixedClock
from edms.core.errors import EdmsError
from edms.core.secret import Secret
from edms.signing.authority import create_authority
from edms.signing.bsre import BsreSigner
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.personal import AnswerRefused, Mark, Placement, Signatory, SignatureUnavailable, WrongPassphrase
from edms.signing.personal_check import check_answer
from edms.signing.personal_mark import MarkText, mark_picture
from edms.signing.seals import seal_pdf

PLACE = Placement(1, 60, 50, 240, 84)
WHO = Signatory(NAME, NIK)
LINK = "https://arsip.contoh.go.id/v/AbCdEfGhIjKlMnOp"


@pytest.fixture
def service(clock: FixedClock) -> Iterator[Service]:
    yield from bsre_service.running(clock)


@pytest.fixture
def document(clock: FixedClock) -> bytes:
    """A document as the archive has it: under its seal."""
    material = create_authority("Kota", "ID", clock, 5)
    stamps = DevelopmentTimestamps(material, clock)
    return seal_pdf(io.BytesIO(pdf("Keputusan", "Lampiran")), LocalSigner(material, clock), stamps, "Segel")


def client(service: Service, seconds: float = 10, password: str = PASSWORD, user: str = USER) -> BsreSigner:
    return BsreSigner(service.address, user, lambda: password, service.authority.trust, seconds)


def sign(service: Service, document: bytes, who: Signatory = WHO, secret: str = PASSPHRASE, **told: object) -> bytes:
    """Sign and check, as the archive does."""
    picture = mark_picture(MarkText(NAME, "Kepala", "Dinkes", "24 November 2026", "Setuju", "Semarang"), LINK)
    signer = client(service, **told)  # type: ignore[arg-type]
    answer = signer.sign(document, who, Secret(secret), Mark(PLACE, picture, LINK, "Menyetujui isi", "Semarang"))
    check_answer(document, answer, who, PLACE, signer.trust, service.clock.now(), timedelta(minutes=10))
    return answer


@pytest.mark.parametrize("kind", ["base64", "bytes", "download"])
def test_every_kind_of_answer_is_taken(service: Service, document: bytes, kind: str) -> None:
    service.kind = kind
    assert sign(service, document).startswith(document)
    assert service.complaints == []
    assert len(service.asked) == (2 if kind == "download" else 1)


LIES = {
    "unsigned": "something added",
    "altered": "something added|changes the document|exactly one",
    "other document": "not the document that was sent",
    "two": "exactly one signature more",
    "untrusted": "root that is trusted",
    "somebody else": "somebody else's certificate",
    "another name": "in another name",
    "moved": "not where it was asked for",
    "yesterday": "is not now",
    "garbage": "no signed document",
    "page": "no signed document",
}


@pytest.mark.parametrize("mode", LIES)
def test_a_lie_is_refused_with_its_reason(service: Service, document: bytes, mode: str) -> None:
    service.mode = mode
    with pytest.raises(AnswerRefused, match=LIES[mode]) as caught:
        sign(service, document)
    assert "nothing was signed" in caught.value.message


@pytest.mark.parametrize(("mode", "words"), [("401", "does not let this archive in"), ("500", "status 500"),
                                             ("half", "does not answer"), ("slow", "does not answer")])  # fmt: skip
def test_what_does_not_work_signs_nothing_and_is_asked_once(
    service: Service, document: bytes, mode: str, words: str
) -> None:
    service.mode = mode
    with pytest.raises(SignatureUnavailable, match=words):
        sign(service, document, seconds=0.5 if mode == "slow" else 120)
    assert service.asked == ["/api/sign/pdf"]


def test_nobody_at_the_address(service: Service, document: bytes, clock: FixedClock) -> None:
    gone = next(bsre_service.running(clock))
    with pytest.raises(SignatureUnavailable, match="does not answer"):
        sign(gone, document)


def test_a_wrong_password_of_the_archive_is_not_the_signers_fault(service: Service, document: bytes) -> None:
    with pytest.raises(SignatureUnavailable, match="does not let this archive in"):
        sign(service, document, password="falsch")


@pytest.mark.parametrize("mode", ["good", "500", "401", "garbage"])
def test_nothing_secret_is_told(
    service: Service, document: bytes, mode: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The service echoes what it was sent; neither error, chain, log nor representation has it."""
    caplog.set_level(logging.DEBUG)
    service.mode = mode
    secret = "frasa yang salah 1234" if mode == "good" else PASSPHRASE
    with pytest.raises(EdmsError) as caught:
        sign(service, document, secret=secret)
    assert isinstance(caught.value, WrongPassphrase) == (mode == "good")
    told = "".join(traceback.format_exception(caught.value))
    captured = capfd.readouterr()
    for text in (told, caplog.text, captured.out, captured.err, repr(client(service)), repr(WHO), repr(Secret(secret))):
        assert [word for word in (secret, NIK, PASSWORD) if word in text] == []


def test_the_service_is_asked_for_its_opinion(service: Service, document: bytes) -> None:
    signed = sign(service, document)
    assert client(service).verify(signed)["jumlah_signature"] == 2
