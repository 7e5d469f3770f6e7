"""Writes the vectors of evidence records, by a second, naive implementation of RFC 4998, step by step.

    python tests/vectors/evidence_record/make_vectors.py     writes accept/ and reject/ again, the same bytes

A case: `record` (DER), `documents` of one group, `roots` of timestamp authorities (DER), all hexadecimal, and `at`, the
time of checking. Nothing of the product is used: DER, trees, tokens and chains are made here, with keys from small
numbers and signatures that are the same every time (RFC 6979). Bouncy Castle judges the accepted ones in the tests.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).parent
START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sha3_256": "2.16.840.1.101.3.4.2.8",
}
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
CERTIFICATE_V2, ECDSA_SHA256 = "1.2.840.113549.1.9.16.2.47", "1.2.840.10045.4.3.2"


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for value in (first * 40 + second, *rest):
        chunk = [value & 0x7F]
        while value := value >> 7:
            chunk.append(0x80 | (value & 0x7F))
        content += bytes(reversed(chunk))
    return tlv(6, bytes(content))


def integer(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def h(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


class Authority:
    """A root and a timestamp key below it."""

    def __init__(self, number: int, years: float, *, critical: bool = True, purpose: Any = None) -> None:
        root_key, self.key = (
            ec.derive_private_key(number, ec.SECP256R1()),
            ec.derive_private_key(number + 1, ec.SECP256R1()),
        )
        self.root = self._certificate(f"Root {number}", root_key, f"Root {number}", root_key, 60, ca=True)
        self.certificate = self._certificate(
            f"Timestamps {number}", self.key, f"Root {number}", root_key, years,
            usage=(purpose or [ExtendedKeyUsageOID.TIME_STAMPING], critical),
        )  # fmt: skip

    @staticmethod
    def _certificate(
        name: str, key: Any, issuer: str, signer: Any, years: float, *, ca: bool = False, usage: Any = None
    ) -> bytes:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(key.public_key())
            .serial_number(1000 + len(name))
            .not_valid_before(START - timedelta(hours=1)).not_valid_after(START + years * YEAR)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), critical=True)
        )  # fmt: skip
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage[0]), critical=usage[1])
        made = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
        return made.public_bytes(serialization.Encoding.DER)

    def token(self, name: str, imprint: bytes, years: float, *, bound: bytes | None = None, nonce: int = 0) -> bytes:
        """A token over `imprint` (RFC 3161, RFC 5652, RFC 5816)."""
        when = (START + years * YEAR).strftime("%Y%m%d%H%M%SZ").encode()
        info = sequence(
            integer(1),
            oid("1.2.3.4"),
            sequence(sequence(oid(OIDS[name])), tlv(4, imprint)),
            integer(7),
            tlv(0x18, when),
            integer(nonce) if nonce else b"",
        )
        loaded = x509.load_der_x509_certificate(self.certificate)
        attributes = [
            sequence(oid(CONTENT_TYPE), tlv(0x31, oid(TST_INFO))),
            sequence(oid(MESSAGE_DIGEST), tlv(0x31, tlv(4, h("sha256", info)))),
            sequence(oid(CERTIFICATE_V2),
                     tlv(0x31, sequence(sequence(sequence(tlv(4, bound or h("sha256", self.certificate))))))),
        ]  # fmt: skip
        attributes.sort()
        signature = self.key.sign(tlv(0x31, *attributes), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        identifier = sequence(loaded.issuer.public_bytes(), integer(loaded.serial_number))
        sha256 = sequence(oid(OIDS["sha256"]))
        signer = sequence(
            integer(1), identifier, sha256, tlv(0xA0, *attributes), sequence(oid(ECDSA_SHA256)), tlv(4, signature)
        )
        content = sequence(oid(TST_INFO), tlv(0xA0, tlv(4, info)))
        certificates = tlv(0xA0, *sorted((self.certificate, self.root), key=len))
        data = sequence(integer(3), tlv(0x31, sha256), content, certificates, tlv(0x31, signer))
        return sequence(oid(SIGNED_DATA), tlv(0xA0, data))


def father(name: str, values: Sequence[bytes]) -> bytes:
    return values[0] if len(values) == 1 else h(name, b"".join(sorted(values)))


def timestamp(name: str, lists: Sequence[Sequence[bytes]], token: bytes, *, tag: int = 0xA0) -> bytes:
    tree = [tlv(0xA2, *(sequence(*(tlv(4, value) for value in part)) for part in lists))] if lists else []
    return sequence(tlv(tag, oid(OIDS[name])), *tree, token)


def record(
    *chains: Sequence[bytes], algorithms: Sequence[str] = ("sha256",), version: int = 1, more: bytes = b""
) -> bytes:
    named = sequence(*(sequence(oid(OIDS[name])) for name in algorithms))
    return sequence(integer(version), named, more, sequence(*(sequence(*chain) for chain in chains)))


DOCUMENTS = [b"the manifest", b"the seal", b"the original", b"the text"]
OTHERS = [h("sha256", b"another record %d" % number) for number in range(4)]
LONG, SHORT = Authority(1, 40), Authority(11, 3)
FIRST = sorted(h("sha256", document) for document in DOCUMENTS)
# The tree over five groups, ours first: ((g0 g1) (g2 g3)) g4. Our partners are g1, then (g2 g3), then g4.
PARTNERS = [OTHERS[0], father("sha256", OTHERS[1:3]), OTHERS[3]]
LISTS = [FIRST, *([one] for one in PARTNERS)]


def climb(name: str, lists: Sequence[Sequence[bytes]]) -> bytes:
    """Section 4.3, step 3."""
    above: list[bytes] = []
    for part in lists:
        above = [father(name, [*part, *above])]
    return above[0]


ROOT = climb("sha256", LISTS)


def initial(authority: Authority = LONG, years: float = 0) -> bytes:
    return timestamp("sha256", LISTS, authority.token("sha256", ROOT, years))


def token_of(stamp: bytes) -> bytes:
    """The timeStamp field, which stands last in an ArchiveTimeStamp and begins with the OID signedData."""
    return sequence(stamp[stamp.index(oid(SIGNED_DATA)) :])


def renewal(before: bytes, authority: Authority, years: float, partner: bytes | None = None) -> bytes:
    """Section 5.2: a timestamp over the hash of the timeStamp field before it, alone or beside another one."""
    leaf = h("sha256", token_of(before))
    lists = [sorted([leaf, partner])] if partner else []
    return timestamp("sha256", lists, authority.token("sha256", father("sha256", lists[0] if lists else [leaf]), years))


def renewed_tree(chains: Sequence[Sequence[bytes]], years: float, name: str = "sha512") -> bytes:
    """Section 5.2, steps 1 to 5: h(i)' = H(h(i) || H(atsc))."""
    ha = h(name, sequence(*(sequence(*chain) for chain in chains)))
    first = sorted(h(name, h(name, document) + ha) for document in DOCUMENTS)
    lists = [first, [h(name, b"another")]]
    return timestamp(name, lists, LONG.token(name, climb(name, lists), years))


