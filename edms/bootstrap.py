"""The only place that builds concrete adapters from configuration, and the making of a new archive."""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.trail import AuditTrail
from edms.audit.witness_client import witnesses_from
from edms.core.clock import Clock, SystemClock
from edms.core.database import Database, open_database
from edms.core.database_conversion import encrypt_file, is_plain_sqlite
from edms.core.errors import ConfigurationError, StorageFault
from edms.core.memory import MemoryRoom
from edms.core.migrations import current_revision, require_head, upgrade
from edms.core.resources import resource
from edms.core.sandbox import Sandbox
from edms.core.settings import Settings, TimestampAuthoritySettings
from edms.core.unlock import Unlock
from edms.directory.opening import open_directory
from edms.operation.door import Door
from edms.operation.states import RowStates
from edms.provider.opening import open_provider
from edms.records.adoption import adopt_rows
from edms.records.alerts import report_altered
from edms.records.archive import Archive
from edms.records.people import (
    DEMO_OFFICES,
    DEMO_PEOPLE,
    FIRST_ADMINISTRATOR,
    add_office,
    add_person,
    anybody,
    person_exists,
)
from edms.records.retention import apply_rules
from edms.records.rules import edition_in_force
from edms.records.stated import STATED
from edms.retention.rulebook import load_rules
from edms.screening.clamd import Clamd
from edms.search.serving import open_engines
from edms.signing.authority import AuthorityMaterial, PilotLists, create_authority, renew_authority
from edms.signing.errors import SigningFault
from edms.signing.fallback import FallbackTimestamps
from edms.signing.local import DevelopmentTimestamps
from edms.signing.opening import open_signer
from edms.signing.personal_choice import personal_signer, personal_trust
from edms.signing.profiles import SealRules
from edms.signing.protocols import TimestampAuthority
from edms.signing.remote import HttpTimestamps
from edms.signing.revocation import CollectedRevocation, FetchRules
from edms.signing.trust import TrustMaterial
from edms.text.ocr import OcrMyPdfEngine
from edms.text.office_printer import LibreOfficePrinter
from edms.text.reader import Reader, sandbox_limits
from edms.vault.file_operations import folder_lock
from edms.vault.keyring import KeyRing
from edms.vault.local_store import LocalBlobStore
from edms.vault.opening import create_ring, open_ring
from edms.vault.pictures import MEBIBYTE, PictureCache
from edms.vault.staging import Staging
from edms.vault.vault import Vault
from edms.verify.trust import log_key_pem

DATABASE_FILE = "archive.db"
AUTHORITY = "authority"
_RANDOM_SECRETS = ("database", "index", "session", "audit-signing")
# Secrets that an archive made by an earlier version does not have yet: nothing that is there depends on them.
_LATER_SECRETS = ("row-states", "uploads", "witness-signing")


@dataclass
class InitReport:
    """What `edms init` did; `passwords` by user name, shown once and kept nowhere."""

    created: bool
    passwords: dict[str, str] = field(default_factory=dict)


def open_archive(settings: Settings, clock: Clock | None = None, unlock: Unlock | None = None) -> Archive:
    """Open an existing archive. Raises ConfigurationError when there is none, KeyUnavailable, or when it is too new.

    `unlock` gives the secret that opens the keys where one is needed; by default it comes from where the settings say.
    """
    clock = clock or SystemClock(settings.archive.time_zone)
    if not archive_exists(settings):
        where = "the database that [database] url names" if settings.database.url else settings.storage.path
        raise ConfigurationError(f"there is no archive in {where}", "make one: edms init")
    ring = open_ring(settings.keys_path, settings.keys, unlock or Unlock(settings.keys.unlock))
    _require_encrypted(settings)
    database = _database(settings, ring)
    require_head(database)
    return _assemble(settings, clock, ring, database)


def archive_exists(settings: Settings) -> bool:
    """True when the database has been made. Raises StorageFault when a database server cannot be reached."""
    if not settings.database.url:
        return (settings.storage.path / DATABASE_FILE).exists()
    database = open_database(settings.database, settings.storage.path / DATABASE_FILE, lambda: b"")
    try:
        return current_revision(database) is not None
    finally:
        database.close()


