"""A signed letter comes in: judged in the sandbox at capture, under the city's own trust list, and shown apart."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from cryptography.hazmat.primitives.serialization import Encoding
from outsiders import Provider, later, note, provider, signed

from edms.access.actors import Actor
from edms.bootstrap import received_trust
from edms.capture.accept import Accepted
from edms.core.errors import ConfigurationError
from edms.records.archive import Archive
from edms.records.verdicts import ShownVerdict, signature_verdicts


@pytest.fixture(scope="module")
def budi() -> Provider:
    return provider()


@pytest.fixture
def trusting(embedded: Archive, budi: Provider, tmp_path: Path) -> Archive:
    """An archive whose configuration names a folder of roots."""
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "negara.pem").write_bytes(budi.root.public_bytes(Encoding.PEM))
    return dataclasses.replace(embedded, received_trust=received_trust(settings_with(embedded, folder), embedded.trust))


def settings_with(archive: Archive, place: Path) -> object:
    signing = archive.settings.signing.model_copy(update={"trusted_roots": place})
    return archive.settings.model_copy(update={"signing": signing})


def received(
    archive: Archive,
    capture: Callable[..., Accepted],
    person: Callable[[Archive, str], Actor],
    content: bytes,
    name: str,
) -> ShownVerdict:
    record_id = capture(archive, content, name=name).record_id
    ours, theirs = signature_verdicts(person(archive, "auditor"), archive, record_id)
    assert (ours.title, theirs.title) == ("seal", "received")
    return theirs


def test_a_letter_by_somebody_the_city_trusts(
    trusting: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor], budi: Provider
) -> None:
    document = signed(budi, crl=budi.revocations(None))
    told = received(trusting, capture, person, document, "surat.pdf")
    assert (told.intact, told.valid, told.trusted, told.revocation, told.level) == (True, True, True, "good", "B-LT")
    assert told.changes == ("validation_data",)
    assert told.judged_at == MOMENT.isoformat()


def test_the_same_letter_where_nobody_is_trusted(
    embedded: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor], budi: Provider
) -> None:
    assert not received(embedded, capture, person, signed(budi), "surat.pdf").trusted


def test_a_letter_that_was_changed_after_signing_is_never_unaltered(
    trusting: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor], budi: Provider
) -> None:
    told = received(trusting, capture, person, later(signed(budi), note), "surat.pdf")
    assert (told.intact, told.valid, told.coverage) == (False, True, "altered")
    assert "annotation" in told.changes


def test_a_document_and_its_signature_in_one_zip(
    trusting: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor]
) -> None:
    from edms.signing.seals import seal_detached

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("surat.pdf", pdf("Surat"))
        package.writestr("surat.pdf.p7s", seal_detached(pdf("Surat"), trusting.signer, trusting.timestamps))
    told = received(trusting, capture, person, out.getvalue(), "bersama.zip")
    assert (told.intact, told.valid, told.covers) == (True, True, "surat.pdf")


def test_our_own_roots_stay_ours(trusting: Archive) -> None:
    """Whom the city trusts on letters cannot make seals of ours."""
    assert set(trusting.trust.roots) < set(trusting.received_trust.roots)
    assert len(trusting.received_trust.roots) == len(trusting.trust.roots) + 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["no file", "empty", "text"])
def test_a_list_that_cannot_be_read_is_refused_at_the_start(
    embedded: Archive, tmp_path: Path, content: bytes | None
) -> None:
    """Rather than an archive that silently trusts nobody."""
    folder = tmp_path / "roots"
    folder.mkdir()
    if content is not None:
        (folder / "a.pem").write_bytes(content)
    with pytest.raises(ConfigurationError, match="trusted_roots"):
        received_trust(settings_with(embedded, folder), embedded.trust)
    with pytest.raises(ConfigurationError, match="trusted_roots"):
        received_trust(settings_with(embedded, tmp_path / "nowhere.pem"), embedded.trust)
