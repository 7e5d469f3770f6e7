"""Received signatures: every verdict apart, judged by what came with the file; and none of them fooled."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from archive_fixtures import MOMENT
from outsiders import DAY, LATER, Provider, later, note, provider, signed, stamped_again, text
from pyhanko.sign import fields

from edms.signing.received import ReceivedVerdict, verify_received_pdf
from edms.signing.verification import ALTERED, EXTENDED, WHOLE, TrustMaterial


def judged(content: bytes, trust: TrustMaterial | None = None, at: datetime = LATER) -> ReceivedVerdict:
    return verify_received_pdf(io.BytesIO(content), trust or TrustMaterial(), at)[0]


@pytest.fixture(scope="module")
def budi() -> Provider:
    return provider()


def test_a_plain_signature_of_an_outsider(budi: Provider) -> None:
    told = judged(signed(budi, stamped=False))
    assert (told.signature.intact, told.signature.valid, told.signature.trusted) == (True, True, False)
    assert (told.signature.coverage, told.level, told.revocation) == (WHOLE, "B-B", "unknown")
    assert (told.changes, told.weak, told.certification) == ((), (), "")


def test_trust_comes_from_the_list_of_the_city(budi: Provider) -> None:
    document = signed(budi)
    assert judged(document, budi.trust).signature.trusted
    assert not judged(document, provider(whose="impostor").trust).signature.trusted, "another root of the same name"
    assert judged(document, budi.trust).level == "B-T"


def test_a_signature_that_is_no_pades_has_no_level(budi: Provider) -> None:
    told = judged(signed(budi, subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
    assert told.signature.valid
    assert told.level == ""


@pytest.mark.parametrize(
    ("revoked", "state", "level"),
    [(None, "good", "B-LT"), (MOMENT - DAY, "revoked", "B-T"), (MOMENT + DAY, "good", "B-LT")],
    ids=["never", "before the timestamp", "after the timestamp"],
)
def test_revocation_as_of_the_timestamp(budi: Provider, revoked: datetime | None, state: str, level: str) -> None:
    told = judged(signed(budi, crl=budi.revocations(revoked)), budi.trust)
    assert (told.revocation, told.level) == (state, level)
    assert told.signature.trusted is (state == "good")
    assert any("was revoked on 2026" in problem for problem in told.signature.problems) is (state == "revoked")
    assert told.signature.unaltered, "a store of certificates alters nothing"
    assert told.changes == ("validation_data",)


def test_without_a_timestamp_a_later_revocation_counts(budi: Provider) -> None:
    """Who stole the key may sign now and say it was last year."""
    document = signed(budi, crl=budi.revocations(MOMENT + DAY), stamped=False)
    assert judged(document, budi.trust, MOMENT + 3 * DAY).revocation == "revoked"


def test_a_list_of_somebody_else_says_nothing(budi: Provider) -> None:
    """Signed by another authority of the same name."""
    forged = replace(budi, whose="impostor").revocations(None)
    assert judged(signed(budi, crl=forged), budi.trust).revocation == "unknown"


def test_revocation_is_told_of_untrusted_signers_too(budi: Provider) -> None:
    told = judged(signed(budi, crl=budi.revocations(MOMENT - DAY)))
    assert (told.revocation, told.signature.trusted) == ("revoked", False)


def test_a_document_timestamp_over_the_store_makes_it_last(budi: Provider) -> None:
    told = judged(stamped_again(signed(budi, crl=budi.revocations(None))), budi.trust)
    assert (told.level, told.changes) == ("B-LTA", ("timestamp", "validation_data"))
    assert told.signature.coverage == EXTENDED


def test_a_document_timestamp_gives_the_time_of_a_signature_without(budi: Provider) -> None:
    told = judged(stamped_again(signed(budi, stamped=False)), budi.trust)
    assert told.level == "B-T"
    assert told.signature.timestamp is not None
    assert told.signature.timestamp.time == MOMENT


def test_what_is_weak_is_named() -> None:
    told = judged(signed(provider(1024), digest="sha1"))
    assert told.weak == ("sha1", "rsa 1024", "timestamp sha1")
    assert judged(signed(provider())).weak == ()


@pytest.mark.parametrize(
    ("permits", "told"),
    [
        (fields.MDPPerm.NO_CHANGES, "no_changes"),
        (fields.MDPPerm.FILL_FORMS, "forms"),
        (fields.MDPPerm.ANNOTATE, "annotations"),
    ],
    ids=["none", "forms", "annotations"],
)
def test_what_its_author_permits(budi: Provider, permits: fields.MDPPerm, told: str) -> None:
    assert judged(signed(budi, permits=permits)).certification == told


@pytest.mark.parametrize("permits", [None, fields.MDPPerm.ANNOTATE], ids=["not certified", "certified for notes"])
@pytest.mark.parametrize(("change", "kind"), [(note, "annotation"), (text, "content")], ids=["note", "text"])
def test_what_covers_or_changes_a_page_is_an_alteration(
    budi: Provider, permits: fields.MDPPerm | None, change: Callable[..., None], kind: str
) -> None:
    told = judged(later(signed(budi, permits=permits), change), budi.trust)
    assert (told.signature.coverage, told.signature.unaltered) == (ALTERED, False)
    assert kind in told.changes


def test_a_further_signature_is_named_and_harmless(budi: Provider) -> None:
    told = judged(signed(budi, signed(budi), field="Atasan"))
    assert (told.signature.coverage, told.changes, told.signature.problems) == (EXTENDED, ("signature",), ())


def test_a_further_signature_where_no_change_is_permitted(budi: Provider) -> None:
    """The library itself does not sign such a file, so the bytes are what a careless tool would make."""
    first = signed(budi, permits=fields.MDPPerm.NO_CHANGES)
    told = judged(later(first, note), budi.trust)
    assert not told.signature.unaltered
