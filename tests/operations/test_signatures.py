"""Personal signatures from the request to the signed document, on both databases, and what may not happen."""

import io
from collections.abc import Iterator

import bsre_service
import pytest
from archive_fixtures import pdf, take_in
from bsre_service import PASSPHRASE, Service
from signing_people import ADDRESS, OFFICIALS, PLAN, SECRET, ask, decree, give, turn_of, who, with_pilot, with_service

from edms.access.levels import Level
from edms.core.errors import NotFound, Refused
from edms.core.secret import Secret
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.model import ComponentRole
from edms.records.signatures import (
    SignaturePlan,
    decline_signature,
    record_signatures,
    request_signatures,
    signer_choices,
    supersede_request,
    waiting_signatures,
    withdraw_request,
)
from edms.records.signatures_public import compare_with_signed, public_signature
from edms.records.signatures_sign import sign_document, signing_picture, signing_view
from edms.signing.personal import AnswerRefused, SignatureUnavailable, WrongPassphrase
from edms.signing.verification import TrustMaterial, verify_pdf


@pytest.fixture
def pilot(archive: Archive) -> Archive:
    """A demo archive in which two officials sign with certificates of the pilot authority."""
    return with_pilot(archive)


@pytest.fixture
def quick(embedded: Archive) -> Archive:
    return with_pilot(embedded)


@pytest.fixture
def service(embedded: Archive) -> Iterator[Service]:
    yield from bsre_service.running(embedded.clock)  # type: ignore[arg-type]


def events(archive: Archive, record: object) -> list[str]:
    with archive.database.reader() as session:
        told = archive.trail.history(session, "record", str(record))
    return [one["action"] for one in told if one["action"].startswith("signature.")]


def test_two_officials_sign_in_order(pilot: Archive) -> None:
    record = decree(pilot)
    original = download(who(pilot, "records"), pilot, record, ComponentRole.ORIGINAL).stream.read()
    ask(pilot, record)
    assert waiting_signatures(who(pilot, "head-dinkes"), pilot)[0] == []
    first = give(pilot, "official-dinkes")
    second = give(pilot, "head-dinkes")
    [request] = record_signatures(who(pilot, "clerk-dinkes"), pilot, record)
    assert (request.state, [one.state for one in request.signatures]) == ("complete", ["signed", "signed"])
    assert [one.signed_sha256 for one in request.signatures] == [first, second]
    found = download(who(pilot, "records"), pilot, record, ComponentRole.SIGNED, 2)
    signed = found.stream.read()
    seal, *_others = verify_pdf(io.BytesIO(signed), pilot.trust)
    assert seal.good
    verdicts = verify_pdf(io.BytesIO(signed), TrustMaterial(pilot.personal_trust.roots, pilot.trust.timestamps))
    assert [one.good for one in verdicts[1:]] == [True, True]
    assert "Kepala Dinas Kesehatan" in verdicts[-1].signer
    assert signed.startswith(download(who(pilot, "records"), pilot, record, ComponentRole.SIGNED, 1).stream.read())
    assert download(who(pilot, "records"), pilot, record, ComponentRole.ORIGINAL).stream.read() == original
    assert events(pilot, record) == [
        "signature.requested", "signature.shown", "signature.signed", "signature.shown", "signature.signed",
    ]  # fmt: skip


def test_what_was_shown_is_recorded_everywhere(quick: Archive) -> None:
    record = decree(quick)
    ask(quick, record)
    signature = turn_of(quick, "official-dinkes")
    view = signing_view(who(quick, "official-dinkes"), quick, signature)
    assert (view.pages, view.findings, view.dpi, view.pilot) == (2, (), 120, True)
    assert signing_picture(who(quick, "official-dinkes"), quick, signature, 2).startswith(b"\x89PNG")
    sign_document(who(quick, "official-dinkes"), quick, signature, view.shown, SECRET)
    [request] = record_signatures(who(quick, "records"), quick, record)
    assert request.signatures[0].rendering == view.shown
    with quick.database.reader() as session:
        told = [one["details"] for one in quick.trail.history(session, "record", str(record))
                if one["action"] in ("signature.shown", "signature.signed")]  # fmt: skip
    assert {one["rendering_sha256"] for one in told} == {view.shown}


def test_another_rendering_than_the_one_shown_is_not_signed(quick: Archive) -> None:
    ask(quick, decree(quick))
    with pytest.raises(Refused, match="not what would be signed"):
        sign_document(who(quick, "official-dinkes"), quick, turn_of(quick, "official-dinkes"), "0" * 64, SECRET)
    assert turn_of(quick, "official-dinkes")


