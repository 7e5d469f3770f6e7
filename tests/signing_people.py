"""An archive in which officials sign: enrolled, certified by the pilot or by a service, and a record for them."""

import dataclasses
from uuid import UUID

from archive_fixtures import pdf, take_in
from bsre_service import NIK, PASSPHRASE, PASSWORD, USER, Service

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.core.secret import Secret
from edms.records.archive import Archive
from edms.records.people import console_person, new_password
from edms.records.signatures import SignaturePlan, request_signatures, waiting_signatures
from edms.records.signatures_identities import enrol_signer, issue_certificate
from edms.records.signatures_sign import sign_document, signing_view
from edms.signing.authority import AuthorityMaterial
from edms.signing.bsre import BsreSigner
from edms.signing.personal import PersonalSigner
from edms.signing.personal_pilot import PilotSigner

SECRET = Secret(PASSPHRASE)
ADDRESS = "https://arsip.contoh.go.id"
OFFICIALS = ("official-dinkes", "head-dinkes")
PLAN = SignaturePlan(OFFICIALS, "Menyetujui isi keputusan", "Semarang")


def with_signer(archive: Archive, signer: PersonalSigner) -> Archive:
    """Return the archive with personal signatures on, by `signer`."""
    server = archive.settings.server.model_copy(update={"public_url": ADDRESS})
    signing = archive.settings.signing.model_copy(update={"personal": signer.provider})
    settings = archive.settings.model_copy(update={"server": server, "signing": signing})
    trust = dataclasses.replace(archive.personal_trust, roots=(*archive.personal_trust.roots, *signer.trust.roots))
    return dataclasses.replace(archive, settings=settings, personal=signer, personal_trust=trust)


def under_pilot(archive: Archive) -> Archive:
    """Return the archive with the pilot authority, by which its officials may have certificates already."""
    material = AuthorityMaterial.from_json(archive.keys.secret("authority"))
    signer = PilotSigner(material, archive.personal_trust, "Pemerintah Kota", "ID", archive.clock, archive.timestamps)
    return with_signer(archive, signer)


def with_pilot(archive: Archive, password: str | None = None) -> Archive:
    """Return the archive with the pilot authority, and two officials (of this password) who can sign under it."""
    opened = under_pilot(archive)
    for name in OFFICIALS:
        enrol_signer(console_actor("tests"), opened, name, f"Jabatan {name}", "")
        certify(opened, name, password=password)
    return opened


def certify(archive: Archive, name: str, passphrase: Secret = SECRET, password: str | None = None) -> None:
    """Make somebody's pilot certificate as the official's own page does. `password`: a new one when it is not known."""
    known = password or new_password(console_actor("tests"), archive, name)
    issue_certificate(who(archive, name), archive, Secret(known), passphrase)


def with_service(archive: Archive, service: Service) -> Archive:
    """Return the archive with the certified service, and one official whom it knows."""
    signer = BsreSigner(service.address, USER, lambda: PASSWORD, service.authority.trust, 10)
    opened = with_signer(archive, signer)
    enrol_signer(console_actor("tests"), opened, "head-dinkes", "Kepala Dinas Kesehatan", NIK)
    return opened


def who(archive: Archive, name: str) -> Actor:
    return console_person(archive, name, "tests")


def decree(archive: Archive, *, level: Level = Level.OPEN, content: bytes | None = None) -> UUID:
    """Take a letter of two pages in and declare it."""
    return take_in(
        archive, content or pdf("Keputusan Kepala Dinas tentang imunisasi", "Lampiran"), level=level
    ).record_id


def ask(archive: Archive, record: UUID, plan: SignaturePlan = PLAN, by: str = "clerk-dinkes") -> UUID:
    return request_signatures(who(archive, by), archive, record, plan)


def turn_of(archive: Archive, name: str) -> UUID:
    """Return the signature that waits for `name`."""
    waiting, _made = waiting_signatures(who(archive, name), archive)
    return next(one.signature for one in waiting[0].signatures if one.user == name)


def give(archive: Archive, name: str, passphrase: Secret = SECRET) -> str:
    """Look at what waits for `name` and sign it; returns the SHA-256 of the signed document."""
    signature, actor = turn_of(archive, name), who(archive, name)
    return sign_document(actor, archive, signature, signing_view(actor, archive, signature).shown, passphrase)
