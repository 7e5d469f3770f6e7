"""Signatures that came as files of their own: ASiC containers (ETSI EN 319 162-1), and `X` beside `X.p7s` in a zip.

Judged are CAdES signatures: over an ASiCManifest, and then over the files that it names by digest (ASiC-E, clause
4.4.4), or over one file (ASiC-S, clause 4.3.3). XAdES signatures, evidence records and timestamps that stand as files
are named and not judged. Runs in the sandbox: the zip file may be hostile, and so may every name in it.
"""

import base64
import binascii
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, Final

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from edms.signing.errors import SigningFault
from edms.signing.received import ReceivedVerdict, verify_received_detached
from edms.signing.verification import ALTERED, PARTIAL, WHOLE, SignatureVerdict, TrustMaterial

_ASIC: Final = "{http://uri.etsi.org/02918/v1.2.1#}"
_DSIG: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_META: Final = "META-INF/"
_KINDS: Final = ((".xml", "XAdES"), (".ers", "evidence record"), (".tst", "timestamp"))
_DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_MOST_ENTRIES = 1000
_MOST_SIGNATURES = 50
_MOST_META_BYTES = 8 * 1024 * 1024
_MOST_BYTES = 512 * 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, KeyError)


def verify_container(source: BinaryIO, trust: TrustMaterial, at: datetime) -> list[ReceivedVerdict]:
    """Judge the signatures in a zip file, as of `at` (aware) where no timestamp says a time; [] when it has none.

    Raises SigningFault when it is no zip file, holds two files of one name, or more than a checker may unpack.
    """
    try:
        with zipfile.ZipFile(source) as opened:
            held = _Held(opened)
            found = [_judge(held, name, trust, at) for name in held.signatures()]
            return [*found, *(_not_judged(name, kind) for name, kind in held.others())]
    except _BROKEN as error:
        raise SigningFault(f"the signatures of this container cannot be read: {type(error).__name__}") from error


class _Held:
    """What a container holds. Names are single, whatever their case; nothing is read beyond the limits."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        self.names = [entry.filename for entry in entries]
        if len({name.casefold() for name in self.names}) < len(self.names):
            raise SigningFault("the container holds two files of one name")
        if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
            raise SigningFault("the container holds more than a checker may unpack")
        self._opened = opened

    def signatures(self) -> list[str]:
        """Return the CMS signatures, of which there may be so many."""
        found = [name for name in self.names if name.lower().endswith(".p7s")]
        if len(found) > _MOST_SIGNATURES:
            raise SigningFault("the container holds more signatures than a checker may judge")
        return found

    def others(self) -> Iterator[tuple[str, str]]:
        for name in self.names:
            low = name.lower()
            if not low.startswith(_META.lower()) or "manifest" in low:
                continue
            for ending, kind in _KINDS:
                if low.endswith(ending) and ("signature" in low or ending != ".xml"):
                    yield name, kind

    def read(self, name: str, most: int = _MOST_BYTES) -> bytes:
        with self._opened.open(name) as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise SigningFault("the container holds more than a checker may unpack")
        return content

    def signed_by(self, name: str) -> str:
        """Return the file that a signature is over: a manifest that names it, `X` of `X.p7s`, or the only one."""
        for manifest in self.names:
            if manifest.startswith(_META) and "asicmanifest" in manifest.lower() and manifest.endswith(".xml"):
                reference = _parsed(self.read(manifest, _MOST_META_BYTES)).find(f"{_ASIC}SigReference")
                if reference is not None and reference.get("URI", "").lstrip("/") == name:
                    return manifest
        if name[: -len(".p7s")] in self.names:
            return name[: -len(".p7s")]
        content = [one for one in self.names if not one.startswith(_META) and one != "mimetype"]
        if name.startswith(_META) and len(content) == 1:
            return content[0]
        raise SigningFault("the file that it is over did not come with it")


def _judge(held: _Held, name: str, trust: TrustMaterial, at: datetime) -> ReceivedVerdict:
    try:
        covered = held.signed_by(name)
        signature = held.read(name, _MOST_META_BYTES)
        content = held.read(covered)
        verdict = verify_received_detached(content, signature, trust, at, covered)
        return _over_files(held, verdict, content) if covered.startswith(_META) else verdict
    except SigningFault as fault:
        return _problem(name, fault.message)


def _over_files(held: _Held, verdict: ReceivedVerdict, manifest: bytes) -> ReceivedVerdict:
    """Hold the files of a container against the manifest that was signed."""
    problems, named = [], []
    for reference in _parsed(manifest).findall(f"{_ASIC}DataObjectReference"):
        name = reference.get("URI", "").lstrip("/")
        named.append(name)
        if not _same(held, name, reference):
            problems.append(f"a file is not the one that was signed: {name[:200]}")
    strangers = [name for name in held.names if not name.startswith(_META) and name != "mimetype" and name not in named]
    problems += [f"a file in the container is not signed: {name[:200]}" for name in strangers[:10]]
    signature = verdict.signature
    coverage = ALTERED if len(problems) > len(strangers[:10]) else PARTIAL if strangers or not named else WHOLE
    told = replace(signature, coverage=coverage, problems=(*signature.problems, *problems))
    return replace(verdict, signature=told, covers=", ".join(named)[:500])


def _same(held: _Held, name: str, reference: Any) -> bool:
    method, value = reference.find(f"{_DSIG}DigestMethod"), reference.find(f"{_DSIG}DigestValue")
    kind = _DIGESTS.get(method.get("Algorithm", "")) if method is not None else None
    if kind is None or value is None or name not in held.names:
        return False
    try:
        wanted = base64.b64decode("".join((value.text or "").split()), validate=True)
    except binascii.Error:
        return False
    return hashlib.new(kind, held.read(name)).digest() == wanted


def _parsed(content: bytes) -> Any:
    try:
        return ElementTree.fromstring(content, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SigningFault(f"a manifest of the container cannot be read: {type(error).__name__}") from None


def _not_judged(name: str, kind: str) -> ReceivedVerdict:
    return _problem(name, f"a signature of this kind is not judged here: {kind}")


def _problem(name: str, problem: str) -> ReceivedVerdict:
    return ReceivedVerdict(SignatureVerdict("", False, False, False, PARTIAL, name[:200], problems=(problem,)))
