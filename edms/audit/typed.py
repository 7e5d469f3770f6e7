"""Speaking of what somebody typed without telling it: a keyed digest (docs/formats/audit.md, section 10).

Without the key nobody can try the words of a dictionary against the log. With it, the archive can say whether this very
question was asked, by whom and when.
"""

import hmac
import unicodedata

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TYPED_LABEL = b"edms audit typed 1"


def derived_key(signing_seed: bytes, label: bytes) -> bytes:
    """Return the 32-byte key for one purpose, derived from the trail's signing seed (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=label).derive(signing_seed)


def typed_digest(key: bytes, typed: str) -> str:
    """Return HMAC-SHA256 of `typed` in hexadecimal, regardless of case, compatibility forms and white space."""
    plain = " ".join(unicodedata.normalize("NFKC", typed).casefold().split())
    return hmac.digest(key, plain.encode("utf-8", "surrogatepass"), "sha256").hex()
