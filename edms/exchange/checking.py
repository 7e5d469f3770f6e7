"""Looking at an exchange package that somebody sent: is it whole, is it what it says, is it safe to take in (R82).

Everything in it may be hostile: the zip file is held against limits before anything is read, XML is parsed without
entities and without a network, and nothing is unpacked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from edms.core.errors import IntegrityFault
from edms.exchange.bag import ALGORITHMS, DECLARATION
from edms.exchange.mets import METS, XLINK
from edms.exchange.names import DESCRIPTION, EVIDENCE, ROOT_METS
from edms.exchange.names import PREMIS as PREMIS_PATH
from edms.exchange.premis import PREMIS
from edms.verify.package import Limits, Package, open_package

LIMITS = Limits(entries=500_000, directory_bytes=256 * 1024 * 1024, bytes=4 * 1024**4)
_MOST_MANIFEST = 256 * 1024 * 1024
_MOST_XML = 64 * 1024 * 1024
_MOST_FAULTS = 200
_LINE = re.compile(r"([0-9a-f]{64}|[0-9a-f]{128})  (\S.*)")
_SHORT = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True)
class CheckedRecord:
    """One record of a package: what the receiver's receipt will say of it. `files`: SHA-256 by path."""

    record: str
    mets_sha256: str
    files: dict[str, str]
    description: dict[str, Any]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class CheckedPackage:
    """`manifest_sha256` stands for the whole payload; `faults` are those of the bag itself."""

    name: str
    manifest_sha256: str
    information: dict[str, str]
    records: tuple[CheckedRecord, ...]
    faults: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.faults and not any(record.faults for record in self.records)


def check_package(path: Path) -> CheckedPackage:
    """Check bag, METS, PREMIS and descriptions of a package file. Every byte is read once; nothing is unpacked.

    Raises Refused when there is no such file, IntegrityFault when it is no package at all or is not safe to read.
    """
    with open_package(path, LIMITS) as package:
        folder = _folder(package)
        faults: list[str] = []
        if package.read(f"{folder}/bagit.txt") != DECLARATION:
            faults.append("bagit.txt is not that of a bag of version 1.0")
        manifests = {name: _manifest(package, f"{folder}/manifest-{name}.txt") for name in ALGORITHMS}
        faults.extend(_tag_faults(package, folder))
        digests = _payload(package, folder, manifests, faults)
        information = _information(package, folder)
        total = sum(size for size, _sha in digests.values())
        if information.get("Payload-Oxum") != f"{total}.{len(digests)}":
            faults.append("Payload-Oxum does not tell what the payload is")
        stands = package.digest(f"{folder}/manifest-sha256.txt")[1]
        names = sorted(
            {one.split("/")[1] for one in digests if one.count("/") > 1 and not one.startswith("data/papers/")}
        )
        records = tuple(_record(package, folder, name, digests) for name in names)
        if not records:
            faults.append("there is no record in it")
        return CheckedPackage(folder, stands, information, records, tuple(faults[:_MOST_FAULTS]))


def _folder(package: Package) -> str:
    folders = {name.split("/")[0] for name in package.names}
    if len(folders) != 1 or any("/" not in name for name in package.names):
        raise IntegrityFault("it is no package: a bag lies in one folder (RFC 8493, section 4)")
    return folders.pop()


