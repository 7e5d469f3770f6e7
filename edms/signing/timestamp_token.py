"""Reading and judging RFC 3161 timestamp tokens, whoever made them. Needs no network, no database and no clock.

A token is judged as of a moment: that at which it is relied on. For a timestamp of today that is now; for one that a
later timestamp covers it is the time of the later one, whatever has become of its certificate since (RFC 4998 5.3).
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from asn1crypto import cms, tsp, x509
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from edms.core.coroutines import finish
from edms.signing.authority import DEVELOPMENT
from edms.signing.errors import SigningFault

# Its verdicts come back as values; its log of every damaged signature is noise, and would end up in front of users.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)

MOST_TOKEN_BYTES = 1024 * 1024
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

# From when on an algorithm carries no proof. SHA-1: the first published collision. Settings may name more.
RETIRED: Mapping[str, date] = {"md5": date(2004, 8, 17), "sha1": date(2017, 2, 23)}


@dataclass(frozen=True)
class Token:
    """What a token says. `algorithm` by hashlib's name; `policy`: an OID; `begins`, `until`: the certificate's time.

    `signature_digest` is the algorithm that the authority's signature hashes with. `development` marks the built-in
    authority, which proves nothing to others.
    """

    time: datetime
    algorithm: str
    imprint: bytes
    policy: str
    nonce: int | None
    accuracy_seconds: float
    authority: str
    begins: datetime
    until: datetime
    signature_digest: str
    signer: x509.Certificate
    signed_data: cms.SignedData

    @property
    def development(self) -> bool:
        return DEVELOPMENT in self.authority


def read_token(data: bytes) -> Token:
    """Read a token. Raises SigningFault, for any bytes whatever, that says why they are not one."""
    if len(data) > MOST_TOKEN_BYTES:
        raise SigningFault(f"the timestamp is larger than {MOST_TOKEN_BYTES} bytes")
    try:
        info = cms.ContentInfo.load(data, strict=True)
        if info["content_type"].native != "signed_data":
            raise ValueError("it is not signed data")
        return _token(info["content"])
    except _BROKEN as error:
        raise SigningFault(f"this is not a timestamp: {error}"[:200]) from None


def seal_timestamp(seal: bytes) -> Token:
    """Return the timestamp over the signature of a CMS seal. Raises SigningFault when there is none to read."""
    try:
        signer = cms.ContentInfo.load(seal, strict=True)["content"]["signer_infos"][0]
        for attribute in signer["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                return read_token(attribute["values"][0].dump())
    except _BROKEN:
        pass
    raise SigningFault("there is no timestamp in the seal")


def _token(data: cms.SignedData) -> Token:
    if len(data["signer_infos"]) != 1:
        raise ValueError("it has not exactly one signer")
    if data["encap_content_info"]["content_type"].native != "tst_info":
        raise ValueError("it does not tell a time")
    told = data["encap_content_info"]["content"].parsed
    if not isinstance(told, tsp.TSTInfo) or told["version"].native != "v1":
        raise ValueError("it does not tell a time")
    time = told["gen_time"].native
    if not isinstance(time, datetime):
        raise ValueError("its time is not one")
    signer = data["signer_infos"][0]
    certificate = _signer_certificate(data, signer["sid"])
    return Token(
        time=time.astimezone(UTC),
        algorithm=told["message_imprint"]["hash_algorithm"]["algorithm"].native,
        imprint=told["message_imprint"]["hashed_message"].native,
        policy=told["policy"].dotted,
        nonce=told["nonce"].native,
        accuracy_seconds=_accuracy(told["accuracy"].native),
        authority=str(certificate.subject.human_friendly),
        begins=certificate.not_valid_before,
        until=certificate.not_valid_after,
        signature_digest=signer["digest_algorithm"]["algorithm"].native,
        signer=certificate,
        signed_data=data,
    )


def problems(
    token: Token, algorithm: str, imprint: bytes, roots: Iterable[bytes], moment: datetime,
    retired: Mapping[str, date] = RETIRED,
) -> list[str]:  # fmt: skip
    """Return what is wrong with `token` as a proof that `imprint` existed, relied on at `moment`; empty when nothing.

    `roots`: the certificates (DER) under which timestamps are believed.
    """
    found = []
    if (token.algorithm, token.imprint) != (algorithm, imprint):
        found.append("it is about something else")
    try:
        found += _certificate_problems(token)
    except _BROKEN as error:
        found.append(f"its certificate cannot be read ({type(error).__name__})")
    if not token.begins <= token.time <= token.until:
        found.append("its certificate was not valid at the time that it tells")
    if moment > token.until:
        found.append(f"its certificate ended on {token.until:%Y-%m-%d}, before it was renewed")
    for name in dict.fromkeys((token.algorithm, token.signature_digest)):
        if name in retired and moment.date() >= retired[name]:
            found.append(f"{name} carries no proof since {retired[name]}")
    return found or _signature_problems(token, imprint, roots, moment)


def _signature_problems(token: Token, imprint: bytes, roots: Iterable[bytes], moment: datetime) -> list[str]:
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in roots],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        best_signature_time=moment,
    )
    try:
        told = finish(validate_tst_signed_data(token.signed_data, context, lambda _name: imprint))
    except Exception as error:  # noqa: BLE001 - pyHanko raises errors of many kinds on damaged ones
        return [f"it cannot be checked ({type(error).__name__})"]
    status = TimestampSignatureStatus(**told)
    if not status.intact or not status.valid:
        return ["its signature is not valid"]
    return [] if status.trusted else ["it is not by an authority under a trusted root"]


def _certificate_problems(token: Token) -> list[str]:
    """Check what RFC 3161 section 2.3 and RFC 5816 ask: a key for timestamps alone, and a token bound to it."""
    usage = token.signer.extended_key_usage_value
    found = []
    if usage is None or usage.native != ["time_stamping"]:
        found.append("its certificate is not for timestamps alone")
    elif "extended_key_usage" not in token.signer.critical_extensions:
        found.append("its certificate does not say in a critical way that it is for timestamps")
    if not _bound(token):
        found.append("it does not name its certificate (ESSCertID)")
    return found


def _bound(token: Token) -> bool:
    """True when the signed attributes name the signer's certificate by its hash: not another of the same key."""
    try:
        for attribute in token.signed_data["signer_infos"][0]["signed_attrs"]:
            kind = attribute["type"].native
            if kind == "signing_certificate_v2":
                named = attribute["values"][0]["certs"][0]
                name = named["hash_algorithm"]["algorithm"].native
            elif kind == "signing_certificate":
                named, name = attribute["values"][0]["certs"][0], "sha1"
            else:
                continue
            told: bytes = named["cert_hash"].native
            return told == hashlib.new(name, token.signer.dump(), usedforsecurity=False).digest()
    except _BROKEN:
        return False
    return False


def _signer_certificate(data: cms.SignedData, identifier: cms.SignerIdentifier) -> x509.Certificate:
    for wrapped in data["certificates"]:
        certificate = wrapped.chosen
        if not isinstance(certificate, x509.Certificate):
            continue
        if identifier.name == "issuer_and_serial_number":
            wanted = identifier.chosen
            if (certificate.issuer.dump(), certificate.serial_number) == (
                wanted["issuer"].dump(),
                wanted["serial_number"].native,
            ):
                return certificate
        elif certificate.key_identifier == identifier.chosen.native:
            return certificate
    raise ValueError("the certificate of its signer is not in it")


def _accuracy(told: Any) -> float:
    if not told:
        return 0.0
    return (told["seconds"] or 0) + (told["millis"] or 0) / 1e3 + (told["micros"] or 0) / 1e6