def test_nobody_else_signs_or_even_learns_of_it(quick: Archive) -> None:
    ask(quick, decree(quick))
    signature = turn_of(quick, "official-dinkes")
    view = signing_view(who(quick, "official-dinkes"), quick, signature)
    for name in ("head-dinkes", "official-bappeda", "clerk-dinkes", "records", "auditor", "admin"):
        for act in (
            lambda actor: signing_view(actor, quick, signature),
            lambda actor: signing_picture(actor, quick, signature, 1),
            lambda actor: sign_document(actor, quick, signature, view.shown, SECRET),
            lambda actor: decline_signature(actor, quick, signature, "bukan saya"),
        ):
            with pytest.raises(NotFound):
                act(who(quick, name))


def test_out_of_turn(quick: Archive) -> None:
    ask(quick, decree(quick))
    [request] = record_signatures(who(quick, "records"), quick, _record(quick))
    with pytest.raises(Refused, match="not this signer's turn"):
        signing_view(who(quick, "head-dinkes"), quick, request.signatures[1].signature)
    with pytest.raises(Refused, match="not this signer's turn"):
        decline_signature(who(quick, "head-dinkes"), quick, request.signatures[1].signature, "tidak setuju")


def _record(archive: Archive):  # type: ignore[no-untyped-def]
    return waiting_signatures(who(archive, "official-dinkes"), archive)[0][0].record


def test_declining_ends_it_and_a_new_request_begins_without_that_signature(quick: Archive) -> None:
    record = decree(quick)
    ask(quick, record)
    give(quick, "official-dinkes")
    decline_signature(who(quick, "head-dinkes"), quick, turn_of(quick, "head-dinkes"), "Lampiran belum lengkap")
    [request] = record_signatures(who(quick, "records"), quick, record)
    assert (request.state, request.signatures[1].decline_reason) == ("declined", "Lampiran belum lengkap")
    assert public_signature(quick, request.signatures[0].token).status == "withdrawn"
    ask(quick, record, SignaturePlan(("head-dinkes",), "Menyetujui"))
    give(quick, "head-dinkes")
    signed = download(who(quick, "records"), quick, record, ComponentRole.SIGNED, 2).stream.read()
    assert len(verify_pdf(io.BytesIO(signed), quick.trust)) == 2  # the seal's and the head's


def test_withdrawing_and_superseding_are_the_requesters(quick: Archive) -> None:
    record = decree(quick)
    request = ask(quick, record)
    for name, kind in (("official-dinkes", NotFound), ("clerk-bappeda", NotFound)):
        with pytest.raises(kind):
            withdraw_request(who(quick, name), quick, request, "salah berkas")
    with pytest.raises(Refused, match="few words"):
        withdraw_request(who(quick, "clerk-dinkes"), quick, request, " ")
    with pytest.raises(Refused, match="all have signed"):
        supersede_request(who(quick, "clerk-dinkes"), quick, request, "diganti")
    withdraw_request(who(quick, "clerk-dinkes"), quick, request, "salah berkas")
    assert waiting_signatures(who(quick, "official-dinkes"), quick)[0] == []
    ask(quick, record, SignaturePlan(("head-dinkes",), "Menyetujui"))
    give(quick, "head-dinkes")
    found = record_signatures(who(quick, "records"), quick, record)
    newest = next(one for one in found if one.state == "complete")
    supersede_request(who(quick, "records"), quick, newest.request, "diganti keputusan nomor 7")
    assert public_signature(quick, newest.signatures[0].token).status == "superseded"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signers": ()}, "1 to 8 signers"),
        ({"signers": ("head-dinkes", "head-dinkes")}, "each of them once"),
        ({"signers": ("clerk-dinkes",)}, "cannot sign this record"),
        ({"signers": ("official-bappeda",)}, "cannot sign this record"),
        ({"reason": " "}, "a reason of 1 to"),
        ({"location": "x\x00"}, "a reason of 1 to"),
        ({"page": 3}, "not on the document"),
        ({"spot": "middle"}, "not on the document"),
    ],
)
def test_plans_that_cannot_be_carried_out(quick: Archive, changes: dict[str, object], words: str) -> None:
    plan = SignaturePlan(**{"signers": OFFICIALS, "reason": "Setuju", **changes})  # type: ignore[arg-type]
    with pytest.raises(Refused, match=words):
        ask(quick, decree(quick), plan)