def _manifest(package: Package, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _lines(package.read(name, _MOST_MANIFEST)):
        told = _LINE.fullmatch(line)
        if told is None or told[2] in found:
            raise IntegrityFault(f"{name} has a line that no manifest has, or a file twice")
        found[told[2]] = told[1]
    return found


def _lines(content: bytes) -> list[str]:
    try:
        return content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise IntegrityFault("a manifest is not UTF-8") from None


def _tag_faults(package: Package, folder: str) -> Iterator[str]:
    for algorithm in ALGORITHMS:
        for path, digest in _manifest(package, f"{folder}/tagmanifest-{algorithm}.txt").items():
            if package.hash(f"{folder}/{path}", algorithm)[1].hex() != digest:
                yield f"{path} is not what tagmanifest-{algorithm}.txt says"


def _payload(
    package: Package, folder: str, manifests: Mapping[str, Mapping[str, str]], faults: list[str]
) -> dict[str, tuple[int, str]]:
    """Hash every payload file and hold it against both manifests; return size and SHA-256 by path."""
    present = {name.removeprefix(f"{folder}/") for name in package.names if name.startswith(f"{folder}/data/")}
    digests = {}
    for path in sorted(present):
        size, sha256 = package.digest(f"{folder}/{path}")
        digests[path] = (size, sha256)
        if manifests["sha256"].get(path) != sha256:
            faults.append(
                f"{path} is not what the manifest says" if path in manifests["sha256"] else f"{path} is in no manifest"
            )
    for algorithm, told in manifests.items():
        faults.extend(f"{path} is missing" for path in sorted(set(told) - present))
        if set(told) != set(manifests["sha256"]):
            faults.append(f"the manifests name different files: {algorithm}")
    return digests


def _information(package: Package, folder: str) -> dict[str, str]:
    found = {}
    for line in _lines(package.read(f"{folder}/bag-info.txt")):
        name, colon, value = line.partition(": ")
        if colon:
            found[name] = value
    return found


def _record(package: Package, folder: str, name: str, digests: Mapping[str, tuple[int, str]]) -> CheckedRecord:
    prefix = f"data/{name}/"
    inside = {path.removeprefix(prefix): told for path, told in digests.items() if path.startswith(prefix)}
    faults: list[str] = []
    description: dict[str, Any] = {}
    mets = inside.get(ROOT_METS, (0, ""))[1]
    try:
        if not _SHORT.fullmatch(name):
            faults.append("its folder is not named by the id of a record")
        named = _mets_files(package, f"{folder}/{prefix}{ROOT_METS}", name, faults)
        faults.extend(_against_mets(inside, named))
        faults.extend(_against_premis(package, f"{folder}/{prefix}{PREMIS_PATH}", inside))
        description = _json(package, f"{folder}/{prefix}{DESCRIPTION}")
        if description.get("record") != name:
            faults.append("record.json is of another record")
        faults.extend(_against_seal(package, f"{folder}/{prefix}{EVIDENCE}manifest.json", inside))
    except IntegrityFault as error:
        faults.append(error.message)
    files = {path: told[1] for path, told in inside.items() if path != ROOT_METS}
    return CheckedRecord(name, mets, files, description, tuple(faults[:_MOST_FAULTS]))


def _mets_files(package: Package, name: str, record: str, faults: list[str]) -> dict[str, tuple[str, str]]:
    """Return size and checksum by path, as METS.xml tells them."""
    root = _xml(package, name)
    if root.tag != f"{{{METS}}}mets" or root.get("OBJID") != f"urn:uuid:{record}":
        faults.append("METS.xml is of something else")
    found: dict[str, tuple[str, str]] = {}
    for entry in root.iter(f"{{{METS}}}file", f"{{{METS}}}mdRef"):
        location = entry if entry.tag.endswith("mdRef") else entry.find(f"{{{METS}}}FLocat")
        path = location.get(f"{{{XLINK}}}href") if location is not None else None
        if not path or entry.get("CHECKSUMTYPE") != "SHA-256" or path in found:
            faults.append("METS.xml names a file without place or checksum, or twice")
            continue
        found[path] = (entry.get("SIZE") or "", (entry.get("CHECKSUM") or "").lower())
    return found


def _against_mets(inside: Mapping[str, tuple[int, str]], named: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for path, (size, sha256) in named.items():
        if path not in inside:
            yield f"{path} is missing, though METS.xml names it"
        elif (str(inside[path][0]), inside[path][1]) != (size, sha256):
            yield f"{path} is not what METS.xml says"
    for path in inside:
        if path not in named and path != ROOT_METS:
            yield f"{path} is not in METS.xml"


def _against_premis(package: Package, name: str, inside: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    for one in _xml(package, name).iter(f"{{{PREMIS}}}object"):
        digest = one.findtext(f".//{{{PREMIS}}}messageDigest")
        path = one.findtext(f"{{{PREMIS}}}objectIdentifier/{{{PREMIS}}}objectIdentifierValue") or ""
        if digest is not None and inside.get(path, (0, ""))[1] != digest:
            yield f"{path[:200]} is not what premis.xml says"


def _against_seal(package: Package, name: str, inside: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    """What was sealed at the declaration is in the package, bit for bit."""
    if name not in package.names:
        return
    held = {sha256 for _size, sha256 in inside.values()}
    for part in _json(package, name).get("components") or ():
        if isinstance(part, dict) and part.get("sha256") not in held:
            yield f"the sealed {str(part.get('role'))[:40]} is missing or altered"


def _xml(package: Package, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(package.read(name, _MOST_XML), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise IntegrityFault(f"{name.rsplit('/', 1)[-1]} is no XML: {type(error).__name__}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise IntegrityFault(f"{name.rsplit('/', 1)[-1]} declares a document type, and none is read")
    return root


def _json(package: Package, name: str) -> dict[str, Any]:
    try:
        told = json.loads(package.read(name, _MOST_XML))
    except (ValueError, RecursionError):
        raise IntegrityFault(f"{name.rsplit('/', 1)[-1]} is no JSON") from None
    if not isinstance(told, dict):
        raise IntegrityFault(f"{name.rsplit('/', 1)[-1]} is not an object")
    return told
