"""Checking an evidence bundle off line: no database, no configuration, no network (docs/formats/evidence-bundle.md)."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edms.audit import tree
from edms.audit.note import open_checkpoint
from edms.core.canonical import canonical_json
from edms.core.errors import EdmsError
from edms.signing.verification import verify_detached
from edms.verify.trust import Trusted, trusted_from_pem

MOST_ENTRIES = 100
MOST_SMALL_BYTES = 16 * 1024 * 1024
MOST_BYTES = 8 * 1024**3
DECLARED = "record.declared"
FIXED = (
    "manifest.json",
    "seal.p7s",
    "audit/leaf.json",
    "audit/proof.json",
    "audit/checkpoint.txt",
    "keys/archive.pem",
    "README.txt",
)
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Fault:
    kind: str
    id: str
    detail: str


@dataclass
class BundleReport:
    """`checked` counts what was looked at; `notes` are not faults."""

    checked: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def check_bundle(path: Path, trusted: Trusted | None) -> BundleReport:
    """Check everything that format 1 promises. Never raises for what is in the file: it is reported as a fault."""
    report = BundleReport()
    try:
        with zipfile.ZipFile(path) as bundle:
            report.faults.extend(_shape(bundle))
            if report.ok:
                _Check(bundle, report, trusted).all()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        report.faults.append(Fault("bundle", path.name, f"it cannot be opened ({type(error).__name__})"))
    return report


def _shape(bundle: zipfile.ZipFile) -> Iterator[Fault]:
    entries = bundle.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        yield Fault("bundle", "", "it is larger than a bundle may be")
        return
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault("bundle", name, "the entry is there twice")
    for name in FIXED[:5]:
        if name not in names:
            yield Fault("bundle", name, "the entry is missing")
    for name in names:
        if name not in FIXED and not name.startswith("components/"):
            yield Fault("bundle", name, "the entry does not belong here")


class _Check:
    """One check under way."""

    def __init__(self, bundle: zipfile.ZipFile, report: BundleReport, trusted: Trusted | None) -> None:
        self.bundle = bundle
        self.report = report
        self.manifest_bytes = self._small("manifest.json")
        if trusted is None:
            report.notes.append(
                "the keys are those in the bundle itself (self-asserted): damage is found, forgery is not"
            )
            trusted = self._own_keys()
        self.trusted = trusted

    def all(self) -> None:
        manifest = self._json("manifest.json")
        if manifest is None:
            return
        if canonical_json(manifest) != self.manifest_bytes:
            self._fault("manifest", "manifest.json", "it is not in canonical form")
        self._components(manifest)
        if self.trusted is not None:
            self._seal()
            self._audit(manifest)

    def _components(self, manifest: dict[str, Any]) -> None:
        named = set()
        for part in manifest.get("components", []):
            entry = component_entry(str(part.get("role")), str(part.get("name")))
            named.add(entry)
            self.report.checked["components"] = self.report.checked.get("components", 0) + 1
            try:
                size, digest = self._digest(entry)
            except (KeyError, zipfile.BadZipFile, EOFError, OSError):
                self._fault("component", entry, "it is missing or cannot be read")
                continue
            if size != part.get("size") or digest != part.get("sha256"):
                self._fault("component", entry, "it is not what the manifest names")
        for entry in self.bundle.namelist():
            if entry.startswith("components/") and entry not in named:
                self._fault("component", entry, "the manifest does not name it")

    def _seal(self) -> None:
        assert self.trusted is not None
        self.report.checked["seals"] = 1
        try:
            verdict = verify_detached(self.manifest_bytes, self._small("seal.p7s"), self.trusted.seals)
        except EdmsError as error:
            self._fault("seal", "seal.p7s", error.message)
            return
        if not verdict.intact:
            self._fault("seal", "seal.p7s", "the manifest is not what was sealed")
        if not verdict.valid:
            self._fault("seal", "seal.p7s", "the signature is not valid")
        if not verdict.trusted:
            self._fault("seal", "seal.p7s", "the signer is not trusted")
        if verdict.timestamp is None or not (verdict.timestamp.valid and verdict.timestamp.trusted):
            self._fault("timestamp", "seal.p7s", "the timestamp is missing, not valid or not trusted")
        elif verdict.timestamp.development:
            self.report.notes.append("the time is by the archive's own development authority")

    def _audit(self, manifest: dict[str, Any]) -> None:
        assert self.trusted is not None
        leaf, proof = self._json("audit/leaf.json"), self._json("audit/proof.json")
        if leaf is None or proof is None:
            return
        self.report.checked["audit proofs"] = 1
        digest = hashlib.sha256(self.manifest_bytes).hexdigest()
        subject = leaf.get("subject", {})
        if leaf.get("action") != DECLARED or subject.get("id") != manifest.get("record"):
            self._fault("audit", "audit/leaf.json", "the leaf is not the declaration of this record")
        if leaf.get("details", {}).get("manifest_sha256") != digest:
            self._fault("audit", "audit/leaf.json", "the leaf names another manifest")
        if self.trusted.log is None:
            self._fault("audit", "audit/checkpoint.txt", "there is no key to check the checkpoint with")
            return
        try:
            checkpoint = open_checkpoint(
                self._small("audit/checkpoint.txt").decode("utf-8", "replace"), self.trusted.log
            )
            path = [bytes.fromhex(step) for step in proof["proof"]]
            index, size = int(proof["index"]), int(proof["size"])
        except EdmsError as error:
            self._fault("checkpoint", "audit/checkpoint.txt", error.message)
            return
        except (KeyError, TypeError, ValueError):
            self._fault("audit", "audit/proof.json", "the proof is malformed")
            return
        leaf_hash = tree.leaf_hash(self._small("audit/leaf.json"))
        if size != checkpoint.size or not tree.included(leaf_hash, index, size, path, checkpoint.root):
            self._fault("audit", "audit/proof.json", "the proof does not lead from the leaf to the checkpoint")

    def _own_keys(self) -> Trusted | None:
        try:
            return trusted_from_pem(self._small("keys/archive.pem"))
        except (EdmsError, KeyError) as error:
            self._fault("keys", "keys/archive.pem", f"no keys to check with ({type(error).__name__})")
            return None

    def _small(self, name: str) -> bytes:
        with self.bundle.open(name) as entry:
            return entry.read(MOST_SMALL_BYTES)

    def _json(self, name: str) -> dict[str, Any] | None:
        try:
            content = json.loads(self._small(name))
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            self._fault("bundle", name, "it is not a JSON object")
            return None
        return content

    def _digest(self, name: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with self.bundle.open(name) as entry:
            while chunk := entry.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        return size, digest.hexdigest()

    def _fault(self, kind: str, identity: str, detail: str) -> None:
        self.report.faults.append(Fault(kind, identity, detail))


def component_entry(role: str, name: str) -> str:
    """Return where a component lies in the bundle; a name never leaves its folder."""
    return f"components/{role}/{name.replace('/', '_')}"
