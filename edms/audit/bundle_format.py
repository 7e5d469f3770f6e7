"""The evidence bundle's layout and its writer (docs/formats/evidence-bundle.md). Pure: no database.

It lies in `audit` because `records` writes bundles and `verify` reads them, and neither may import the other.
"""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple
from unicodedata import category, normalize

from edms.audit.bundle_readme import README_TEXT, WITNESSES_HEAD

PROOF_VERSION = 1
MANIFEST = "manifest.json"
SEAL = "seal.p7s"
LEAF = "audit/leaf.json"
PROOF = "audit/proof.json"
CHECKPOINT = "audit/checkpoint.txt"
KEYS = "keys/archive.pem"
EVIDENCE = "evidence/record.ers"
README = "README.txt"
WITNESSES = "keys/witnesses.txt"
SEAL_STAMP = "timestamps/seal.tst"
SEAL_VALUE = "timestamps/seal.bin"
CHECKPOINT_STAMP = "timestamps/checkpoint.tst"
CERTIFICATES = "certificates/"
COMPONENTS = "components/"

REQUIRED = (MANIFEST, SEAL, LEAF, PROOF, CHECKPOINT)
OPTIONAL = (KEYS, README, EVIDENCE, WITNESSES, SEAL_STAMP, SEAL_VALUE, CHECKPOINT_STAMP)

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

    `evidence`: the record's evidence record, DER, empty where it has none yet. `copies`: what can be had from the other
    parts, as files of their own for those who check by hand, by entry. `witnesses`: keys as NAME+ID+KEY.
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
    copies: Sequence[tuple[str, bytes]] = ()
    witnesses: Sequence[str] = ()


def component_entry(role: str, name: str) -> str:
    """Return where a component lies in the bundle. Whatever its name is, it stays in the folder of its role."""
    return f"{COMPONENTS}{safe_name(role)}/{safe_name(name)}"


def place_of(name: str) -> str:
    """Return what is equal for two names that some file system takes for one: letter case, ways to compose accents."""
    return normalize("NFC", normalize("NFC", name).casefold())


def belongs(name: str) -> bool:
    """Say whether an entry of this name has a place in a bundle."""
    certificate = name.startswith(CERTIFICATES) and name.endswith(".pem") and name.count("/") == 1
    return name in REQUIRED or name in OPTIONAL or name.startswith(COMPONENTS) or certificate


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
        for name, content in evidence_texts(parts):
            bundle.writestr(_entry(name, zipfile.ZIP_DEFLATED), content)
        written = set()
        for part in parts.components:
            name = component_entry(part.role, part.name)
            if place_of(name) in written:
                raise ValueError(f"two components would lie at {name}")
            written.add(place_of(name))
            target = bundle.open(_entry(name, zipfile.ZIP_STORED), "w", force_zip64=part.size > _HUGE)
            with target, part.open() as source:
                shutil.copyfileobj(source, target, 1024 * 1024)


def proof_json(index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return an inclusion proof as it stands in a bundle."""
    path = [step.hex() for step in proof]
    return json.dumps({"version": PROOF_VERSION, "index": index, "size": size, "proof": path}, indent=1).encode()


def witnesses_text(keys: Sequence[str]) -> bytes:
    """Return the file of witness keys: they are claims, and whoever trusts them has them from the witness."""
    return (WITNESSES_HEAD + "".join(f"{key}\n" for key in keys)).encode()


def witness_lines(content: bytes) -> list[str]:
    """Return the keys in a file of witness keys. Raises UnicodeDecodeError."""
    return [line for line in content.decode().splitlines() if line and not line.startswith("#")]


def evidence_texts(parts: BundleParts) -> Iterable[tuple[str, bytes]]:
    """Return what a bundle holds besides components and, where a package holds it, its evidence: path and bytes."""
    return (
        (README, README_TEXT.encode()),
        (MANIFEST, parts.manifest),
        (SEAL, parts.seal),
        (LEAF, parts.leaf),
        (PROOF, proof_json(parts.index, parts.size, parts.proof)),
        (CHECKPOINT, parts.checkpoint.encode()),
        (KEYS, parts.keys.encode()),
        *(((WITNESSES, witnesses_text(parts.witnesses)),) if parts.witnesses else ()),
        *(((EVIDENCE, parts.evidence),) if parts.evidence else ()),
        *parts.copies,
    )


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = compression
    entry.create_system = _UNIX
    entry.external_attr = _MODE
    return entry