def initialise(
    settings: Settings,
    actor: Actor,
    *,
    demo: bool,
    clock: Clock | None = None,
    unlock: Unlock | None = None,
    locked: bool | None = None,
) -> InitReport:
    """Make what is missing: storage, keys, database at head, rules, first administrator.

    Safe to repeat, and to run twice at once: the second waits for the first. Rules that are in force stay in force
    (`edms retention apply` changes them), and people who are there keep their passwords. A new key file is `locked` by
    a passphrase from `unlock`; by default save in a demo.
    """
    clock = clock or SystemClock(settings.archive.time_zone)
    _make_storage(settings)
    with folder_lock(settings.storage.path):
        report = InitReport(created=not archive_exists(settings))
        ring = _keys(
            settings, clock, unlock, with_data=not report.created, locked=not demo if locked is None else locked
        )
        _require_encrypted(settings)
        database = _database(settings, ring)
        upgrade(database)
        archive = _assemble(settings, clock, ring, database)
        adopt_rows(actor, archive)
        with database.reader() as session:
            has_rules = edition_in_force(session) is not None
        if not has_rules:
            apply_rules(actor, archive, load_rules(rules_folder(settings)))
        report.passwords = _first_people(actor, archive, demo=demo)
        archive.database.close()
    return report


def encrypt_database(
    settings: Settings, actor: Actor, unlock: Unlock | None = None, clock: Clock | None = None
) -> dict[str, int]:
    """Convert the plain SQLite database of an earlier version into an encrypted one; return the rows of each table.

    Raises ConfigurationError when there is nothing to convert, Refused when the database is in use, IntegrityFault
    when the copy is not the same; then the plain one is left as it was.
    """
    clock = clock or SystemClock(settings.archive.time_zone)
    if settings.database.url:
        raise ConfigurationError("on PostgreSQL there is no database file", "encrypt the volume it lies on")
    with folder_lock(settings.storage.path):
        ring = _keys(settings, clock, unlock, with_data=True, locked=False)
        rows = encrypt_file(settings.storage.path / DATABASE_FILE, ring.secret("database"))
        database = _database(settings, ring)
        upgrade(database)
        archive = _assemble(settings, clock, ring, database)
        adopt_rows(actor, archive)
        with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
            operation.decide()
            operation.about("archive", "", "database.encrypted")
            operation.note(tables=len(rows), rows=sum(rows.values()))
        database.close()
    return rows


def _require_encrypted(settings: Settings) -> None:
    file = settings.storage.path / DATABASE_FILE
    if not settings.database.url and is_plain_sqlite(file):
        raise ConfigurationError(
            f"the database {file} is not encrypted", "stop the service, run: edms encrypt-database"
        )


def _first_people(actor: Actor, archive: Archive, *, demo: bool) -> dict[str, str]:
    """Add the demo people who are missing, else the administrator of an archive without people; their passwords."""
    people = DEMO_PEOPLE if demo else () if anybody(archive) else (FIRST_ADMINISTRATOR,)
    for code, name, parent in DEMO_OFFICES if demo else ():
        add_office(actor, archive, code, name, parent, only_if_missing=True)
    missing = [person for person in people if not person_exists(archive, person.username)]
    return {person.username: add_person(actor, archive, person, keeps_password=demo) for person in missing}


def rules_folder(settings: Settings) -> Path:
    """The rules of this installation; without a folder of its own the packaged example rules serve."""
    return settings.retention.rules if settings.retention.rules.is_dir() else resource("retention_rules")


