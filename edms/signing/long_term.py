"""Levels LT and LTA of a detached CAdES seal (ETSI EN 319 122-1), which pyHanko makes for PDF alone.

LT (clause 6.3): certificates and revocation data lie in the fields `certificates` and `crls` of the signature, an OCSP
response as RFC 5940 has it. LTA (clause 5.5.3): an attribute archive-time-stamp-v3, whose token carries the attribute
ats-hash-index-v3 (clause 5.5.2). Both are unsigned additions: the signature stays as it was.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from asn1crypto import algos, cms, core, crl, ocsp, x509
from pyhanko.sign.timestamps import TimeStamper

from edms.core.coroutines import finish
from edms.signing.revocation import RevocationData

ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
DIGEST = "sha256"


class _Hashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class HashIndex(core.Sequence):  # type: ignore[misc]
    """ATSHashIndexV3: a hash of every certificate, every revocation datum and every unsigned attribute value."""

    _fields = [  # noqa: RUF012 - asn1crypto fills this list in
        ("hash_algorithm", algos.DigestAlgorithm),
        ("certificates", _Hashes),
        ("crls", _Hashes),
        ("unsigned_attributes", _Hashes),
    ]


def with_revocation_data(seal: bytes, data: RevocationData) -> bytes:
    """Return the seal (DER) with the certificates and revocation data added: level LT."""
    info = cms.ContentInfo.load(seal)
    content = info["content"]
    held = {choice.chosen.dump(): choice for choice in content["certificates"]}
    for der in data.path:
        held.setdefault(der, cms.CertificateChoices("certificate", x509.Certificate.load(der)))
    choices = [cms.RevocationInfoChoice("crl", crl.CertificateList.load(der)) for der in data.crls]
    choices += [cms.RevocationInfoChoice("other", _other(der)) for der in data.ocsps]
    content["certificates"] = cms.CertificateSet(_in_order(held.values()))
    content["crls"] = cms.RevocationInfoChoices(_in_order(choices))
    if data.ocsps:
        content["version"] = "v5"  # RFC 5652 section 5.1: revocation information of another format
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": content}).dump())


def _other(der: bytes) -> Any:
    return cms.OtherRevocationInfoFormat(
        {"other_rev_info_format": "ocsp_response", "other_rev_info": ocsp.OCSPResponse.load(der)}
    )


def _in_order(choices: Iterable[Any]) -> list[Any]:
    """DER sorts the parts of a set by their encoding (X.690 section 11.6)."""
    return sorted(choices, key=lambda choice: bytes(choice.dump()))


def with_archive_timestamp(seal: bytes, content: bytes, timestamper: TimeStamper) -> bytes:
    """Return a seal over `content` with an archive timestamp over all that is in it: level LTA."""
    info = cms.ContentInfo.load(seal)
    data = info["content"]
    signer = data["signer_infos"][0]
    index = hash_index(data, signer)
    imprint = archive_imprint(data, signer, hashlib.new(DIGEST, content).digest(), index, DIGEST)
    token = finish(timestamper.async_timestamp(imprint, DIGEST))
    token = cms.ContentInfo.load(token.dump())
    stamped = token["content"]["signer_infos"][0]
    stamped["unsigned_attrs"] = _attributes([*_own(stamped), _attribute(HASH_INDEX_V3, index)])
    signer["unsigned_attrs"] = _attributes([*_own(signer), _attribute(ARCHIVE_TIMESTAMP_V3, token)])
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def _own(signer: Any) -> list[Any]:
    found = signer["unsigned_attrs"]
    return list(found) if isinstance(found, cms.CMSAttributes) else []


def _attribute(kind: str, value: Any) -> Any:
    return cms.CMSAttribute({"type": kind, "values": [core.Any(value)]})


def _attributes(found: Iterable[Any]) -> Any:
    return cms.CMSAttributes(_in_order(found))


def hash_index(data: Any, signer: Any, algorithm: str = DIGEST) -> HashIndex:
    """Return the index over what is in the signature now (clause 5.5.2)."""

    def hashed(parts: Iterable[bytes]) -> list[bytes]:
        return [hashlib.new(algorithm, part).digest() for part in parts]

    crls = data["crls"]
    return HashIndex(
        {
            "hash_algorithm": {"algorithm": algorithm},
            "certificates": hashed(choice.dump() for choice in data["certificates"]),
            "crls": hashed(choice.dump() for choice in crls) if isinstance(crls, cms.RevocationInfoChoices) else [],
            "unsigned_attributes": hashed(
                attribute["type"].dump() + value.dump() for attribute in _own(signer) for value in attribute["values"]
            ),
        }
    )


def archive_imprint(data: Any, signer: Any, content_digest: bytes, index: Any, algorithm: str) -> bytes:
    """Return what an archive timestamp is over (clause 5.5.3): content type, digest, fields of the signer, index."""
    fields = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    parts = [data["encap_content_info"]["content_type"].dump(), content_digest]
    parts += [signer[name].dump() for name in fields]
    return hashlib.new(algorithm, b"".join([*parts, index.dump()])).digest()


def archive_timestamps(signer: Any) -> list[Any]:
    """Return the archive timestamps in a signature, in their order, as signed data."""
    values = (
        value
        for attribute in _own(signer)
        if attribute["type"].dotted == ARCHIVE_TIMESTAMP_V3
        for value in attribute["values"]
    )
    return [cms.ContentInfo.load(value.dump())["content"] for value in values]


def archive_timestamp_covers(data: Any, signer: Any, content: bytes, token: Any) -> bytes | None:
    """Return the digest that the token must be over; None when it is about something else than is there now.

    What was added after it, such as a later archive timestamp, is not covered by it and does not harm it.
    """
    stamped = token["signer_infos"][0]
    told = [
        value
        for attribute in _own(stamped)
        if attribute["type"].dotted == HASH_INDEX_V3
        for value in attribute["values"]
    ]
    if len(told) != 1:
        return None
    index = HashIndex.load(told[0].dump(), strict=True)
    now = hash_index(data, signer, index["hash_algorithm"]["algorithm"].native)
    for part in ("certificates", "crls", "unsigned_attributes"):
        if not set(index[part].native) <= set(now[part].native):
            return None
    algorithm = token["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native
    return archive_imprint(data, signer, hashlib.new(algorithm, content).digest(), index, algorithm)


def embedded_data(data: Any) -> RevocationData:
    """Return the revocation data and certificates that lie in a signature."""
    choices = data["crls"]
    crls, ocsps = [], []
    for choice in choices if isinstance(choices, cms.RevocationInfoChoices) else ():
        if choice.name == "crl":
            crls.append(choice.chosen.dump())
        elif choice.chosen["other_rev_info_format"].native == "ocsp_response":
            ocsps.append(choice.chosen["other_rev_info"].dump())
    held = [choice.chosen.dump() for choice in data["certificates"] if choice.name == "certificate"]
    return RevocationData(tuple(held), tuple(crls), tuple(ocsps))