def case(
    data: bytes, years: float, documents: Sequence[bytes] = DOCUMENTS, roots: Sequence[Authority] = (LONG, SHORT)
) -> dict[str, Any]:
    return {
        "record": data.hex(),
        "documents": [document.hex() for document in documents],
        "at": (START + years * YEAR).isoformat(),
        "roots": [authority.root.hex() for authority in roots],
        "signer": LONG.certificate.hex(),
    }


def accepted() -> dict[str, dict[str, Any]]:
    first = initial(SHORT)
    second = renewal(first, LONG, 2)
    alone = sorted(FIRST)
    single = h("sha256", b"one")
    third = renewed_tree([[first, second]], 5)
    fourth = timestamp("sha512", [], LONG.token("sha512", h("sha512", token_of(third)), 6))
    return {
        "initial": case(record([initial()]), 1),
        "initial-one-group": case(
            record([timestamp("sha256", [alone], LONG.token("sha256", father("sha256", alone), 0))]), 1),
        "initial-one-document": case(record([timestamp("sha256", [], LONG.token("sha256", single, 0))]), 1, [b"one"]),
        "initial-sha3": case(
            record([timestamp("sha3_256", [], LONG.token("sha3_256", h("sha3_256", b"one"), 0))],
                   algorithms=["sha3_256"]), 1, [b"one"],
        ),
        "renewed": case(record([first, second]), 10),
        "renewed-among-others": case(record([first, renewal(first, LONG, 2, OTHERS[2])]), 10),
        "renewed-twice": case(record([first, second, renewal(second, LONG, 4)]), 10),
        "renewed-twice-over-all": case(record([first, second, _over_all([first, second], 4)]), 10),
        "tree-renewed": case(record([first, second], [third], algorithms=["sha256", "sha512"]), 10),
        "tree-renewed-and-renewed": case(record([first, second], [third, fourth], algorithms=["sha256", "sha512"]), 10),
        "documents-in-another-order": case(record([initial()]), 1, DOCUMENTS[::-1]),
    }  # fmt: skip


