"""The settings, section by section. Each has a default that suits one small machine; `config.example.toml`
documents every one of them, and a test keeps the two equal."""

from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from edms.core.access_settings import AccessSettings as AccessSettings
from edms.core.directory_settings import DirectorySettings
from edms.core.disposal_settings import DisposalSettings
from edms.core.flags import FLAGS, QUARANTINED_BY_DEFAULT
from edms.core.intake_settings import Listener, Mailbox, WatchedFolder, distinct
from edms.core.ldap_settings import LdapSettings
from edms.core.letterhead_settings import LetterheadSettings
from edms.core.mail_settings import MailSettings
from edms.core.memory import LEAST_BYTES, MEBIBYTE, MemoryPlan, default_bytes, machine_bytes
from edms.core.oidc_settings import OidcSettings
from edms.core.redaction_settings import RedactionSettings
from edms.core.retention_settings import RetentionSettings as RetentionSettings
from edms.core.search_settings import SearchSettings as SearchSettings
from edms.core.settings_section import Section as _Section
from edms.core.unlock import SOURCE


class ArchiveSettings(_Section):
    """Whose archive it is."""

    name: str = Field("Arsip Kota", min_length=1, max_length=200)
    organisation: str = Field("Pemerintah Kota", min_length=1, max_length=200)
    country: str = Field("ID", pattern="^[A-Z]{2}$")
    time_zone: str = "Asia/Jakarta"
    language: Literal["id", "en"] = "id"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"there is no time zone {value!r} on this machine; one is Asia/Jakarta (package tzdata)"
            ) from None
        return value


class StorageSettings(_Section):
    path: Path = Path("storage")
    garbage_grace_hours: int = Field(24, ge=1, le=720)
    little_space_bytes: int = Field(2 * 1024 * MEBIBYTE, ge=0)
    pictures_mb: int = Field(256, ge=0, le=102_400)


class DatabaseSettings(_Section):
    """`url` empty: SQLite under SQLCipher below the storage folder; else `postgresql+psycopg://…`."""

    url: str = ""
    busy_timeout_seconds: float = Field(30.0, gt=0, le=600)
    pool_size: int = Field(8, ge=1, le=200)


