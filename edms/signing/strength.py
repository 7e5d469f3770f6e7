"""How strong the algorithms of a signature are: what is weak is named, beside the verdicts and not instead of them.

A broken digest lets two documents have one signature; a short key lets somebody else sign. Limits: NIST SP 800-131A
rev. 2 (RSA and DSA from 2048 bits, elliptic curves from 224, no MD5, no SHA-1).
"""

import contextlib
from typing import Any, Final

BROKEN_DIGESTS: Final = ("md2", "md5", "sha1")
_LEAST_BITS: Final = {"rsa": 2048, "rsassa_pss": 2048, "dsa": 2048, "ec": 224}


def weaknesses(data: Any, signer: Any) -> tuple[str, ...]:
    """Return what is weak about a signature: names such as `sha1`, `rsa 1024`, `certificate sha1`, `timestamp sha1`.

    `data`: its CMS signed data; `signer`: the certificate of the signer (both asn1crypto).
    """
    found = [name for name in digests(data) if name in BROKEN_DIGESTS]
    found += short_key(signer)
    if not signer.self_issued and _hash(signer) in BROKEN_DIGESTS:
        found.append(f"certificate {_hash(signer)}")
    found += [f"timestamp {name}" for name in _of_timestamp(data) if name in BROKEN_DIGESTS]
    return tuple(dict.fromkeys(found))


def digests(data: Any) -> tuple[str, ...]:
    """Return the digests that the one signer's value rests on."""
    info = data["signer_infos"][0]
    names = [str(info["digest_algorithm"]["algorithm"].native)]
    with contextlib.suppress(ValueError):  # an algorithm without a digest of its own, such as Ed25519
        names.append(str(info["signature_algorithm"].hash_algo))
    return tuple(dict.fromkeys(names))


def short_key(certificate: Any) -> list[str]:
    """Return what is weak about the key of a certificate (asn1crypto): nothing, or `rsa 1024`."""
    try:
        kind, bits = str(certificate.public_key.algorithm), int(certificate.public_key.bit_size)
    except (ValueError, TypeError, KeyError, AttributeError, UnboundLocalError):
        return []  # Ed25519 and Ed448, of which asn1crypto knows no size; they are strong
    return [f"{kind} {bits}"] if bits < _LEAST_BITS.get(kind, 0) else []


def _hash(certificate: Any) -> str:
    try:
        return str(certificate.hash_algo)
    except (ValueError, AttributeError):
        return ""


def _of_timestamp(data: Any) -> tuple[str, ...]:
    attributes = data["signer_infos"][0]["unsigned_attrs"]
    for attribute in attributes if attributes.native else ():
        if attribute["type"].native == "signature_time_stamp_token":
            token = attribute["values"][0]["content"]
            imprint = token["encap_content_info"]["content"].parsed["message_imprint"]
            return (*digests(token), str(imprint["hash_algorithm"]["algorithm"].native))
    return ()
