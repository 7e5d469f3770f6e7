"""What `edms verify` finds of personal signatures: one change to anything that is stored of them, one named fault."""

import dataclasses

import pytest
from signing_people import ask, decree, give, who, with_pilot
from sqlalchemy import delete, select, update

from edms.access.actors import console_actor
from edms.audit.model import AuditLeaf
from edms.reconcile.whole import verify_all, verify_record
from edms.records.archive import Archive
from edms.records.model import Component
from edms.records.signatures import SignaturePlan, record_signatures
from edms.records.signatures_identities import revoke_certificate
from edms.records.signatures_model import Signature, SigningIdentity
from edms.records.signatures_public import public_signature
from edms.signing.verification import TrustMaterial
from edms.vault.model import StoredBlob

CONSOLE = console_actor("tests")


@pytest.fixture
def signed(embedded: Archive) -> Archive:
    """An archive with one signed record."""
    archive = with_pilot(embedded)
    ask(archive, decree(archive), SignaturePlan(("head-dinkes",), "Menyetujui isi", "Semarang"))
    give(archive, "head-dinkes")
    return archive


def changed(archive: Archive, statement) -> list[str]:  # type: ignore[no-untyped-def]
    with archive.database.writer() as session:
        session.execute(statement)
        session.commit()
    return [f"{fault.kind}: {fault.detail}" for fault in verify_all(CONSOLE, archive).faults]


def test_nothing_is_wrong_with_what_was_signed(signed: Archive) -> None:
    report = verify_all(CONSOLE, signed)
    assert report.faults == []
    assert report.checked["personal signatures"] == 1


ROW = {
    "signed_sha256": ("0" * 64, "not the one that was signed"),
    "rendering_sha256": ("0" * 64, "its rendering_sha256 is not the one"),
    "base_sha256": ("0" * 64, "its base_sha256 is not the one"),
    "renderer": ("another", "its renderer is not the one"),
    "certificate_sha256": ("0" * 64, "its certificate_sha256 is not the one"),
    "state": ("asked", "the audit trail knows it as given"),
    "component_position": (7, "the signed document is missing"),
}


@pytest.mark.parametrize("column", ROW)
def test_an_altered_row_is_found(signed: Archive, column: str) -> None:
    value, words = ROW[column]
    found = changed(signed, update(Signature).values({column: value}))
    assert any(words in one for one in found), found


def test_a_document_that_is_gone_and_one_too_many(signed: Archive) -> None:
    position = update(Component).where(Component.role == "signed").values(position=9)
    found = changed(signed, position)
    assert any("missing" in one for one in found)
    assert any("belongs to no signature" in one for one in found)


def test_a_row_without_its_event_is_found(signed: Archive) -> None:
    record = signed_record(signed)
    with signed.database.writer() as session:
        session.execute(delete(AuditLeaf).where(AuditLeaf.action == "signature.signed"))
        session.commit()
    found = [fault.detail for fault in verify_record(CONSOLE, signed, record).faults]
    assert any("audit trail knows nothing of it" in one for one in found)


def test_another_document_in_its_place_is_found(signed: Archive) -> None:
    with signed.database.reader() as session:
        parts = {part.role: part for part in session.scalars(select(Component))}
        original = session.get_one(StoredBlob, parts["original"].blob_id).sha256
    statement = update(StoredBlob).where(StoredBlob.id == parts["signed"].blob_id).values(sha256=original)
    assert any("not the one that was signed" in one for one in changed(signed, statement))


def test_a_root_that_is_no_longer_believed(signed: Archive) -> None:

    bare = dataclasses.replace(signed, personal_trust=TrustMaterial())
    assert any("certificate this archive believes" in fault.detail for fault in verify_all(CONSOLE, bare).faults)


def test_a_revoked_certificate_is_told_and_is_no_fault_of_the_archive(signed: Archive) -> None:
    record = signed_record(signed)
    token = record_signatures(who(signed, "records"), signed, record)[0].signatures[0].token
    revoke_certificate(CONSOLE, signed, "head-dinkes", "kata sandi bocor", signed.clock.now())
    assert public_signature(signed, token).status == "revoked"
    assert verify_record(CONSOLE, signed, record).ok


def signed_record(archive: Archive):  # type: ignore[no-untyped-def]
    with archive.database.reader() as session:
        return session.scalars(select(Component.record_id).where(Component.role == "signed")).one()


def test_the_key_of_an_official_opens_for_nobody_with_the_database_alone(signed: Archive) -> None:
    """Everything the archive has of the key is there: without the passphrase it is no key."""
    with signed.database.reader() as session:
        row = session.scalars(select(SigningIdentity).where(SigningIdentity.sealed_key.is_not(None))).first()
        assert row is not None
        told = row.sealed_key or b""
    assert b'"argon2id"' in told
    assert b"PRIVATE KEY" not in told
