"""Writing the package of one record (E-ARK SIP 2.2.0) into a bag, and a bag of many of them. No database.

A package is written in one pass: files first, then what is said of them, METS.xml last, for it names them all.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from lxml import etree

from edms.exchange.bag import BagWriter, Written
from edms.exchange.mets import mets_of, representation_mets
from edms.exchange.names import (
    DESCRIPTION,
    DESCRIPTIVE,
    DOCUMENTATION,
    EVIDENCE,
    HISTORY,
    PREMIS,
    ROOT_METS,
    SCHEMAS,
    data_path,
    xml_text,
)
from edms.exchange.parts import SOFTWARE, RecordParts, WrittenFile, WrittenRecord
from edms.exchange.premis import premis_of
from edms.exchange.readme import README_TEXT, SCHEMAS_TEXT

_DC = "http://purl.org/dc/elements/1.1/"
_JSON, _XML, _TEXT = "application/json", "application/xml", "text/plain"


class RecordWriter:
    """Writes one record into the folder named by its id."""

    def __init__(self, bag: BagWriter, parts: RecordParts) -> None:
        self._bag, self._parts = bag, parts
        self._root = str(parts.record)
        self._files: list[WrittenFile] = []

    def write(self) -> WrittenRecord:
        """Write all of it. Raises IntegrityFault when a file is not what was stored."""
        parts = self._parts
        for one in parts.files:
            path = data_path(one.representation, one.role, one.position, one.original_name, one.media_type)
            if any(path == written.path for written in self._files):
                raise ValueError(f"two files would lie at {path}")
            written = self._bag.add(f"{self._root}/{path}", one.open, size=one.size, sha256=one.sha256)
            self._keep(path, one.media_type, written, f"Representations/{one.representation}", one.created, one)
        data = tuple(self._files)
        self._metadata(data)
        representations = sorted({one.representation for one in parts.files})
        for name in representations:
            inside = [one for one in data if one.packed and one.packed.representation == name]
            self._put(f"representations/{name}/{ROOT_METS}", _XML, f"Representations/{name}",
                      representation_mets(self._identifier, name, parts.producer, parts.packed_at, inside))  # fmt: skip
        content = mets_of(self._identifier, str(parts.description.get("title") or self._identifier), parts.producer,
                          parts.packed_at, self._files, representations,
                          reference=str(parts.description.get("number") or ""))  # fmt: skip
        mets = self._bag.add_bytes(f"{self._root}/{ROOT_METS}", content)
        return WrittenRecord(parts.record, mets.sha256, {one.path: one.sha256 for one in self._files})

    @property
    def _identifier(self) -> str:
        return f"urn:uuid:{self._parts.record}"

    def _metadata(self, data: tuple[WrittenFile, ...]) -> None:
        parts = self._parts
        self._put(DESCRIPTIVE, _XML, "", _dublin_core(parts.description, self._identifier))
        self._put(DESCRIPTION, _JSON, "", _json(parts.description))
        self._put(PREMIS, _XML, "", premis_of(parts, data))
        self._put(HISTORY, _JSON, "", _json(list(parts.history)))
        for name, content in parts.evidence:
            self._put(f"{EVIDENCE}{name}", "application/octet-stream", "Metadata/other", content)
        self._put(DOCUMENTATION, _TEXT, "Documentation", README_TEXT.encode())
        self._put(SCHEMAS, _TEXT, "Schemas", SCHEMAS_TEXT.encode())

    def _put(self, path: str, media_type: str, group: str, content: bytes) -> None:
        self._keep(path, media_type, self._bag.add_bytes(f"{self._root}/{path}", content), group)

    def _keep(
        self, path: str, media_type: str, written: Written, group: str, created: datetime | None = None,
        packed: Any = None,
    ) -> None:  # fmt: skip
        moment = created or self._parts.packed_at
        self._files.append(WrittenFile(path, media_type, written.size, written.sha256, moment, group, packed))


def write_package(
    out: BinaryIO,
    name: str,
    records: Iterable[RecordParts],
    papers: Iterable[tuple[str, bytes]],
    information: dict[str, object],
    packed_at: datetime,
) -> tuple[str, list[WrittenRecord]]:
    """Write a bag of packages to `out`, which need not be seekable; return what stands for it and what is in it.

    `name` is the bag's folder; `papers` (path, bytes) lie beside the records under `papers/`. `records` is read one by
    one, so that memory does not grow with their number but for what the zip file's directory takes of each file.
    """
    bag = BagWriter(out, name)
    try:
        written = [RecordWriter(bag, parts).write() for parts in records]
        for path, content in papers:
            bag.add_bytes(f"papers/{path}", content)
        return bag.close({"Bag-Software-Agent": SOFTWARE, **information}, packed_at), written
    except BaseException:
        bag.abandon()
        raise


def _dublin_core(description: dict[str, Any], identifier: str) -> bytes:
    """Simple Dublin Core: what any archive reads; the whole description is in record.json."""
    root = etree.Element("simpledc", nsmap={"dc": _DC})
    told = (
        ("identifier", identifier), ("identifier", description.get("number")), ("title", description.get("title")),
        ("creator", description.get("sender") or description.get("office", {}).get("name")),
        ("date", description.get("document_date")), ("type", description.get("record_type")),
        ("language", description.get("language")), ("subject", description.get("class", {}).get("code")),
        ("subject", description.get("class", {}).get("title")), ("rights", description.get("level")),
    )  # fmt: skip
    for name, value in told:
        if value:
            etree.SubElement(root, f"{{{_DC}}}{name}").text = xml_text(value)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "backslashreplace")