def _assemble(settings: Settings, clock: Clock, ring: KeyRing, database: Database) -> Archive:
    trail = AuditTrail(clock, _origin(settings), ring.secret("audit-signing"))
    generations = _authorities(ring)
    material = generations[-1]
    signer, certified = open_signer(settings.signing, material, clock)
    public = certified + "".join(dict.fromkeys(part for one in reversed(generations) for part in one.certificates()))
    trust = TrustMaterial.from_pem(public.encode(), _timestamp_roots(settings))
    timestamps = _timestamps(settings, material, clock)
    plan = settings.memory
    limits, room = sandbox_limits(settings.text, plan.share_bytes), MemoryRoom(settings.storage.path / "run", plan)
    sandbox = Sandbox(limits, room=room)
    return Archive(
        settings=settings,
        clock=clock,
        database=database,
        door=Door(
            database,
            trail,
            clock,
            RowStates(ring.secret("row-states"), STATED),
            timedelta(minutes=settings.audit.disclosure_minutes),
            ring.secret("session"),
            report_altered,
        ),
        trail=trail,
        keys=ring,
        vault=Vault(LocalBlobStore(settings.storage.path / "blobs"), ring.keys, clock),
        pictures=PictureCache(settings.storage.path / "pictures", settings.storage.pictures_mb * MEBIBYTE),
        staging=Staging(settings.storage.path / "uploads", ring.secret("uploads")),
        sandbox=sandbox,
        reader=Reader(Sandbox(limits, resident=True, room=room), sandbox, settings.text),
        ocr=OcrMyPdfEngine(sandbox, settings.text),
        printer=LibreOfficePrinter(sandbox, settings.text),
        signer=signer,
        timestamps=timestamps,
        trust=trust,
        received_trust=received_trust(settings, trust),
        seal_rules=_seal_rules(settings, trust, generations),
        index=open_engines(settings, ring.secret("index"), settings.database.url or ""),
        public_pem=public + log_key_pem(trail.public_key),
        witnesses=witnesses_from(settings.audit.witnesses),
        scanner=_scanner(settings),
        personal=personal_signer(settings.signing, settings.archive, generations, clock, timestamps),
        personal_trust=personal_trust(settings.signing, generations),
        provider=open_provider(settings, clock),
        directory=open_directory(settings.ldap, clock),
    )


def _scanner(settings: Settings) -> Clamd | None:
    told = settings.screening
    return Clamd(told.clamd, told.timeout_seconds, told.max_scan_bytes) if told.clamd else None


def received_trust(settings: Settings, ours: TrustMaterial) -> TrustMaterial:
    """Return whom we trust on documents that come in: ourselves, and the roots that [signing] trusted_roots names."""
    place = settings.signing.trusted_roots
    if place is None:
        return ours
    files = sorted(file for name in ("*.pem", "*.crt") for file in place.glob(name)) if place.is_dir() else [place]
    if not files:
        raise ConfigurationError(f"signing.trusted_roots: there is no file *.pem or *.crt in {place}")
    found = [root for file in files for root in _trusted_in(file)]
    return TrustMaterial(tuple(dict.fromkeys((*ours.roots, *found))), ours.timestamp_roots)


def _trusted_in(file: Path) -> tuple[bytes, ...]:
    try:
        return TrustMaterial.from_pem(file.read_bytes()).roots
    except OSError as error:
        raise ConfigurationError(f"signing.trusted_roots: {file} cannot be read: {error.strerror}") from None
    except SigningFault as fault:
        raise ConfigurationError(f"signing.trusted_roots: {file}: {fault.message}") from None


def _seal_rules(settings: Settings, trust: TrustMaterial, generations: list[AuthorityMaterial]) -> SealRules:
    signing = settings.signing
    lists = [PilotLists(one) for one in generations]
    rules = FetchRules(signing.revocation_timeout_seconds, signing.revocation_max_bytes)
    return SealRules(
        signing.profile,
        signing.without_revocation_data == "wait",
        trust,
        CollectedRevocation(rules, {one.issuer: one for one in lists}),
    )


def _timestamps(settings: Settings, material: AuthorityMaterial, clock: Clock) -> TimestampAuthority:
    """The authorities in the order in which they are asked; the built-in one alone when none is configured."""
    signing = settings.signing
    found: list[TimestampAuthority] = [
        HttpTimestamps(
            one.url,
            TrustMaterial((), TrustMaterial.from_pem(_root_file(one.roots, one.url)).roots),
            clock,
            signing.timestamp_timeout_seconds,
            policy=one.policy,
            tolerance=timedelta(seconds=signing.timestamp_tolerance_seconds),
        )
        for one in _timestamp_authorities(settings)
    ]
    if not found or signing.fall_back_to_development:
        found.append(DevelopmentTimestamps(material, clock))
    return found[0] if len(found) == 1 else FallbackTimestamps(found)


