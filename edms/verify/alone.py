#!/usr/bin/env python3
"""Check an evidence bundle with this one file: Python 3.11 or newer and the `cryptography` package, nothing else.

    python alone.py BUNDLE.zip --key archive.pem [--timestamp-key roots.pem] [--witness NAME+ID+KEY ...]

Read it before you believe it: top to bottom it is the list of what makes a record genuine, in the order of
docs/formats/evidence-bundle.md, section 4. It shares no code with the program that writes bundles, on purpose.
Exit status: 0 all holds, 1 something does not, 2 the files cannot be read.
"""

import argparse
import base64
import hashlib
import json
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp

MOST_TEXT = 4 * 1024 * 1024
MOST_ENTRIES = 1000
MOST_CHAIN = 8


class Wrong(Exception):
    """Something does not hold; the message says what."""


# 1. The zip file, and what lies in it.

REQUIRED = ("manifest.json", "seal.p7s", "audit/leaf.json", "audit/proof.json", "audit/checkpoint.txt")
OPTIONAL = ("README.txt", "keys/archive.pem", "keys/witnesses.txt", "evidence/record.ers", "timestamps/checkpoint.tst",
            "timestamps/seal.tst", "timestamps/seal.bin")  # fmt: skip


def entry_of(part: dict[str, Any]) -> str:
    """Return where a component of the manifest lies: components/ROLE/NAME, each made safe as one step of a path."""
    return "components/" + "/".join(one_step(str(part[key])) for key in ("role", "name"))


def one_step(name: str) -> str:
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    safe = "".join("_" if char in '/\\:*?"<>|' or unicodedata.category(char) in hidden else char for char in name)
    while len(safe.encode("utf-8", "replace")) > 180:
        safe = safe[1:]
    return safe if safe.strip(". ") else "_" * max(1, len(safe))


def small(bundle: zipfile.ZipFile, name: str) -> bytes:
    """Return an entry that is not a component; no bundle has a large one."""
    if bundle.getinfo(name).file_size > MOST_TEXT:
        raise Wrong(f"{name} is larger than any bundle's")
    return bundle.read(name)


def check_content(bundle: zipfile.ZipFile) -> tuple[bytes, dict[str, Any]]:
    """The manifest has one reading, and the components are the ones that it names, no more, no less."""
    names = bundle.namelist()
    places = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) for name in names}
    if len(names) > MOST_ENTRIES or len(places) != len(names):
        raise Wrong("the zip file has too many entries, or two of one name")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise Wrong(f"missing: {', '.join(missing)}")
    sealed = small(bundle, "manifest.json")
    manifest = json.loads(sealed)
    if json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() != sealed:
        raise Wrong("manifest.json is not in canonical form, so it could be read in two ways")
    if manifest.get("version") != 1:
        raise Wrong("manifest.json is of a version that this checker does not know")
    parts = {entry_of(part): part for part in manifest["components"]}
    if not parts or len(parts) != len(manifest["components"]):
        raise Wrong("the manifest names no components, or two at one place")
    strangers = set(names) - set(REQUIRED) - set(OPTIONAL) - set(parts)
    # Copies of parts of the seal, for those who check by hand: nothing here rests on them.
    strangers = {name for name in strangers if not name.startswith(("certificates/", "timestamps/seal."))}
    if strangers:
        raise Wrong(f"what the manifest does not name: {', '.join(sorted(strangers))}")
    for name, part in parts.items():
        if name not in names:
            raise Wrong(f"{name} is missing")
        digest, size = hashlib.sha256(), 0
        with bundle.open(name) as stream:
            while piece := stream.read(1024 * 1024):
                digest.update(piece)
                size += len(piece)
                if size > part["size"]:
                    raise Wrong(f"{name} is longer than the manifest says")
        if (size, digest.hexdigest()) != (part["size"], part["sha256"]):
            raise Wrong(f"{name} is not what the manifest names")
    return sealed, manifest


# 2. DER: just enough to take a signature apart (X.690).


