"""The evidence bundle's layout and its writer (docs/formats/evidence-bundle.md). Pure: no database.

It lies in `audit` because `records` writes bundles and `verify` reads them, and neither may import the other.
"""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple
from unicodedata import category

PROOF_VERSION = 1
MANIFEST = "manifest.json"
SEAL = "seal.p7s"
LEAF = "audit/leaf.json"
PROOF = "audit/proof.json"
CHECKPOINT = "audit/checkpoint.txt"
KEYS = "keys/archive.pem"
EVIDENCE = "evidence/record.ers"
README = "README.txt"
COMPONENTS = "components/"

REQUIRED = (MANIFEST, SEAL, LEAF, PROOF, CHECKPOINT)
OPTIONAL = (KEYS, README, EVIDENCE)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100600 << 16
_HUGE = 2**31 - 1
_MOST_NAME_BYTES = 180
_UNSAFE = frozenset('/\\:*?"<>|')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class BundleComponent(NamedTuple):
    """A component for the bundle; `open` returns a stream of its bytes from the start, which the writer closes."""

    role: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class BundleParts:
    """What goes into a bundle: exact bytes of manifest, seal and leaf, the proof, the note, the public keys as PEM.

    `evidence`: the record's evidence record, DER, empty where it has none yet.
    """

    manifest: bytes
    seal: bytes
    leaf: bytes
    index: int
    size: int
    proof: Sequence[bytes]
    checkpoint: str
    keys: str
    components: Iterable[BundleComponent]
    evidence: bytes = b""


def component_entry(role: str, name: str) -> str:
    """Return where a component lies in the bundle. Whatever its name is, it stays in the folder of its role."""
    return f"{COMPONENTS}{safe_name(role)}/{safe_name(name)}"


def safe_name(name: str) -> str:
    """Return `name` as one step of a path on any system (format, section 2). A safe name stays as it is."""
    safe = "".join("_" if char in _UNSAFE or category(char) in _INVISIBLE else char for char in name)
    while len(safe.encode("utf-8", "replace")) > _MOST_NAME_BYTES:
        safe = safe[1:]
    return safe if safe.strip(". ") else "_" * max(1, len(safe))


def write_bundle(out: BinaryIO, parts: BundleParts) -> None:
    """Write a bundle to `out`, which need not be seekable. Same parts, same bytes; memory does not grow with them.

    Raises ValueError when two components would lie at one place.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in _texts(parts):
            bundle.writestr(_entry(name, zipfile.ZIP_DEFLATED), content)
        written = set()
        for part in parts.components:
            name = component_entry(part.role, part.name)
            if name.casefold() in written:
                raise ValueError(f"two components would lie at {name}")
            written.add(name.casefold())
            target = bundle.open(_entry(name, zipfile.ZIP_STORED), "w", force_zip64=part.size > _HUGE)
            with target, part.open() as source:
                shutil.copyfileobj(source, target, 1024 * 1024)


def proof_json(index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return an inclusion proof as it stands in a bundle."""
    path = [step.hex() for step in proof]
    return json.dumps({"version": PROOF_VERSION, "index": index, "size": size, "proof": path}, indent=1).encode()


def _texts(parts: BundleParts) -> Iterable[tuple[str, bytes]]:
    return (
        (README, README_TEXT.encode()),
        (MANIFEST, parts.manifest),
        (SEAL, parts.seal),
        (LEAF, parts.leaf),
        (PROOF, proof_json(parts.index, parts.size, parts.proof)),
        (CHECKPOINT, parts.checkpoint.encode()),
        (KEYS, parts.keys.encode()),
        *(((EVIDENCE, parts.evidence),) if parts.evidence else ()),
    )


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = compression
    entry.create_system = _UNIX
    entry.external_attr = _MODE
    return entry