def _timestamp_authorities(settings: Settings) -> list[TimestampAuthoritySettings]:
    """The configured authorities. Raises ConfigurationError when the first has no roots."""
    signing = settings.signing
    if not signing.timestamp_url:
        return list(signing.timestamp_authorities)
    if signing.timestamp_roots is None:
        raise ConfigurationError(
            "signing.timestamp_url is set and signing.timestamp_roots is not: any answer would be believed",
            "save the authority's root certificate as PEM and name the file",
        )
    first = TimestampAuthoritySettings(
        url=signing.timestamp_url, roots=signing.timestamp_roots, policy=signing.timestamp_policy
    )
    return [first, *signing.timestamp_authorities]


def _timestamp_roots(settings: Settings) -> bytes:
    """The certificates of all timestamp authorities that are believed. Raises ConfigurationError."""
    files = {one.roots: one.url for one in _timestamp_authorities(settings)}
    if settings.signing.timestamp_roots is not None:
        files.setdefault(settings.signing.timestamp_roots, "")
    return b"\n".join(_root_file(file, url) for file, url in files.items())


def _root_file(file: Path, url: str) -> bytes:
    try:
        content = file.read_bytes()
        TrustMaterial.from_pem(content)
    except OSError as error:
        raise ConfigurationError(f"signing.timestamp_roots of {url}: {file} cannot be read: {error.strerror}") from None
    except SigningFault as fault:
        raise ConfigurationError(f"signing.timestamp_roots of {url}: {file}: {fault.message}") from None
    return content


def _authorities(ring: KeyRing) -> list[AuthorityMaterial]:
    """Every generation of the pilot authority, the newest last: `authority`, `authority-2`, `authority-3` and so on."""
    names = [name for name in ring.names() if name == AUTHORITY or name.startswith(f"{AUTHORITY}-")]
    ordered = sorted(names, key=lambda name: int(name.removeprefix(AUTHORITY).lstrip("-") or 1))
    return [AuthorityMaterial.from_json(ring.secret(name)) for name in ordered or [AUTHORITY]]


def _origin(settings: Settings) -> str:
    """The name of the trail in checkpoints: one word, as the note format asks."""
    words = "".join(char if char.isalnum() else "-" for char in settings.archive.name.lower())
    return f"edms/{words.strip('-') or 'archive'}"


def _database(settings: Settings, ring: KeyRing) -> Database:
    return open_database(settings.database, settings.storage.path / DATABASE_FILE, lambda: ring.secret("database"))


def _make_storage(settings: Settings) -> None:
    storage = settings.storage.path
    try:
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(storage, 0o700)  # noqa: PTH101
    except OSError as error:
        raise StorageFault(f"{storage} cannot be made: {error.strerror}", "see [storage] path") from None


def _keys(settings: Settings, clock: Clock, unlock: Unlock | None, *, with_data: bool, locked: bool) -> KeyRing:
    """Open the key ring or make a new one; never a new key beside data that it could not open."""
    folder = settings.keys_path
    if with_data and not KeyRing.exists(folder):
        raise ConfigurationError(
            f"the key file in {folder} is missing and there is data that only it opens",
            "put the key folder back, or name it in [keys] path; a new key would not help",
        )
    unlock = unlock or Unlock(settings.keys.unlock)
    if KeyRing.exists(folder):
        ring = open_ring(folder, settings.keys, unlock)
    else:
        ring = create_ring(folder, settings.keys, clock, unlock, with_passphrase=locked)
    missing = {*_RANDOM_SECRETS, AUTHORITY}.difference(ring.names())
    later = set(_LATER_SECRETS).difference(ring.names())
    if with_data and missing:
        raise ConfigurationError(
            f"the key folder {folder} has lost: {', '.join(sorted(missing))}",
            "restore it from its backup; a new secret would open nothing that is there",
        )
    for name in sorted((missing | later) - {AUTHORITY}):
        ring.add_random(name)
    _renew_authority(settings, clock, ring)
    return ring


def _renew_authority(settings: Settings, clock: Clock, ring: KeyRing) -> None:
    """Make the pilot authority, or its next generation when the certificates end soon or have not begun."""
    whose, years = settings.archive, settings.signing.certificate_years
    if AUTHORITY not in ring.names():
        ring.add(AUTHORITY, create_authority(whose.organisation, whose.country, clock, years).to_json())
        return
    generations = _authorities(ring)
    if not generations[-1].usable(clock.now()):
        renewed = renew_authority(generations[-1], whose.organisation, whose.country, clock, years)
        ring.add(f"{AUTHORITY}-{len(generations) + 1}", renewed.to_json())