class Der(NamedTuple):
    """One element: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes) -> list[Der]:
    """Split bytes into the elements that they are made of. Definite lengths only, as DER asks."""
    found, place = [], 0
    while place < len(data):
        start, tag = place, data[place]
        if tag & 0x1F == 0x1F or place + 1 >= len(data):
            raise Wrong("the signature is not DER")
        length, place = data[place + 1], place + 2
        if length >= 0x80:
            count = length & 0x7F
            length, place = int.from_bytes(data[place : place + count], "big"), place + count
            if not 0 < count <= 4:
                raise Wrong("the signature is not DER")
        if place + length > len(data):
            raise Wrong("the signature is cut")
        found.append(Der(tag, data[place : place + length], data[start : place + length]))
        place += length
    return found


def inside(element: Der, tag: int = 0x30) -> list[Der]:
    if element.tag != tag:
        raise Wrong("the signature does not have the parts that one has")
    return elements(element.content)


def oid(element: Der) -> str:
    """Return an object identifier in dotted form."""
    numbers, value = [], 0
    for byte in element.content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


# 3. A CMS signature (RFC 5652) with the attributes of CAdES (ETSI EN 319 122-1).

HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2, TIMESTAMP = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14"
PSS = "1.2.840.113549.1.1.10"
STAMPS_ALONE = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING])


class Signature(NamedTuple):
    """A signature that was found to hold: over what, by whom, with which certificates and unsigned attributes."""

    content: bytes
    value: bytes
    signer: x509.Certificate
    certificates: list[x509.Certificate]
    unsigned: dict[str, Der]
    told: list[Der]


def digest_of(algorithm: Der, data: bytes) -> bytes:
    kind = HASHES.get(oid(inside(algorithm)[0]))
    if kind is None:
        raise Wrong("the signature uses a hash that this checker does not take")
    return hashlib.new(kind.name, data).digest()


def check_signature(data: bytes, detached: bytes | None = None) -> Signature:
    """Check a CMS signature by one signer, over `detached` or over the content that it carries."""
    outer = elements(data)
    if len(outer) != 1 or oid(inside(outer[0])[0]) != SIGNED_DATA:
        raise Wrong("that is not one CMS signature")
    fields = inside(inside(inside(outer[0])[1], 0xA0)[0])
    encapsulated = inside(fields[2])
    content = detached
    if content is None:
        content = inside(encapsulated[1], 0xA0)[0].content
    certificates = [
        x509.load_der_x509_certificate(one.whole)
        for field in fields[3:-1] if field.tag == 0xA0
        for one in elements(field.content)
    ]  # fmt: skip
    told = [one for field in fields[3:-1] if field.tag == 0xA1 for one in elements(field.content)]
    signers = inside(fields[-1], 0x31)
    if len(signers) != 1:
        raise Wrong("there is not exactly one signer")
    info = inside(signers[0])
    signer = named_signer(info[1], certificates)
    signed = next((field for field in info if field.tag == 0xA0), None)
    if signed is None:
        raise Wrong("the signature has no signed attributes")
    after = info[info.index(signed) + 1 :]
    attributes = named_values(signed)
    if oid(attributes[CONTENT_TYPE]) != oid(encapsulated[0]):
        raise Wrong("the signature is about content of another type")
    if attributes[MESSAGE_DIGEST].content != digest_of(info[2], content):
        raise Wrong("the content is not what was signed")
    check_binding(attributes.get(SIGNING_CERTIFICATE_V2), signer)
    # What is signed is the attributes as a SET (RFC 5652 section 5.4).
    check_value(signer, after[0], info[2], after[1].content, b"\x31" + signed.whole[1:])
    unsigned = next((named_values(field) for field in after if field.tag == 0xA1), {})
    return Signature(content, after[1].content, signer, certificates, unsigned, told)


def named_values(attributes: Der) -> dict[str, Der]:
    """Return attributes by their identifier; each is there once, with one value."""
    found: dict[str, Der] = {}
    for attribute in elements(attributes.content):
        kind, values = inside(attribute)
        name, inner = oid(kind), inside(values, 0x31)
        if name in found or len(inner) != 1:
            raise Wrong("an attribute of the signature has two readings")
        found[name] = inner[0]
    return found


def named_signer(identifier: Der, certificates: list[x509.Certificate]) -> x509.Certificate:
    issuer, serial = inside(identifier)
    for one in certificates:
        if one.issuer.public_bytes() == issuer.whole and one.serial_number == int.from_bytes(serial.content, "big"):
            return one
    raise Wrong("the signature does not carry its signer's certificate")


def check_binding(attribute: Der | None, signer: x509.Certificate) -> None:
    """The signer has signed which certificate is meant (RFC 5035), so that it cannot be exchanged."""
    if attribute is None:
        raise Wrong("the signature does not say which certificate it is by")
    first = inside(inside(inside(attribute)[0])[0])
    told = next(field.content for field in first if field.tag == 0x04)
    default = first[0].tag == 0x04
    mine = signer.public_bytes(serialization.Encoding.DER)
    if told != (hashlib.sha256(mine).digest() if default else digest_of(first[0], mine)):
        raise Wrong("the signature is bound to another certificate")


def check_value(signer: x509.Certificate, how: Der, digest: Der, value: bytes, data: bytes) -> None:
    kind, key = HASHES[oid(inside(digest)[0])], signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, data, ec.ECDSA(kind))
        elif isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(kind), padding.PSS.DIGEST_LENGTH)
            key.verify(value, data, pss if oid(inside(how)[0]) == PSS else padding.PKCS1v15(), kind)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, data)
        else:
            raise Wrong("the signer's key is of a kind that this checker does not take")
    except InvalidSignature:
        raise Wrong("the signature is not by its signer's key") from None


# 4. From a certificate to a root that we were given (RFC 5280, as far as these signatures need it).


class Trusted(NamedTuple):
    """What was given to us: roots, who is meant under them, keys of trails, revocation lists."""

    roots: list[x509.Certificate]
    ends: list[tuple[x509.Name, x509.Name]]
    logs: list[bytes]
    lists: list[x509.CertificateRevocationList]


def check_chain(signature: Signature, told: list[Der], trusted: Trusted, at: datetime) -> x509.Certificate:
    """Return the given root to which certificates lead that were in force and not revoked at `at`; each may issue."""
    current: x509.Certificate | None = signature.signer
    roots = trusted.roots
    for _step in range(MOST_CHAIN):
        if current is None:
            break
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            raise Wrong(
                f"the certificate of {current.subject.rfc4514_string()} was not in force at {at:%Y-%m-%d %H:%M}"
            )
        if current in roots:
            return current
        issuer = next(issuers(current, [*roots, *signature.certificates]), None)
        if issuer is not None:
            check_revocation(current, issuer, told, trusted.lists, at)
        current = issuer
    raise Wrong(f"{signature.signer.subject.rfc4514_string()} is not under a root that you trust")


def issuers(certificate: x509.Certificate, known: list[x509.Certificate]) -> Iterator[x509.Certificate]:
    for candidate in known:
        try:
            certificate.verify_directly_issued_by(candidate)
            if candidate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
                yield candidate
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            continue


def check_revocation(
    one: x509.Certificate, issuer: x509.Certificate, told: list[Der], lists: list[x509.CertificateRevocationList],
    at: datetime,
) -> None:  # fmt: skip
    """Nobody who may say so says, in the seal or in a list that we were given, that it was revoked by then."""
    own = [x509.load_der_x509_crl(part.whole) for part in told if part.tag == 0x30]
    for found in [*own, *lists]:
        if found.issuer == issuer.subject and found.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
            entry = found.get_revoked_certificate_by_serial_number(one.serial_number)
            if entry is not None and entry.revocation_date_utc <= at:
                raise Wrong(f"the certificate of {one.subject.rfc4514_string()} was revoked before it was used")
    for part in told:
        answer = ocsp.load_der_ocsp_response(elements(part.content)[1].whole) if part.tag == 0xA1 else None
        if answer is None or answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            continue
        when = answer.revocation_time_utc
        if answer.serial_number == one.serial_number and when is not None and when <= at:
            # Who signed it is not looked at: in a seal there is no reason for a forged word against its own signer.
            raise Wrong(f"the certificate of {one.subject.rfc4514_string()} was revoked before it was used")


def check_seal(seal: bytes, sealed: bytes, trusted: Trusted, stampers: list[x509.Certificate]) -> str:
    """The archive sealed these very bytes, and an authority says by when (RFC 3161)."""
    signature = check_signature(seal, sealed)
    if TIMESTAMP not in signature.unsigned:
        raise Wrong("the seal has no timestamp")
    stamp = check_signature(signature.unsigned[TIMESTAMP].whole)
    told = inside(elements(stamp.content)[0])
    imprint, at = inside(told[2]), generalized(told[4])
    if imprint[1].content != digest_of(imprint[0], signature.value):
        raise Wrong("the timestamp is about something else than this seal")
    purpose = stamp.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not purpose.critical or list(purpose.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Wrong("the timestamp is not by a key for timestamps alone")
    told = signature.told + stamp.told
    check_chain(stamp, told, trusted._replace(roots=[*trusted.roots, *stampers]), at)
    root = check_chain(signature, told, trusted, at)
    meant = [name for under, name in trusted.ends if under == root.subject]
    if meant and signature.signer.subject not in meant:
        raise Wrong("the seal is under a root that you trust, and is somebody else's")
    return f"sealed by {signature.signer.subject.rfc4514_string()} before {at:%Y-%m-%d %H:%M:%S} UTC, as told by " + (
        stamp.signer.subject.rfc4514_string()
    )


def generalized(element: Der) -> datetime:
    text = element.content.decode("ascii").removesuffix("Z").partition(".")[0]
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


# 5. The audit trail tells of the declaration (RFC 6962; C2SP signed-note and tlog-checkpoint).


def check_trail(bundle: zipfile.ZipFile, sealed: bytes, record: str, logs: list[bytes], witnesses: list[str]) -> str:
    leaf, proof = small(bundle, "audit/leaf.json"), json.loads(small(bundle, "audit/proof.json"))
    event = json.loads(leaf)
    about = (event["action"], event["subject"], event["index"], event["details"].get("manifest_sha256"))
    if about != ("record.declared", {"kind": "record", "id": record}, proof["index"], sha(sealed).hex()):
        raise Wrong("the leaf does not tell of the declaration of this manifest")
    told = event["details"].get("seal_sha256")
    if told is not None and told != sha(small(bundle, "seal.p7s")).hex():
        raise Wrong("the leaf names another seal")
    note = small(bundle, "audit/checkpoint.txt").decode()
    text, _empty, lines = note.rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    if proof["size"] != int(size):
        raise Wrong("the proof is for a trail of another size than the checkpoint")
    if not any(signed(text, lines, origin, 1, key) for key in logs):
        raise Wrong("the checkpoint is not signed by a trail that you trust")
    if included(sha(b"\0" + leaf), proof["index"], int(size), proof["proof"]) != base64.b64decode(root):
        raise Wrong("the leaf is not in the trail of the checkpoint")
    seen = [name for name, key in map(vkey, witnesses) if signed(text, lines, name, 4, key)]
    if len(seen) < len(witnesses):
        raise Wrong("a witness that you named has not cosigned the checkpoint")
    return f"leaf {proof['index']} of {size} in the trail {origin}" + (
        f", cosigned by {', '.join(seen)}" if seen else ""
    )


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def signed(text: str, lines: str, name: str, kind: int, public: bytes) -> bool:
    """Say whether the key signed the note (kind 1), or cosigned it (kind 4). A wrong signature is worse than none."""
    known = sha(name.encode() + b"\n" + bytes([kind]) + public)[:4]
    found = False
    for line in lines.splitlines():
        dash, told, encoded = line.split(" ")
        blob = base64.b64decode(encoded, validate=True)
        if (dash, told, blob[:4]) != ("\u2014", name, known):
            continue
        value, message = blob[4:], text.encode()
        if kind == 4:
            value, message = blob[12:], f"cosignature/v1\ntime {int.from_bytes(blob[4:12], 'big')}\n{text}".encode()
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(value, message)
        except InvalidSignature:
            raise Wrong(f"the signature of {name} under the checkpoint is wrong") from None
        found = True
    return found


def vkey(text: str) -> tuple[str, bytes]:
    name, _id, encoded = text.split("+", 2)
    return name, base64.b64decode(encoded)[1:]


def included(value: bytes, index: int, size: int, proof: list[str]) -> bytes:
    """Return the root to which the path leads from a leaf (RFC 9162 section 2.1.3.2)."""
    last = size - 1
    if not 0 <= index <= last:
        raise Wrong("the leaf does not lie in the checkpoint's tree")
    for step in map(bytes.fromhex, proof):
        if last == 0:
            raise Wrong("the path is too long")
        if index % 2 or index == last:
            value = sha(b"\1" + step + value)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            value = sha(b"\1" + value + step)
        index, last = index // 2, last // 2
    if last:
        raise Wrong("the path is too short")
    return value


# 6. All of it.


def keys_in(pem: bytes) -> Trusted:
    """Return what a PEM file holds: roots, end certificates under them, Ed25519 keys, revocation lists."""
    certificates = x509.load_pem_x509_certificates(pem) if b"BEGIN CERTIFICATE" in pem else []
    keys = []
    for block in pem.split(b"-----BEGIN PUBLIC KEY-----")[1:]:
        body = block.partition(b"-----END")[0]
        key = serialization.load_der_public_key(base64.b64decode(body))
        if isinstance(key, ed25519.Ed25519PublicKey):
            keys.append(key.public_bytes_raw())
    blocks = pem.split(b"-----BEGIN X509 CRL-----")[1:]
    lists = [x509.load_der_x509_crl(base64.b64decode(block.partition(b"-----END")[0])) for block in blocks]
    ends = []
    for one in certificates:
        above, kinds = one.issuer, [each.value for each in one.extensions]
        if x509.BasicConstraints(ca=False, path_length=None) not in kinds or STAMPS_ALONE in kinds:
            continue
        for _step in range(MOST_CHAIN):
            ends.append((above, one.subject))
            above = next((issuer.issuer for issuer in certificates if issuer.subject == above), above)
    return Trusted([one for one in certificates if one.issuer == one.subject], ends, keys, lists)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an evidence bundle.")
    parser.add_argument("bundle")
    parser.add_argument("--key", required=True, help="public keys of the archive (PEM), from the archive itself")
    parser.add_argument("--timestamp-key", help="roots of the timestamp authority (PEM), when it is another")
    parser.add_argument("--witness", action="append", default=[], help="a witness that must have cosigned")
    asked = parser.parse_args(arguments)
    try:
        with open(asked.key, "rb") as file:  # noqa: PTH123 - plain to read is the aim of this file
            trusted = keys_in(file.read())
        stampers = []
        if asked.timestamp_key:
            with open(asked.timestamp_key, "rb") as file:  # noqa: PTH123
                stampers = keys_in(file.read()).roots
        bundle = zipfile.ZipFile(asked.bundle)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return 2
    try:
        with bundle:
            sealed, manifest = check_content(bundle)
            told = check_seal(small(bundle, "seal.p7s"), sealed, trusted, stampers)
            trail = check_trail(bundle, sealed, manifest["record"], trusted.logs, asked.witness)
    except Wrong as wrong:
        sys.stdout.write(f"NOT GENUINE: {wrong}\n")
        return 1
    except Exception as error:  # noqa: BLE001 - a damaged file breaks in many ways, and each is a no
        sys.stdout.write(f"NOT GENUINE: it cannot be taken apart ({type(error).__name__}: {error})\n")
        return 1
    sys.stdout.write(f"GENUINE: {manifest['title']} ({manifest['record']})\n{told}\n{trail}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