README_TEXT = """\
BUKTI ARSIP / RECORD EVIDENCE
=============================

Paket ini memuat satu arsip dan bukti bahwa arsip itu asli dan utuh. Siapa pun dapat memeriksanya tanpa server kami.
This package holds one record and the evidence that it is genuine and complete. Anybody can check it without our server.

archive.pem di bawah ini adalah kunci publik instansi pengelola arsip. Mintalah langsung kepada instansi itu, jangan
pakai salinan di dalam paket ini: pemalsu paket akan memalsukan kuncinya juga.
archive.pem below holds the public keys of the archive. Get them from the archive itself, not from this package: who
forges the package forges the keys in it, too.

A. Dengan program / With the program

   python -m edms.verify PAKET.zip --key archive.pem

B. Dengan tangan / By hand   (sha256sum, OpenSSL 3, Python 3)

1. Isi arsip: bandingkan dengan "sha256" di manifest.json.
   The record's content: compare with "sha256" in manifest.json.

   sha256sum components/*/*

2. Segel elektronik atas manifest.json. / The electronic seal over manifest.json.

   openssl cms -verify -binary -inform DER -in seal.p7s -content manifest.json \\
     -CAfile archive.pem -purpose any -out /dev/null

3. Jejak audit menyebut manifest ini. / The audit trail names this manifest ("manifest_sha256").

   sha256sum manifest.json
   cat audit/leaf.json

4. Tanda tangan atas keadaan jejak audit. / The signature of the state of the audit trail.

   sed -n '/BEGIN PUBLIC KEY/,/END PUBLIC KEY/p' archive.pem > trail.pem
   sed '/^$/,$d' audit/checkpoint.txt > signed.txt
   tail -n 1 audit/checkpoint.txt | cut -d ' ' -f 3 | base64 -d | tail -c 64 > signature.bin
   openssl pkeyutl -verify -pubin -inkey trail.pem -rawin -in signed.txt -sigfile signature.bin

5. Catatan itu ada di dalam jejak audit: kedua baris harus sama.
   That entry is in the audit trail: both lines must be equal.

   python3 - <<'END'
   import base64, hashlib, json
   sha = lambda data: hashlib.sha256(data).digest()
   proof = json.load(open("audit/proof.json"))
   index, last = proof["index"], proof["size"] - 1
   value = sha(b"\\0" + open("audit/leaf.json", "rb").read())
   for step in map(bytes.fromhex, proof["proof"]):
       while index == last and index % 2 == 0 and index:
           index, last = index // 2, last // 2
       value = sha(b"\\1" + (step + value if index % 2 else value + step))
       index, last = index // 2, last // 2
   lines = open("audit/checkpoint.txt", encoding="utf-8").read().split("\\n")
   print(base64.b64encode(value).decode(), proof["size"])
   print(lines[2], lines[1])
   END

6. Bukti waktu jangka panjang (RFC 4998), bila ada: setiap stempel waktu harus "Verification: OK".
   The evidence over time (RFC 4998), where there is any: each timestamp must be "Verification: OK".

   # otoritas waktu dari luar / an outside timestamp authority: cat its-root.pem >> archive.pem
   [ ! -e evidence/record.ers ] || python3 - > timestamps.sh <<'END'
   import glob, hashlib
   def parts(data):
       found, at = [], 0
       while at < len(data):
           start, size, at = at, data[at + 1], at + 2
           if size > 127:
               size, at = int.from_bytes(data[at : at + size - 128], "big"), at + size - 128
           found.append((data[start], data[at : at + size], data[start : at + size]))
           at += size
       return found
   names = {1: "sha256", 2: "sha384", 3: "sha512", 8: "sha3_256", 9: "sha3_384", 10: "sha3_512"}
   documents = [open(name, "rb").read() for name in ["manifest.json", "seal.p7s", *glob.glob("components/*/*")]]
   sequence = parts(parts(open("evidence/record.ers", "rb").read())[0][1])[-1]
   older, number = [], 0
   for chain in parts(sequence[1]):
       tokens = []
       for stamp in parts(chain[1]):
           found, number = parts(stamp[1]), number + 1
           name = names[parts(found[0][1])[0][1][-1]]
           sha = lambda data: hashlib.new(name, data).digest()
           size = b"".join(older)
           length = len(size).to_bytes((len(size).bit_length() + 7) // 8, "big")
           head = bytes([48, len(size)]) if len(size) < 128 else bytes([48, 128 + len(length)]) + length
           wanted = {sha(document) for document in documents}
           if older:
               wanted = {sha(one + sha(head + size)) for one in wanted}
           wanted = {sha(tokens[-1])} if tokens else wanted
           tree = parts(found[1][1]) if len(found) == 3 else []
           lists = [[one[1] for one in parts(part[1])] for part in tree] or [[*wanted]]
           assert wanted <= set(lists[0]), "the documents are not covered"
           above = []
           for values in lists:
               values = sorted(values + above)
               above = [values[0] if len(values) == 1 else sha(b"".join(values))]
           tokens.append(found[-1][2])
           open(f"timestamp-{number}.tst", "wb").write(tokens[-1])
           check = f"openssl ts -verify -token_in -in timestamp-{number}.tst -digest {above[0].hex()}"
           print(check, "-CAfile archive.pem")
       older.append(chain[2])
   END
   [ ! -e timestamps.sh ] || sh -e timestamps.sh

Susunan paket ini / The format of this package: docs/formats/evidence-bundle.md, docs/formats/audit.md
"""
