"""The only place that builds concrete adapters from configuration, and the making of a new archive."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.passwords import random_password
from edms.audit.trail import AuditTrail
from edms.core.clock import Clock, SystemClock
from edms.core.database import Database, open_database
from edms.core.errors import ConfigurationError, StorageFault
from edms.core.migrations import require_head, upgrade
from edms.core.resources import resource
from edms.core.sandbox import Sandbox
from edms.core.settings import Settings
from edms.operation.door import Door
from edms.records.archive import Archive
from edms.records.people import DEMO_OFFICES, DEMO_PEOPLE, NewPerson, add_office, add_person, person_exists
from edms.records.retention import apply_rules
from edms.retention.rulebook import load_rules
from edms.search.whoosh_index import WhooshIndex
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.protocols import TimestampAuthority
from edms.signing.remote import HttpTimestamps
from edms.signing.verification import TrustMaterial
from edms.text.ocr import OcrMyPdfEngine
from edms.text.reader import Reader, sandbox_limits
from edms.vault.keyring import KeyRing
from edms.vault.local_store import LocalBlobStore
from edms.vault.vault import Vault
from edms.verify.trust import log_key_pem

DATABASE_FILE = "archive.db"
_RANDOM_SECRETS = ("database", "index", "session", "audit-signing")


@dataclass
class InitReport:
    """What `edms init` did; `passwords` by user name, shown once and kept nowhere."""

    created: bool
    passwords: dict[str, str] = field(default_factory=dict)


def open_archive(settings: Settings, clock: Clock | None = None) -> Archive:
    """Open an existing archive. Raises ConfigurationError when there is none, KeyUnavailable, or when it is too new."""
    clock = clock or SystemClock(settings.archive.time_zone)
    storage = settings.storage.path
    if not settings.database.url and not (storage / DATABASE_FILE).exists():
        raise ConfigurationError(f"there is no archive in {storage}", "make one: edms init")
    ring = KeyRing.open(settings.keys_path)
    database = _database(settings, ring)
    require_head(database)
    return _assemble(settings, clock, ring, database)


def initialise(settings: Settings, actor: Actor, *, demo: bool, clock: Clock | None = None) -> InitReport:
    """Make what is missing: storage, keys, database at head, rules, first administrator. Safe to repeat."""
    clock = clock or SystemClock(settings.archive.time_zone)
    created = _make_storage(settings)
    ring = _keys(settings, clock, storage_is_new=created)
    database = _database(settings, ring)
    upgrade(database)
    archive = _assemble(settings, clock, ring, database)
    apply_rules(actor, archive, load_rules(rules_folder(settings)))
    people = DEMO_PEOPLE if demo else (NewPerson("admin", "Administrator", None, (Role.ADMINISTRATOR,), Level.OPEN),)
    report = InitReport(created)
    for code, name, parent in DEMO_OFFICES if demo else ():
        add_office(actor, archive, code, name, parent, only_if_missing=True)
    for person in people:
        if not person_exists(archive, person.username):
            report.passwords[person.username] = random_password()
            add_person(actor, archive, person, report.passwords[person.username])
    archive.database.close()
    return report


def rules_folder(settings: Settings) -> Path:
    """The rules of this installation; without a folder of its own the packaged example rules serve."""
    return settings.retention.rules if settings.retention.rules.is_dir() else resource("retention_rules")


def _assemble(settings: Settings, clock: Clock, ring: KeyRing, database: Database) -> Archive:
    trail = AuditTrail(clock, _origin(settings), ring.secret("audit-signing"))
    material = AuthorityMaterial.from_json(ring.secret("authority"))
    limits = sandbox_limits(settings.text)
    sandbox = Sandbox(limits)
    return Archive(
        settings=settings,
        clock=clock,
        database=database,
        door=Door(database, trail, clock),
        trail=trail,
        keys=ring,
        vault=Vault(LocalBlobStore(settings.storage.path / "blobs"), ring.keys, clock),
        sandbox=sandbox,
        reader=Reader(Sandbox(limits, resident=True), sandbox, settings.text),
        ocr=OcrMyPdfEngine(sandbox, settings.text),
        signer=LocalSigner(material, clock),
        timestamps=_timestamps(settings, material, clock),
        trust=TrustMaterial.from_pem(material.public_pem().encode()),
        index=WhooshIndex(settings.storage.path / "index", ring.secret("index"), settings.search),
        public_pem=material.public_pem() + log_key_pem(trail.public_key),
    )


def _timestamps(settings: Settings, material: AuthorityMaterial, clock: Clock) -> TimestampAuthority:
    if settings.signing.timestamp_url:
        return HttpTimestamps(settings.signing.timestamp_url)
    return DevelopmentTimestamps(material, clock)


def _origin(settings: Settings) -> str:
    """The name of the trail in checkpoints: one word, as the note format asks."""
    words = "".join(char if char.isalnum() else "-" for char in settings.archive.name.lower())
    return f"edms/{words.strip('-') or 'archive'}"


def _database(settings: Settings, ring: KeyRing) -> Database:
    return open_database(settings.database, settings.storage.path / DATABASE_FILE, lambda: ring.secret("database"))


def _make_storage(settings: Settings) -> bool:
    storage = settings.storage.path
    new = not storage.exists()
    try:
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(storage, 0o700)  # noqa: PTH101
    except OSError as error:
        raise StorageFault(f"{storage} cannot be made: {error.strerror}") from None
    return new


def _keys(settings: Settings, clock: Clock, *, storage_is_new: bool) -> KeyRing:
    """Open the key ring or make a new one; never a new one beside data that it could not open."""
    folder = settings.keys_path
    if KeyRing.exists(folder):
        ring = KeyRing.open(folder)
    else:
        if not storage_is_new and (settings.storage.path / DATABASE_FILE).exists():
            raise ConfigurationError(
                f"the key file in {folder} is missing and there is data that only it opens",
                "put the key folder back, or name it in [keys] path; a new key would not help",
            )
        ring = KeyRing.create(folder, clock)
    present = set(ring.names())
    for name in _RANDOM_SECRETS:
        if name not in present:
            ring.add_random(name)
    if "authority" not in present:
        archive, signing = settings.archive, settings.signing
        material = create_authority(archive.organisation, archive.country, clock, signing.certificate_years)
        ring.add("authority", material.to_json())
    return ring