def test_one_open_request_at_a_time_and_only_on_declared_records(quick: Archive) -> None:
    record = decree(quick)
    ask(quick, record)
    with pytest.raises(Refused, match="being asked for already"):
        ask(quick, record)
    waiting = take_in(quick, pdf("Belum diklasifikasi"), class_code=None, level=None).record_id
    with pytest.raises(Refused, match="declared"):
        ask(quick, waiting)
    with pytest.raises(NotFound):
        request_signatures(who(quick, "clerk-bappeda"), quick, decree(quick, level=Level.RESTRICTED), PLAN)


def test_only_who_may_see_it_can_be_asked(quick: Archive) -> None:
    secret = take_in(quick, pdf("Rahasia"), by="records", office="dinkes", level=Level.SECRET).record_id
    choices = [one.user for one in signer_choices(who(quick, "records"), quick, secret)]
    assert choices == ["head-dinkes"]
    assert [one.user for one in signer_choices(who(quick, "clerk-dinkes"), quick, decree(quick))] == [
        "head-dinkes", "official-dinkes"
    ]  # fmt: skip


def test_wrong_passphrases_are_counted_and_then_wait(quick: Archive) -> None:
    ask(quick, decree(quick))
    limit = quick.settings.access.sign_in_attempts
    for _ in range(limit):
        with pytest.raises(WrongPassphrase):
            give(quick, "official-dinkes", Secret("bukan frasanya"))
    with pytest.raises(Refused, match="too many wrong passphrases"):
        give(quick, "official-dinkes")
    assert events(quick, _record(quick)).count("signature.failed") == limit


@pytest.mark.parametrize("mode", ["untrusted", "altered", "500", "half", "garbage", "moved"])
def test_a_service_that_fails_or_lies_changes_nothing(embedded: Archive, service: Service, mode: str) -> None:
    archive = with_service(embedded, service)
    record = decree(archive)
    ask(archive, record, SignaturePlan(("head-dinkes",), "Menyetujui", "Semarang"))
    service.mode = mode
    with pytest.raises((AnswerRefused, SignatureUnavailable)):
        give(archive, "head-dinkes")
    [request] = record_signatures(who(archive, "records"), archive, record)
    assert (request.state, request.signatures[0].state) == ("open", "asked")
    with pytest.raises(NotFound):
        download(who(archive, "records"), archive, record, ComponentRole.SIGNED, 1)
    service.mode = "good"
    give(archive, "head-dinkes")
    assert service.complaints == []
    with pytest.raises(NotFound):
        public_signature(archive, "A" * 16)


def test_the_public_page_says_what_the_class_allows(quick: Archive) -> None:
    opened, closed = decree(quick), decree(quick, level=Level.RESTRICTED, content=pdf("Daftar gaji rahasia jabatan"))
    digests = {}
    for record in (opened, closed):
        ask(quick, record, SignaturePlan(("head-dinkes",), "Menyetujui isi", "Semarang"))
        digests[record] = give(quick, "head-dinkes")
    told = {}
    for record in digests:
        [request] = record_signatures(who(quick, "records"), quick, record)
        told[record] = public_signature(quick, request.signatures[0].token)
    assert (told[opened].open, told[opened].sha256) == (True, digests[opened])
    assert told[opened].signer == "Kepala Dinas Kesehatan"
    shut = told[closed]
    assert (shut.status, shut.open, shut.signed_at) == ("valid", False, quick.clock.now())
    assert [shut.title, shut.signer, shut.sha256, shut.kind, shut.number, shut.office, shut.reason] == [""] * 7
    assert compare_with_signed(quick, shut.token, digests[closed]).outcome == "same"
    assert compare_with_signed(quick, shut.token, digests[opened]).outcome == "different"


def test_the_public_page_tells_nothing_of_what_is_not_signed(quick: Archive) -> None:
    record = decree(quick)
    ask(quick, record)
    tokens = [one.token for one in record_signatures(who(quick, "records"), quick, record)[0].signatures]
    answers = []
    for token in (*tokens, "A" * 16, "", "x" * 500, "../../etc"):
        with pytest.raises(NotFound) as caught:
            public_signature(quick, token)
        answers.append(str(caught.value))
    assert len(set(answers)) == 1
    give(quick, "official-dinkes")
    assert public_signature(quick, tokens[0]).status == "incomplete"
    assert public_signature(quick, tokens[0]).others == ()


def test_the_qr_code_holds_the_address(quick: Archive) -> None:
    record = decree(quick)
    ask(quick, record)
    give(quick, "official-dinkes")
    token = record_signatures(who(quick, "records"), quick, record)[0].signatures[0].token
    assert len(f"{ADDRESS}/v/{token}") < 60
    assert PASSPHRASE not in token