class KeySettings(_Section):
    """Who holds the key-encryption key, and where the secret comes from that opens it; the secret is no setting."""

    provider: Literal["file", "pkcs11", "transit"] = "file"
    path: Path | None = None
    unlock: str = Field("auto", pattern=SOURCE)
    pkcs11_module: str = ""
    pkcs11_token: str = ""
    pkcs11_wrapping: Literal["auto", "aes-gcm", "aes-key-wrap"] = "auto"
    transit_url: str = ""
    transit_mount: str = Field("transit", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    transit_key: str = Field("edms", pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    transit_ca_file: Path | None = None
    transit_timeout_seconds: float = Field(10.0, gt=0, le=120)
    transit_attempts: int = Field(3, ge=1, le=10)

    @field_validator("path", "transit_ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def rooted_at(self, folder: Path, storage: Path) -> "KeySettings":
        """Return a copy whose paths are absolute; the key folder lies below `storage` when none is named."""
        kind, _, name = self.unlock.partition(":")
        return self.model_copy(
            update={
                "path": folder / self.path if self.path else storage / "keys",
                "unlock": f"file:{folder / name}" if kind == "file" else self.unlock,
                "transit_ca_file": folder / self.transit_ca_file if self.transit_ca_file else None,
            }
        )


class ServerSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    threads: int = Field(8, ge=1, le=256)
    public_url: str = ""
    public_lookups_per_minute: int = Field(30, ge=1, le=10_000)
    sign_ins_per_minute: int = Field(60, ge=1, le=10_000)
    proxies: int = Field(0, ge=0, le=5)


class WorkerSettings(_Section):
    """`memory_bytes`: for all of capture on one machine, 0 for what suits it; `edms.core.memory` shares it out."""

    processes: int = Field(2, ge=1, le=64)
    memory_bytes: int = Field(0, ge=0)
    lease_seconds: int = Field(120, ge=5, le=3600)
    max_attempts: int = Field(4, ge=1, le=20)
    poll_seconds: float = Field(0.5, gt=0, le=60)
    lanes: tuple[Literal["quick", "long"], ...] = Field(("quick", "long"), min_length=1)

    @field_validator("memory_bytes")
    @classmethod
    def _enough(cls, value: int) -> int:
        if 0 < value < LEAST_BYTES:
            raise ValueError(f"must be at least {LEAST_BYTES}, or 0 for what suits the machine")
        return value

    @property
    def capture_bytes(self) -> int:
        """The memory for all of capture, as it is set or as it suits this machine."""
        return self.memory_bytes or default_bytes(machine_bytes())

    def memory(self, workers: int) -> MemoryPlan:
        """How that memory is shared out among `workers` (at least 1)."""
        return MemoryPlan.of(self.capture_bytes, workers)


class CaptureSettings(_Section):
    """`folders`: folders that are watched, each with a name of its own."""

    max_file_bytes: int = Field(2048 * MEBIBYTE, ge=1)
    max_name_length: int = Field(200, ge=16, le=255)
    max_files_per_upload: int = Field(500, ge=1)
    upload_expiry_hours: int = Field(72, ge=1, le=2160)
    max_unfinished_uploads: int = Field(1000, ge=1, le=100_000)
    max_unfinished_bytes: int = Field(20_480 * MEBIBYTE, ge=MEBIBYTE)
    disk_reserve_bytes: int = Field(512 * MEBIBYTE, ge=0)
    max_photographs: int = Field(60, ge=1, le=500)
    undo_seconds: int = Field(20, ge=0, le=3600)
    batch_review: Literal["always", "when_unsure", "never"] = "always"
    folders: tuple[WatchedFolder, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()
    listeners: tuple[Listener, ...] = ()
    listen_with_server: bool = True

    @field_validator("folders")
    @classmethod
    def _each_by_its_own_name(cls, value: tuple[WatchedFolder, ...]) -> tuple[WatchedFolder, ...]:
        return distinct(value, "folders")

    @field_validator("mailboxes")
    @classmethod
    def _each_mailbox_by_its_own_name(cls, value: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
        return distinct(value, "mailboxes")

    @field_validator("listeners")
    @classmethod
    def _each_listener_by_its_own_name(cls, value: tuple[Listener, ...]) -> tuple[Listener, ...]:
        return distinct(value, "listeners")

    def rooted_at(self, folder: Path) -> "CaptureSettings":
        """Return a copy whose paths are absolute."""
        return self.model_copy(
            update={
                name: tuple(one.rooted_at(folder) for one in getattr(self, name))
                for name in ("folders", "mailboxes", "listeners")
            }
        )


class ScreeningSettings(_Section):
    """`clamd`: "unix:/path" or "tcp:host:port"; empty, and nothing is scanned for malware."""

    clamd: str = Field("", pattern=r"^(|unix:/.+|tcp:.+:\d{1,5})$")
    timeout_seconds: float = Field(120.0, gt=0, le=3600)
    max_scan_bytes: int = Field(25 * MEBIBYTE, ge=1)
    rescan_days: int = Field(14, ge=0, le=3660)
    quarantine: tuple[str, ...] = QUARANTINED_BY_DEFAULT

    @field_validator("quarantine")
    @classmethod
    def _known_flags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(FLAGS))
        if unknown:
            raise ValueError(f"there is no flag {unknown[0]!r}; there are {', '.join(FLAGS)}")
        return value


class TextSettings(_Section):
    """Limits of the processes in which foreign files are parsed."""

    ocr_languages: str = Field("ind+eng", pattern=r"^[a-z_]{3,}(\+[a-z_]{3,})*$")
    ocr: Literal["auto", "off"] = "auto"
    office: Literal["auto", "off"] = "auto"
    pages_at_once: int = Field(8, ge=1, le=200)
    time_limit_seconds: int = Field(300, ge=1)
    max_output_bytes: int = Field(512 * MEBIBYTE, ge=MEBIBYTE)
    max_text_characters: int = Field(20_000_000, ge=1000)
    max_pages: int = Field(5000, ge=1)
    max_page_pixels: int = Field(60_000_000, ge=1_000_000)
    max_decompression_ratio: int = Field(100, ge=2)
    max_archive_entries: int = Field(10_000, ge=1)
    max_archive_depth: int = Field(3, ge=1, le=10)
    max_archive_bytes: int = Field(512 * MEBIBYTE, ge=MEBIBYTE)
    max_attachments: int = Field(200, ge=0, le=10_000)
    max_attachment_bytes: int = Field(128 * MEBIBYTE, ge=MEBIBYTE)


class TimestampAuthoritySettings(_Section):
    """An RFC 3161 authority: its address, the PEM file of its roots, the policy (OID) it must stamp under."""

    url: str = Field(pattern="^https?://.+")
    roots: Path
    policy: str = Field("", pattern=r"^(\d+(\.\d+)+)?$")


class SigningSettings(_Section):
    """`timestamp_url` empty: the built-in development authority, named as such wherever its time is shown.

    `timestamp_roots`: a PEM file of root certificates that the authority at `timestamp_url` is believed under.
    `trusted_roots`: a PEM file, or a folder of them, of roots under which signers of received documents are trusted.
    `profile`: the level of seals (ETSI EN 319 122-1 and 319 142-1); `without_revocation_data` says what happens when
    an authority does not tell whether a certificate was revoked.
    """

    provider: Literal["local", "pkcs12", "pkcs11", "csc"] = "local"
    certificates: Path | None = None
    unlock: str = Field("auto", pattern=SOURCE)
    pkcs12_file: Path | None = None
    pkcs11_module: str = ""
    pkcs11_token: str = ""
    pkcs11_key: str = ""
    csc_url: str = Field("", pattern="^(https?://.+)?$")
    csc_credential: str = ""
    csc_pin: str = Field("none", pattern=SOURCE)
    csc_timeout_seconds: float = Field(30.0, gt=0, le=300)
    profile: Literal["B-T", "B-LT", "B-LTA"] = "B-LT"
    without_revocation_data: Literal["wait", "B-T"] = "wait"
    revocation_timeout_seconds: float = Field(10.0, gt=0, le=120)
    revocation_max_bytes: int = Field(MEBIBYTE // 2, ge=4096, le=64 * MEBIBYTE)
    timestamp_url: str = ""
    timestamp_roots: Path | None = None
    trusted_roots: Path | None = None
    timestamp_policy: str = Field("", pattern=r"^(\d+(\.\d+)+)?$")
    timestamp_authorities: tuple[TimestampAuthoritySettings, ...] = ()
    timestamp_timeout_seconds: float = Field(15.0, gt=0, le=300)
    timestamp_tolerance_seconds: int = Field(600, ge=1, le=86_400)
    fall_back_to_development: bool = False
    certificate_years: int = Field(5, ge=1, le=30)
    evidence_algorithm: Literal["sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"] = "sha256"
    evidence_interval_hours: int = Field(24, ge=0, le=8784)
    renew_before_days: int = Field(365, ge=1, le=3660)
    retired_algorithms: dict[str, date] = Field(default_factory=dict)
    personal: Literal["off", "pilot", "bsre"] = "off"
    bsre_url: str = Field("", pattern="^(https?://.+)?$")
    bsre_user: str = ""
    bsre_password: str = Field("", pattern=r"^(file:.+|credential:[A-Za-z0-9._-]{1,100})?$")
    bsre_roots: Path | None = None
    bsre_timeout_seconds: float = Field(60.0, gt=0, le=300)

    @field_validator("timestamp_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    @field_validator("timestamp_roots", "trusted_roots", "certificates", "pkcs12_file", "bsre_roots", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def rooted_at(self, folder: Path) -> "SigningSettings":
        """Return a copy whose paths are absolute."""
        files = ("timestamp_roots", "trusted_roots", "certificates", "pkcs12_file", "bsre_roots")
        rooted: dict[str, object] = {name: folder / found for name in files if (found := getattr(self, name))}
        rooted["timestamp_authorities"] = tuple(
            one.model_copy(update={"roots": folder / one.roots}) for one in self.timestamp_authorities
        )
        for name in ("unlock", "csc_pin", "bsre_password"):
            kind, _, place = getattr(self, name).partition(":")
            rooted[name] = f"file:{folder / place}" if kind == "file" else getattr(self, name)
        return self.model_copy(update=rooted)


class AuditSettings(_Section):
    """`witnesses`: each "URL KEY", KEY being what its `edms audit witness key` prints."""

    checkpoint_minutes: int = Field(60, ge=1, le=10_080)
    disclosure_minutes: int = Field(10, ge=0, le=60)
    witnesses: tuple[str, ...] = ()


class VerificationSettings(_Section):
    """Everything is read at least once in `every_days`. `share_of_time`: the most of a worker's time that it takes;
    `bytes_per_second` 0: no other limit."""

    every_days: int = Field(30, ge=1, le=3660)
    share_of_time: float = Field(0.05, gt=0, le=0.5)
    bytes_per_second: int = Field(20 * MEBIBYTE, ge=0)
    slice_seconds: float = Field(2.0, gt=0, le=60)


class DigitisationSettings(_Section):
    """What a scan must be (alih media), `rule` naming where that is said; and how much of it is checked."""

    paper_dpi: int = Field(300, ge=72, le=2400)
    map_dpi: int = Field(400, ge=72, le=2400)
    photo_dpi: int = Field(600, ge=72, le=4800)
    bits: int = Field(24, ge=1, le=64)
    rule: str = Field("Permen ATR/BPN 2/2026", min_length=3, max_length=200)
    sample_percent: int = Field(10, ge=1, le=100)
    least_sample: int = Field(5, ge=1, le=1000)
    max_items: int = Field(1000, ge=1, le=10_000)


class Settings(_Section):
    """The whole configuration; `root` is the folder that relative paths start from."""

    archive: ArchiveSettings = ArchiveSettings()
    storage: StorageSettings = StorageSettings()
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    server: ServerSettings = ServerSettings()
    worker: WorkerSettings = WorkerSettings()
    capture: CaptureSettings = CaptureSettings()
    screening: ScreeningSettings = ScreeningSettings()
    text: TextSettings = TextSettings()
    signing: SigningSettings = SigningSettings()
    search: SearchSettings = SearchSettings()
    retention: RetentionSettings = RetentionSettings()
    access: AccessSettings = AccessSettings()
    directory: DirectorySettings = DirectorySettings()
    oidc: OidcSettings = OidcSettings()
    ldap: LdapSettings = LdapSettings()
    audit: AuditSettings = AuditSettings()
    verification: VerificationSettings = VerificationSettings()
    digitisation: DigitisationSettings = DigitisationSettings()
    redaction: RedactionSettings = RedactionSettings()
    letterhead: LetterheadSettings = LetterheadSettings()
    mail: MailSettings = MailSettings()
    disposal: DisposalSettings = DisposalSettings()

    def rooted_at(self, folder: Path) -> "Settings":
        """Return a copy whose paths are absolute, relative ones having been taken from `folder`."""
        storage = folder / self.storage.path
        return self.model_copy(
            update={
                "storage": self.storage.model_copy(update={"path": storage}),
                "keys": self.keys.rooted_at(folder, storage),
                "capture": self.capture.rooted_at(folder),
                "signing": self.signing.rooted_at(folder),
                "oidc": self.oidc.rooted_at(folder),
                "ldap": self.ldap.rooted_at(folder),
                "mail": self.mail.rooted_at(folder),
                "letterhead": self.letterhead.rooted_at(folder),
                "search": self.search.rooted_at(folder),
                "retention": self.retention.model_copy(update={"rules": folder / self.retention.rules}),
            }
        )

    @property
    def memory(self) -> MemoryPlan:
        """How the memory for capture on this machine is shared out."""
        return self.worker.memory(self.worker.processes)

    @property
    def keys_path(self) -> Path:
        """The folder of the key ring (absolute once `rooted_at` was called)."""
        return self.keys.path or self.storage.path / "keys"
