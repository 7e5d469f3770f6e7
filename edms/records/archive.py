"""What a use case works with: the door and the mechanisms, built once by `edms.bootstrap`."""

from dataclasses import dataclass, field

from edms.audit.trail import AuditTrail
from edms.audit.witness_client import Witness
from edms.core.clock import Clock
from edms.core.database import Database
from edms.core.sandbox import Sandbox
from edms.core.settings import Settings
from edms.directory.entries import PeopleDirectory
from edms.operation.door import Door
from edms.provider.client import OpenIdProvider
from edms.screening.protocol import MalwareScanner
from edms.search.serving import SearchEngines
from edms.signing.personal import PersonalSigner
from edms.signing.profiles import SealRules
from edms.signing.protocols import Signer, TimestampAuthority
from edms.signing.trust import TrustMaterial
from edms.text.ocr import OcrEngine
from edms.text.office_printer import OfficePrinter
from edms.text.reader import Reader
from edms.vault.keyring import KeyRing
from edms.vault.pictures import PictureCache
from edms.vault.staging import Staging
from edms.vault.vault import Vault


@dataclass(frozen=True)
class Archive:
    """One archive, open: every adapter behind its protocol. `public_pem` is what outsiders need to check us.

    `trust`: roots of our own seals and timestamps. `received_trust`: these, and those the city trusts on what comes in.
    """

    settings: Settings
    clock: Clock
    database: Database
    door: Door
    trail: AuditTrail
    keys: KeyRing
    vault: Vault
    pictures: PictureCache
    staging: Staging
    sandbox: Sandbox
    reader: Reader
    ocr: OcrEngine
    printer: OfficePrinter
    signer: Signer
    timestamps: TimestampAuthority
    trust: TrustMaterial
    received_trust: TrustMaterial
    seal_rules: SealRules
    index: SearchEngines
    public_pem: str
    witnesses: tuple[Witness, ...] = ()
    scanner: MalwareScanner | None = None
    personal: PersonalSigner | None = None
    personal_trust: TrustMaterial = field(default_factory=TrustMaterial)
    provider: OpenIdProvider | None = None
    directory: PeopleDirectory | None = None
