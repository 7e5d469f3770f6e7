"""PREMIS 3 of a record: its files, the representations, what happened to it, who did it, who may see it (R71). Pure."""

from collections.abc import Sequence
from typing import Any

from lxml import etree

from edms.exchange.names import xml_text
from edms.exchange.parts import SOFTWARE, RecordParts, WrittenFile

PREMIS = "http://www.loc.gov/premis/v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_UUID, _LOCAL = "UUID", "local"


def premis_of(parts: RecordParts, files: Sequence[WrittenFile]) -> bytes:
    """Return premis.xml. `files`: those of the representations, as they lie in the package."""
    root = etree.Element(f"{{{PREMIS}}}premis", nsmap={"premis": PREMIS, "xsi": XSI})
    root.set("version", "3.0")
    record = str(parts.record)
    _entity(root, parts)
    for name in sorted({one.packed.representation for one in files if one.packed}):
        _representation(root, record, name, files)
    for one in files:
        _file(root, one)
    agents = {SOFTWARE: "software"}
    for number, event in enumerate(parts.history, 1):
        agents.setdefault(str(event.get("actor") or SOFTWARE), "person")
        _event(root, record, number, event)
    for name, kind in agents.items():
        _agent(root, name, kind, parts.producer.version if name == SOFTWARE else "")
    _rights(root, record, parts.description)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _entity(root: Any, parts: RecordParts) -> None:
    entity = _object(root, "intellectualEntity", _UUID, str(parts.record))
    _sub(entity, "originalName", str(parts.description.get("title") or ""))


def _representation(root: Any, record: str, name: str, files: Sequence[WrittenFile]) -> None:
    made = _object(root, "representation", _LOCAL, f"representations/{name}")
    for one in files:
        if one.packed is not None and one.packed.representation == name:
            _relation(made, "structural", "has part", _LOCAL, one.path)
    _relation(made, "structural", "represents", _UUID, record)


def _file(root: Any, one: WrittenFile) -> None:
    assert one.packed is not None, "only what is in a representation is described as a file"
    made = _object(root, "file", _LOCAL, one.path)
    features = _sub(made, "objectCharacteristics")
    fixity = _sub(features, "fixity")
    _sub(fixity, "messageDigestAlgorithm", "SHA-256")
    _sub(fixity, "messageDigest", one.sha256)
    _sub(fixity, "messageDigestOriginator", SOFTWARE)
    _sub(features, "size", str(one.size))
    form = _sub(features, "format")
    _sub(_sub(form, "formatDesignation"), "formatName", one.media_type)
    if one.packed.puid:
        registry = _sub(form, "formatRegistry")
        _sub(registry, "formatRegistryName", "PRONOM")
        _sub(registry, "formatRegistryKey", one.packed.puid)
    _sub(made, "originalName", one.packed.original_name)


def _event(root: Any, record: str, number: int, told: dict[str, Any]) -> None:
    event = _sub(root, "event")
    _identifier(event, "event", _LOCAL, f"event-{number}")
    _sub(event, "eventType", str(told.get("action") or "unknown"))
    _sub(event, "eventDateTime", str(told.get("at") or ""))
    if told.get("index") is not None:
        _sub(_sub(event, "eventDetailInformation"), "eventDetail", f"leaf {told['index']} of the audit trail")
    _sub(_sub(event, "eventOutcomeInformation"), "eventOutcome", str(told.get("outcome") or ""))
    agent = _sub(event, "linkingAgentIdentifier")
    _sub(agent, "linkingAgentIdentifierType", _LOCAL)
    _sub(agent, "linkingAgentIdentifierValue", str(told.get("actor") or SOFTWARE))
    _linked(event, record)


def _agent(root: Any, name: str, kind: str, version: str) -> None:
    agent = _sub(root, "agent")
    _identifier(agent, "agent", _LOCAL, name)
    _sub(agent, "agentName", name)
    _sub(agent, "agentType", kind)
    if version:
        _sub(agent, "agentVersion", version)


def _rights(root: Any, record: str, description: dict[str, Any]) -> None:
    """Who may see it: the level of the security scheme and the category of public information (R18, R63)."""
    statement = _sub(_sub(root, "rights"), "rightsStatement")
    _identifier(statement, "rightsStatement", _LOCAL, f"rights-{record}")
    _sub(statement, "rightsBasis", "other")
    other = _sub(statement, "otherRightsInformation")
    _sub(other, "otherRightsBasis", "klasifikasi keamanan")
    _sub(other, "otherRightsNote", f"level: {description.get('level') or 'restricted'}")
    if description.get("kip"):
        _sub(other, "otherRightsNote", f"kip: {description['kip']}")
    link = _sub(statement, "linkingObjectIdentifier")
    _sub(link, "linkingObjectIdentifierType", _UUID)
    _sub(link, "linkingObjectIdentifierValue", record)


def _object(root: Any, kind: str, identifier: str, value: str) -> Any:
    made = _sub(root, "object")
    made.set(f"{{{XSI}}}type", f"premis:{kind}")
    _identifier(made, "object", identifier, value)
    return made


def _identifier(parent: Any, stem: str, kind: str, value: str) -> None:
    inner = _sub(parent, f"{stem}Identifier")
    _sub(inner, f"{stem}IdentifierType", kind)
    _sub(inner, f"{stem}IdentifierValue", value)


def _relation(parent: Any, kind: str, subtype: str, identifier: str, value: str) -> None:
    relation = _sub(parent, "relationship")
    _sub(relation, "relationshipType", kind)
    _sub(relation, "relationshipSubType", subtype)
    related = _sub(relation, "relatedObjectIdentifier")
    _sub(related, "relatedObjectIdentifierType", identifier)
    _sub(related, "relatedObjectIdentifierValue", value)


def _linked(event: Any, record: str) -> None:
    link = _sub(event, "linkingObjectIdentifier")
    _sub(link, "linkingObjectIdentifierType", _UUID)
    _sub(link, "linkingObjectIdentifierValue", record)


def _sub(parent: Any, name: str, text: str | None = None) -> Any:
    made = etree.SubElement(parent, f"{{{PREMIS}}}{name}")
    if text is not None:
        made.text = xml_text(text)
    return made
