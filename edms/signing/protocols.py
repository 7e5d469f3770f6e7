"""The two seams of signing: who signs, and who says when."""

from typing import Protocol

from asn1crypto import x509
from pyhanko.sign.signers import Signer as PdfSigner
from pyhanko.sign.timestamps import TimeStamper

from edms.core.clock import Clock


class Signer(Protocol):
    """Signs as the organisation.

    `provider` MUST name where the key lies, as shown to people. `pyhanko()` MUST return a signer that carries the
    certificates up to, and including, the root. The key MUST NOT be in any message, log or representation, nor what
    opens it. `certificate` MUST be known while the key cannot be reached. `pilot` MUST be True for the archive's own
    authority alone. `require_ready()` MUST raise SignerUnavailable when no seal could be made, and sign nothing.
    """

    @property
    def provider(self) -> str: ...

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def pilot(self) -> bool: ...

    def pyhanko(self) -> PdfSigner: ...

    def require_ready(self) -> None: ...


class TimestampAuthority(Protocol):
    """Gives RFC 3161 timestamps.

    `pyhanko()` MUST return a client that checks nonce and imprint of every answer and raises when the authority does
    not answer in time; a seal is then not made. `development` MUST be True for an authority that proves nothing.
    """

    @property
    def name(self) -> str: ...

    @property
    def development(self) -> bool: ...

    def pyhanko(self) -> TimeStamper: ...
