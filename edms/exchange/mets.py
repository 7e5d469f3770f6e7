"""METS of a record's package: CSIP 2.2.0 and SIP 2.2.0 of the DILCIS Board (R70, R71). Pure.

Each representation has a METS of its own beside the one of the package, as CSIPSTR12 asks; the one of the package names
every file. Numbers like CSIP66 in the comments are those of the requirements.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from edms.exchange.names import xml_text
from edms.exchange.parts import SOFTWARE, Producer, WrittenFile

METS = "http://www.loc.gov/METS/"
XLINK = "http://www.w3.org/1999/xlink"
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
SIP = "https://DILCIS.eu/XML/METS/SIPExtensionMETS"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SIP_PROFILE = "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
CSIP_PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
CONTENT_TYPE = "edms-record-1"
_NAMES = {"mets": METS, "xlink": XLINK, "csip": CSIP, "sip": SIP, "xsi": XSI}
_KINDS = {"metadata/descriptive/dc.xml": "DC", "metadata/preservation/premis.xml": "PREMIS"}


def mets_of(
    object_id: str,
    label: str,
    producer: Producer,
    made_at: datetime,
    files: Sequence[WrittenFile],
    representations: Sequence[str],
    *,
    reference: str = "",
) -> bytes:
    """Return METS.xml of the package of a record. `files`: all in it but METS.xml itself; `reference`: its number."""
    root = _root(object_id, label, SIP_PROFILE)
    _header(root, producer, made_at, reference)
    descriptive = _metadata(root, "dmdSec", "metadata/descriptive/", files, made_at)
    preservation = _metadata(root, "amdSec", "metadata/preservation/", files, made_at)
    groups = _file_section(root, files)
    division = _structure(root)
    _part(division, "Metadata", {"DMDID": " ".join(descriptive), "ADMID": " ".join(preservation)})
    for group, label_ in (
        ("Metadata/other", "Metadata/other"),
        ("Documentation", "Documentation"),
        ("Schemas", "Schemas"),
    ):
        if group in groups:
            _pointer(_part(division, label_), groups[group])
    whole = _part(division, "Representations")
    for name in representations:
        _pointer(whole, groups[f"Representations/{name}"])
    for name in representations:
        inner = _sub(whole, "div", ID=f"div-representation-{name}", LABEL=f"Representations/{name}")
        # CSIP109-112: each representation is led to by its own METS.
        link = _sub(inner, "mptr", LOCTYPE="URL")
        _link(link, f"representations/{name}/METS.xml", f"Representations/{name}")
    return _bytes(root)


def representation_mets(
    object_id: str, name: str, producer: Producer, made_at: datetime, files: Sequence[WrittenFile]
) -> bytes:
    """Return METS.xml of one representation; the paths in it begin at the folder of the representation."""
    root = _root(f"{object_id}/{name}", name, CSIP_PROFILE)
    _header(root, producer, made_at, "")
    groups = _file_section(root, files, prefix=f"representations/{name}/", group_name="Data")
    division = _structure(root)
    _pointer(_part(division, "Data"), groups["Data"])
    return _bytes(root)


def _root(object_id: str, label: str, profile: str) -> Any:
    root = etree.Element(f"{{{METS}}}mets", nsmap=_NAMES)
    told = {"OBJID": object_id, "LABEL": label, "TYPE": "Other", "PROFILE": profile,
            f"{{{CSIP}}}OTHERTYPE": "Record", f"{{{CSIP}}}CONTENTINFORMATIONTYPE": "OTHER",
            f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE": CONTENT_TYPE}  # fmt: skip
    for name, value in told.items():
        root.set(name, xml_text(value))
    return root


def _header(root: Any, producer: Producer, made_at: datetime, reference: str) -> None:
    header = _sub(root, "metsHdr", CREATEDATE=_moment(made_at), LASTMODDATE=_moment(made_at), RECORDSTATUS="NEW")
    header.set(f"{{{CSIP}}}OAISPACKAGETYPE", "SIP")
    software = _agent(header, "CREATOR", "OTHER", SOFTWARE, other="SOFTWARE")
    note = _sub(software, "note", text=producer.version)
    note.set(f"{{{CSIP}}}NOTETYPE", "SOFTWARE VERSION")
    _agent(header, "ARCHIVIST", "ORGANIZATION", producer.office)  # SIP9-14: who made the records
    _agent(header, "OTHER", "ORGANIZATION", producer.organisation, other_role="SUBMITTER")
    if producer.receiver:
        _agent(header, "PRESERVATION", "ORGANIZATION", producer.receiver)
    if reference:
        _sub(header, "altRecordID", text=reference, TYPE="REFERENCECODE")


def _agent(header: Any, role: str, kind: str, name: str, *, other: str = "", other_role: str = "") -> Any:
    told = {"ROLE": role, "TYPE": kind, **({"OTHERTYPE": other} if other else {}),
            **({"OTHERROLE": other_role} if other_role else {})}  # fmt: skip
    agent = _sub(header, "agent", **told)
    _sub(agent, "name", text=name)
    return agent


def _metadata(root: Any, section: str, prefix: str, files: Sequence[WrittenFile], made_at: datetime) -> list[str]:
    """Descriptive metadata in sections of their own, preservation metadata in one (CSIP17-44); return their ids."""
    found = [one for one in files if one.path.startswith(prefix)]
    ids = []
    holder = _sub(root, "amdSec", ID="amd-preservation") if section == "amdSec" and found else None
    for number, one in enumerate(found, 1):
        name = f"dmd-{number}" if holder is None else f"digiprov-{number}"
        inner = (
            _sub(root, "dmdSec", ID=name, CREATED=_moment(made_at), STATUS="CURRENT")
            if holder is None
            else _sub(holder, "digiprovMD", ID=name, CREATED=_moment(made_at), STATUS="CURRENT")
        )
        kind = _KINDS.get(one.path)
        told = {"MDTYPE": kind} if kind else {"MDTYPE": "OTHER", "OTHERMDTYPE": "EDMS"}
        reference = _sub(inner, "mdRef", ID=f"{name}-file", LOCTYPE="URL", **told, **_checked(one))
        _link(reference, one.path)
        ids.append(name)
    return ids


def _file_section(root: Any, files: Sequence[WrittenFile], *, prefix: str = "", group_name: str = "") -> dict[str, str]:
    """The files by group (CSIP58-79); return the id of each group by its name."""
    section = _sub(root, "fileSec", ID="files")
    groups: dict[str, Any] = {}
    for number, one in enumerate((one for one in files if one.group), 1):
        name = group_name or one.group
        if name not in groups:
            groups[name] = _sub(section, "fileGrp", ID=f"group-{len(groups) + 1}", USE=name)
            groups[name].set(f"{{{CSIP}}}CONTENTINFORMATIONTYPE", "OTHER")
            groups[name].set(f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE", CONTENT_TYPE)
        entry = _sub(groups[name], "file", ID=f"file-{number}", **_checked(one))
        if one.packed is not None:
            entry.set("OWNERID", xml_text(one.packed.original_name))
            if one.packed.puid:
                entry.set(f"{{{SIP}}}FILEFORMATREGISTRY", "PRONOM")
                entry.set(f"{{{SIP}}}FILEFORMATKEY", one.packed.puid)
        _link(_sub(entry, "FLocat", LOCTYPE="URL"), one.path.removeprefix(prefix))
    return {name: group.get("ID") for name, group in groups.items()}


def _structure(root: Any) -> Any:
    structure = _sub(root, "structMap", ID="structure", TYPE="PHYSICAL", LABEL="CSIP")
    return _sub(structure, "div", ID="div-root", LABEL=xml_text(root.get("OBJID")))


def _part(division: Any, label: str, references: Mapping[str, str] | None = None) -> Any:
    told = {name: value for name, value in (references or {}).items() if value}
    return _sub(division, "div", ID=f"div-{label.lower().replace('/', '-')}", LABEL=label, **told)


def _pointer(division: Any, group: str) -> None:
    _sub(division, "fptr", FILEID=group)


def _checked(one: WrittenFile) -> dict[str, str]:
    return {"MIMETYPE": one.media_type, "SIZE": str(one.size), "CREATED": _moment(one.created),
            "CHECKSUM": one.sha256, "CHECKSUMTYPE": "SHA-256"}  # fmt: skip


def _link(element: Any, path: str, title: str = "") -> None:
    element.set(f"{{{XLINK}}}type", "simple")
    element.set(f"{{{XLINK}}}href", path)
    if title:
        element.set(f"{{{XLINK}}}title", title)


def _sub(parent: Any, name: str, *, text: str = "", **told: str) -> Any:
    made = etree.SubElement(parent, f"{{{METS}}}{name}")
    for attribute, value in told.items():
        made.set(attribute, xml_text(value))
    if text:
        made.text = xml_text(text)
    return made


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _bytes(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