def _over_all(before: Sequence[bytes], years: float) -> bytes:
    """A renewal whose first list has every timestamp of the chain, and a partner above."""
    lists = [sorted(h("sha256", token_of(one)) for one in before), [OTHERS[1]]]
    return timestamp("sha256", lists, LONG.token("sha256", climb("sha256", lists), years))


def rejected() -> dict[str, dict[str, Any]]:
    return {**_wrong_documents(), **_wrong_chains(), **_wrong_timestamps(), **_wrong_spelling()}


def _wrong_documents() -> dict[str, dict[str, Any]]:
    good = record([initial()])
    first, second = initial(SHORT), renewal(initial(SHORT), LONG, 2)
    other = renewed_tree([[first]], 5)
    return {
        "document-altered": case(good, 1, [*DOCUMENTS[:3], b"the texT"]),
        "document-missing": case(good, 1, DOCUMENTS[:3]),
        "document-more": case(good, 1, [*DOCUMENTS, b"another"]),
        "document-none": case(good, 1, []),
        "tree-renewal-over-less": case(record([first, second], [other], algorithms=["sha256", "sha512"]), 10),
        "tree-renewal-of-documents-alone": case(
            record([first, second], [timestamp("sha512", [sorted(h("sha512", one) for one in DOCUMENTS)],
                    LONG.token("sha512", father("sha512", [h("sha512", one) for one in DOCUMENTS]), 5))],
                   algorithms=["sha256", "sha512"]), 10),
    }  # fmt: skip


def _wrong_chains() -> dict[str, dict[str, Any]]:
    first = initial(SHORT)
    second = renewal(first, LONG, 2)
    third = renewed_tree([[first, second]], 5)
    sha512 = timestamp("sha512", [], LONG.token("sha512", h("sha512", token_of(first)), 2))
    both = ["sha256", "sha512"]
    return {
        "chain-not-renewed-in-time": case(record([first, renewal(first, LONG, 4)]), 10),
        "chain-never-renewed": case(record([first]), 10),
        "chain-renewal-of-another": case(record([first, renewal(initial(LONG), LONG, 2)]), 10),
        "chain-order": case(record([second, first]), 10),
        "chain-times-backwards": case(record([initial(LONG, 3), renewal(initial(LONG, 3), LONG, 2)]), 10),
        "chain-first-left-out": case(record([second]), 10),
        "chain-other-algorithm": case(record([first, sha512], algorithms=both), 10),
        "chains-swapped": case(record([third], [first, second], algorithms=both), 10),
        "chain-tree-renewed-too-late": case(record([first], [renewed_tree([[first]], 5)], algorithms=both), 10),
        "chain-from-the-future": case(record([initial(LONG, 5)]), 1),
        "chain-retired-algorithm": case(
            record([timestamp("sha1", [], LONG.token("sha1", h("sha1", b"one"), 0))], algorithms=["sha1"]),
            1, [b"one"]),
    }  # fmt: skip


