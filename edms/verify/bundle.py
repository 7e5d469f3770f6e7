"""Checking an evidence bundle off line: no database, no configuration, no network (docs/formats/evidence-bundle.md)."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rfc8785 import CanonicalizationError

from edms.audit import tree
from edms.audit.bundle_format import (
    CERTIFICATES,
    CHECKPOINT,
    COMPONENTS,
    EVIDENCE,
    KEYS,
    LEAF,
    MANIFEST,
    OPTIONAL,
    PROOF,
    PROOF_VERSION,
    REQUIRED,
    SEAL,
    SEAL_STAMP,
    SEAL_VALUE,
    WITNESSES,
    belongs,
    component_entry,
)
from edms.audit.cosignature import WitnessKey
from edms.audit.events import MOST_LEAF_BYTES, read_leaf
from edms.audit.note import Checkpoint, open_checkpoint
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.clock import Clock, SystemClock
from edms.core.errors import IntegrityFault, Refused
from edms.signing.seal_copies import seal_copies
from edms.signing.verification import SignatureVerdict, verify_detached
from edms.verify.evidence import evidence_verdict
from edms.verify.package import Package, open_package
from edms.verify.report import GIVEN, SELF_ASSERTED, BundleReport, Fault
from edms.verify.trust import Trusted, trusted_from_pem
from edms.verify.watched import against, cosignatures

MANIFEST_VERSION = 1
DECLARED = "record.declared"
_MOST_SEAL_BYTES = 4 * 1024 * 1024
_MOST_PATH = 64
_SELF_ASSERTED_NOTE = (
    "the keys are those in the bundle itself (self-asserted): this finds damage, not forgery; "
    "get the archive's public keys from the archive and give them with --key"
)


def check_bundle(
    path: Path,
    trusted: Trusted | None,
    clock: Clock | None = None,
    witnesses: Sequence[WitnessKey] = (),
    kept: Sequence[str] = (),
) -> BundleReport:
    """Check everything that format 1 promises, as of now by `clock`. What is wrong inside is reported, never raised.

    Without `trusted` the bundle's own keys are taken. Each of `witnesses` must have cosigned the checkpoint, and the
    checkpoints or consistency proofs in `kept` must be of the same history. Raises Refused when the file cannot be
    opened at all.
    """
    clock = clock or SystemClock()
    report = BundleReport(GIVEN if trusted else SELF_ASSERTED)
    try:
        with open_package(path) as package:
            _Check(package, report, clock.now(), witnesses, kept).all(trusted)
    except IntegrityFault as fault:
        report.faults.append(Fault("bundle", path.name, fault.message))
    return report


class _Check:
    """One check under way. Each part is checked as far as the others allow, so that one fault does not hide another."""

    def __init__(
        self,
        package: Package,
        report: BundleReport,
        moment: datetime,
        witnesses: Sequence[WitnessKey],
        kept: Sequence[str],
    ) -> None:
        self._witnesses = witnesses
        self._kept = kept
        self._package = package
        self._moment = moment
        self._report = report

    def all(self, trusted: Trusted | None) -> None:
        self._entries()
        sealed = self._bytes(MANIFEST)
        manifest = self._manifest(sealed)
        if manifest is not None and manifest.get("version") != MANIFEST_VERSION:
            self._fault("manifest", MANIFEST, "it is of a version that this checker does not know")
        if manifest is not None:
            self._components(manifest)
        if trusted is None:
            self._report.notes.append(_SELF_ASSERTED_NOTE)
            trusted = self._own_keys()
        if sealed is not None and trusted is not None:
            self._seal(sealed, trusted)
            self._audit(sealed, manifest, trusted)
        if trusted is not None and EVIDENCE in self._package.names:
            self._evidence(trusted)

    def _entries(self) -> None:
        for name in REQUIRED:
            if name not in self._package.names:
                self._fault("bundle", name, "the entry is missing")
        for name in self._package.names:
            if not belongs(name):
                self._fault("bundle", name, "the entry does not belong in a bundle")
        self._copies()

    def _copies(self) -> None:
        """Files for those who check by hand are copies of what is in the seal: another one would mislead them."""
        try:
            wanted = dict(seal_copies(self._package.read(SEAL, _MOST_SEAL_BYTES)))
        except IntegrityFault:
            wanted = {}
        for name in self._package.names:
            if name not in OPTIONAL and not name.startswith(CERTIFICATES):
                continue
            content = self._bytes(name)
            copied = name in (SEAL_STAMP, SEAL_VALUE) or name.startswith(CERTIFICATES)
            if copied and wanted and content is not None and content != wanted.get(name):
                self._fault("bundle", name, "it is not what is in the seal")

    def _components(self, manifest: dict[str, Any]) -> None:
        parts = manifest.get("components")
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            self._fault("manifest", MANIFEST, "it names no components")
            return
        named = [component_entry(str(part.get("role")), str(part.get("name"))) for part in parts]
        for entry, part in zip(named, parts, strict=True):
            self._component(entry, part)
        for entry in self._package.names:
            if entry.startswith(COMPONENTS) and entry not in named:
                self._fault("component", entry, "the manifest does not name it")
        if len(set(named)) < len(named):
            self._fault("manifest", MANIFEST, "it names two components that lie at one place")

    def _component(self, entry: str, part: dict[str, Any]) -> None:
        self._count("components")
        try:
            size, digest = self._package.digest(entry)
        except IntegrityFault as fault:
            self._fault("component", entry, fault.message)
            return
        if (size, digest) != (part.get("size"), part.get("sha256")):
            self._fault("component", entry, "it is not what the manifest names: size or SHA-256 differ")

    def _seal(self, sealed: bytes, trusted: Trusted) -> None:
        signature = self._bytes(SEAL, _MOST_SEAL_BYTES)
        if signature is None:
            return
        self._count("seals")
        if not trusted.seals.roots:
            self._fault("keys", SEAL, "the seal was not checked: there is no root certificate among the keys")
            return
        try:
            verdict = verify_detached(sealed, signature, trusted.seals)
        except IntegrityFault as fault:
            self._fault("seal", SEAL, fault.message)
            return
        self._seal_verdict(verdict)

    def _seal_verdict(self, verdict: SignatureVerdict) -> None:
        if not verdict.intact:
            self._fault("seal", SEAL, "the manifest is not what was sealed")
        elif not verdict.valid:
            self._fault("seal", SEAL, "the signature is not valid")
        elif not verdict.trusted:
            told = f": {'; '.join(verdict.problems)}" if verdict.problems else ""
            self._fault("seal", SEAL, f"the seal is not by a certificate under a trusted root{told}")
        elif verdict.problems:
            self._fault("seal", SEAL, "; ".join(verdict.problems))
        stamp = verdict.timestamp
        if stamp is None or not stamp.valid:
            self._fault("timestamp", SEAL, "the timestamp is missing or not valid")
        elif not stamp.trusted:
            self._fault("timestamp", SEAL, "the timestamp is not by a certificate under a trusted root")
        elif stamp.development:
            self._report.notes.append("the time of the seal is by the archive's own development authority")
        if self._report.ok and stamp is not None:
            self._report.notes.append(f"sealed by {verdict.signer} at {stamp.time.isoformat()}, level {verdict.level}")

    def _audit(self, sealed: bytes, manifest: dict[str, Any] | None, trusted: Trusted) -> None:
        spelling = self._bytes(LEAF, MOST_LEAF_BYTES)
        index = self._included(spelling, self._checkpoint(trusted))
        if spelling is None:
            return
        try:
            leaf = read_leaf(spelling)
        except ValueError as problem:
            self._fault("audit", LEAF, str(problem))
            return
        if leaf["action"] != DECLARED:
            self._fault("audit", LEAF, "the leaf is not the declaration of a record")
        if manifest is not None and leaf["subject"] != {"kind": "record", "id": manifest.get("record")}:
            self._fault("audit", LEAF, "the leaf is about something else than this record")
        if leaf["details"].get("manifest_sha256") != sha256_hex(sealed):
            self._fault("audit", LEAF, "the leaf names another manifest")
        if "seal_sha256" in leaf["details"] and leaf["details"]["seal_sha256"] != self._seal_digest():
            self._fault("audit", LEAF, "the leaf names another seal")
        if index is not None and leaf["index"] != index:
            self._fault("audit", LEAF, "the leaf says that it stands at another place")

    def _evidence(self, trusted: Trusted) -> None:
        self._count("evidence records")
        try:
            verdict, problems = evidence_verdict(self._package, trusted, self._moment)
        except IntegrityFault as fault:
            self._fault("evidence", EVIDENCE, fault.message)
            return
        for problem in problems:
            self._fault("evidence", EVIDENCE, problem)
        if verdict.development:
            self._report.notes.append("the evidence record has times by the archive's own development authority")
        if not problems and verdict.since is not None and verdict.until is not None:
            self._report.notes.append(
                f"it existed by {verdict.since.isoformat()}, shown by {verdict.timestamps} timestamps; "
                f"the newest must be renewed before {verdict.until:%Y-%m-%d}"
            )

    def _seal_digest(self) -> str | None:
        try:
            return self._package.digest(SEAL)[1]
        except IntegrityFault:
            return None

    def _watched(self, note: str, checkpoint: Checkpoint, trusted: Trusted) -> None:
        """Look at the cosignatures, and at what was kept elsewhere of the same trail."""
        claimed = self._package.read(WITNESSES) if WITNESSES in self._package.names else b""
        told = cosignatures(note, checkpoint.origin, self._witnesses, claimed)
        self._report.cosignatures = {"found": told.found, "valid": told.valid, "required": len(self._witnesses)}
        for problem in told.problems:
            self._fault("cosignature", CHECKPOINT, problem)
        self._report.notes.extend(told.notes)
        for content in self._kept:
            self._count("checkpoints kept elsewhere")
            problem = against(content, checkpoint, trusted.logs)
            if problem:
                self._fault("checkpoint", "kept elsewhere", problem)

    def _checkpoint(self, trusted: Trusted) -> Checkpoint | None:
        note = self._bytes(CHECKPOINT)
        if note is None:
            return None
        self._count("checkpoints")
        problem = "the checkpoint was not checked: there is no key of an audit trail among the keys"
        for key in trusted.logs:
            try:
                found = open_checkpoint(note.decode(), key)
                self._watched(note.decode(), found, trusted)
                return found
            except (IntegrityFault, UnicodeDecodeError) as error:
                problem = getattr(error, "message", "the checkpoint is not text")
        self._fault("checkpoint" if trusted.logs else "keys", CHECKPOINT, problem)
        return None

    def _included(self, leaf: bytes | None, checkpoint: Checkpoint | None) -> int | None:
        """Check the inclusion proof; return the place that it is for."""
        proof = self._json("audit", PROOF, self._bytes(PROOF))
        if proof is None or leaf is None or checkpoint is None:
            return None
        self._count("audit proofs")
        index, size, path = proof.get("index"), proof.get("size"), _path(proof.get("proof"))
        if proof.get("version") != PROOF_VERSION or type(index) is not int or type(size) is not int or path is None:
            self._fault("audit", PROOF, "the proof is malformed")
            return None
        if size != checkpoint.size:
            self._fault("audit", PROOF, f"the proof is for {size} leaves, the checkpoint for {checkpoint.size}")
        elif not tree.included(tree.leaf_hash(leaf), index, size, path, checkpoint.root):
            self._fault("audit", PROOF, "the proof does not lead from the leaf to the checkpoint")
        elif self._report.ok:
            self._report.notes.append(f"leaf {index} of {size} in the audit trail of {checkpoint.origin}")
        return index

    def _own_keys(self) -> Trusted | None:
        text = self._bytes(KEYS)
        try:
            return trusted_from_pem(text) if text is not None else None
        except Refused as error:
            self._fault("keys", KEYS, error.message)
            return None

    def _manifest(self, sealed: bytes | None) -> dict[str, Any] | None:
        """Return the manifest when these bytes are its only spelling: a second reading of them cannot be."""
        manifest = self._json("manifest", MANIFEST, sealed)
        try:
            if manifest is None or canonical_json(manifest) == sealed:
                return manifest
        except (CanonicalizationError, ValueError, RecursionError):
            pass
        self._fault("manifest", MANIFEST, "it is not in canonical form")
        return None

    def _json(self, kind: str, name: str, spelling: bytes | None) -> dict[str, Any] | None:
        if spelling is None:
            return None
        try:
            content = json.loads(spelling)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            self._fault(kind, name, "it is not a JSON object")
            return None
        return content

    def _bytes(self, name: str, most: int | None = None) -> bytes | None:
        """Return an entry, None when it is missing (which `_entries` reports) or damaged (reported here)."""
        if name not in self._package.names:
            if name == KEYS:
                self._fault("keys", name, "the bundle has no keys and none were given: seal and trail were not checked")
            return None
        try:
            return self._package.read(name) if most is None else self._package.read(name, most)
        except IntegrityFault as fault:
            self._fault("bundle", name, fault.message)
            return None

    def _count(self, what: str) -> None:
        self._report.checked[what] = self._report.checked.get(what, 0) + 1

    def _fault(self, kind: str, identity: str, detail: str) -> None:
        self._report.faults.append(Fault(kind, identity, detail))


def _path(steps: Any) -> list[bytes] | None:
    """Return a proof's hashes, None when it is not a list of lower-case hexadecimal SHA-256 hashes."""
    if not isinstance(steps, list) or len(steps) > _MOST_PATH:
        return None
    try:
        path = [bytes.fromhex(step) for step in steps]
    except (ValueError, TypeError):
        return None
    return path if all(value.hex() == step for value, step in zip(path, steps, strict=True)) else None
