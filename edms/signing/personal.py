"""Personal signatures of officials: the seam behind which a provider signs as one person (R59, R62).

The organisation's seal says that the archive holds a document; a personal signature says that an official stands for
it. So the key, or the passphrase that lets a provider use it, is the official's alone.
"""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from edms.core.errors import EdmsError
from edms.core.secret import Secret
from edms.signing.verification import TrustMaterial

FIELD = "EdmsSignature"


class WrongPassphrase(EdmsError):
    """The provider does not accept the passphrase. Which of its letters is wrong nobody says."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__("the passphrase is wrong; nothing was signed", "try again")


class SignatureUnavailable(EdmsError):
    """The provider gave no signature. Fails closed: nothing was signed, and only the signer tries again (R59)."""

    exit_code = 1


class AnswerRefused(EdmsError):
    """The provider answered with something that is not the document with one signature of this person added."""

    exit_code = 1


@dataclass(frozen=True)
class Signatory:
    """Who signs. `identity`: what the provider knows the person by (for BSrE the NIK), never shown.

    `certificate` (DER) where it is known beforehand, else empty: then `name` and `identity` are held against the one
    that comes back. `sealed_key`: the pilot's key under the passphrase, empty for others.
    """

    name: str
    identity: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    sealed_key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Placement:
    """Where the visible field stands: page from 1, lower left corner and size in points of user space (1/72 inch)."""

    page: int
    x: int
    y: int
    width: int
    height: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True)
class Mark:
    """What the field shows and says: a picture (PNG), the address in its QR code, reason and place of signing."""

    placement: Placement
    picture: bytes = field(repr=False)
    link: str
    reason: str
    location: str


class PersonalSigner(Protocol):
    """Signs a PDF as one person.

    `sign` MUST return the document it was given, byte for byte, with one incremental update that holds one new
    signature by the signatory, shown at the mark's place. It MUST take the passphrase for this signing alone: it MUST
    NOT keep it, log it, write it to a file, or put it into an exception or a representation. Whatever goes wrong, it
    MUST raise WrongPassphrase, SignatureUnavailable or AnswerRefused and have signed nothing that it hands out; it MUST
    NOT try again by itself. It MUST end within the time it was configured with. `provider` names it ("pilot", "bsre");
    `pilot` MUST be True when its certificates are recognised by nobody outside; `trust` MUST hold the roots under which
    its signatures are believed, and no others.
    """

    @property
    def provider(self) -> str: ...

    @property
    def pilot(self) -> bool: ...

    @property
    def trust(self) -> TrustMaterial: ...

    def sign(self, document: bytes, signatory: Signatory, passphrase: Secret, mark: Mark) -> bytes: ...


@runtime_checkable
class PersonalIssuer(PersonalSigner, Protocol):
    """A signer that also issues the certificates: the pilot authority.

    `issue` MUST return a certificate (DER) and its key encrypted under the passphrase, and keep neither. `change` MUST
    return the key under another passphrase, or raise WrongPassphrase.
    """

    def issue(self, name: str, passphrase: Secret) -> tuple[bytes, bytes]: ...

    def change(self, certificate: bytes, sealed_key: bytes, old: Secret, new: Secret) -> bytes: ...