def _wrong_timestamps() -> dict[str, dict[str, Any]]:
    def over(authority: Authority, root: bytes = ROOT, **more: Any) -> bytes:
        return record([timestamp("sha256", LISTS, authority.token("sha256", root, 0, **more))])

    unknown = Authority(21, 40)
    quiet, purposes = (
        Authority(31, 40, critical=False),
        Authority(41, 40, purpose=[ExtendedKeyUsageOID.EMAIL_PROTECTION]),
    )
    both = Authority(51, 40, purpose=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    good = over(LONG)
    flipped = bytearray(good)
    flipped[-1] ^= 1
    return {
        "timestamp-of-another-root": case(over(LONG, h("sha256", b"x")), 1),
        "timestamp-untrusted": case(over(unknown), 1),
        "timestamp-no-roots": case(good, 1, roots=()),
        "timestamp-purpose-not-critical": case(over(quiet), 1, roots=(quiet,)),
        "timestamp-other-purpose": case(over(purposes), 1, roots=(purposes,)),
        "timestamp-two-purposes": case(over(both), 1, roots=(both,)),
        "timestamp-bound-to-another": case(over(LONG, bound=h("sha256", SHORT.certificate)), 1),
        "timestamp-signature-bit": case(bytes(flipped), 1),
        "timestamp-before-its-certificate": case(record([initial(LONG, -1)]), 1),
    }


def _wrong_spelling() -> dict[str, dict[str, Any]]:
    stamp = initial()
    good = record([stamp])
    token = token_of(stamp)
    long_form = bytes([0x30, 0x85, 0]) + (len(good) - 4).to_bytes(4, "big") + good[4:]
    extra = tlv(0xA1, sequence(oid("1.2.3"), integer(1)))
    short = [[FIRST[0][:-1], *FIRST[1:]], *LISTS[1:]]
    return {
        "spelling-empty": case(b"", 1),
        "spelling-text": case(b"evidence record", 1),
        "spelling-cut": case(good[:-1], 1),
        "spelling-more-behind": case(good + b"\0", 1),
        "spelling-long-length": case(long_form, 1),
        "spelling-indefinite-length": case(b"\x30\x80" + good[4:] + b"\0\0", 1),
        "spelling-version": case(record([stamp], version=2), 1),
        "spelling-encryption-info": case(record([stamp], more=extra), 1),
        "spelling-no-chain": case(record(), 1),
        "spelling-empty-chain": case(record([stamp], []), 1),
        "spelling-other-algorithms-named": case(record([stamp], algorithms=["sha512"]), 1),
        "spelling-more-algorithms-named": case(record([stamp], algorithms=["sha256", "sha512"]), 1),
        "spelling-no-algorithm": case(record([sequence(token)]), 1),
        "spelling-short-hash": case(record([timestamp("sha256", short, token)]), 1),
        "spelling-empty-list": case(record([timestamp("sha256", [FIRST, [], *LISTS[1:]], token)]), 1),
        "spelling-empty-tree": case(record([sequence(tlv(0xA0, oid(OIDS["sha256"])), tlv(0xA2), token)]), 1),
        "spelling-not-a-token": case(record([timestamp("sha256", LISTS, sequence(integer(1)))]), 1),
        "spelling-hash-as-text": case(
            record([sequence(tlv(0xA0, oid(OIDS["sha256"])), tlv(0xA2, sequence(tlv(12, FIRST[0]))), token)]), 1),
    }  # fmt: skip


def main() -> None:
    """Write every vector."""
    for folder, cases in (("accept", accepted()), ("reject", rejected())):
        for name, one in cases.items():
            (HERE / folder / f"{name}.json").write_text(json.dumps(one, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
