"""Every reader of bytes from outside that has vectors: what it makes of them, and by which errors it may refuse.

`read` gives what was read as JSON holds it, so that a vector can say it. Used by tests/unit/test_reader_vectors.py,
tests/fuzz/reader_targets.py and tests/house/test_vectors.py.
"""

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask

from edms.audit.cosignature import cosigned_at, witness_key, witness_key_from
from edms.audit.tiles import bundle_leaves, tile_hashes, tile_named
from edms.audit.witness import WitnessRefusal, read_submission
from edms.audit.witness_client import witness_from
from edms.batches.sheet import BadSheet, read_sheet
from edms.capture.indonesian_dates import parse_date
from edms.capture.manifest_mapping import DATE_FORMATS, load_mapping
from edms.core.errors import EdmsError, IntegrityFault, Refused
from edms.core.handover_receipt import read_receipt, receipt_bytes
from edms.core.settings import Settings
from edms.exchange.checking import check_package
from edms.proposals.class_model import ClassModel
from edms.proposals.dates import dates_in
from edms.proposals.letter import read_letter
from edms.proposals.letter_number import read_number
from edms.records.people_files import read_people_file
from edms.redaction.finder import find
from edms.retention.errors import RuleFault
from edms.retention.rulebook import RuleBook
from edms.screening.clamd import _verdict
from edms.screening.protocol import ScannerUnavailable
from edms.search.codec import CodeReader, Postings
from edms.search.errors import IndexDamaged
from edms.search.generations import read_sealed
from edms.search.postgresql import layout
from edms.search.postgresql.sealing import SegmentSeal, unwrap
from edms.search.postgresql.segments import opened_body
from edms.search.query import parse, parse_range
from edms.text.mail_parts import take_apart
from edms.text.tables import read_table
from edms.vault.file_provider import FileKeyProvider
from edms.vault.key_files import PROVIDER_FILE, read_provider_file
from edms.vault.keyring import KeyRing
from edms.vault.staging import Checksum
from edms.web.views.uploads import metadata

KEY = bytes(range(32))
WITNESS = witness_key("kabupaten-witness", KEY)
FOLDER = Path(tempfile.mkdtemp(prefix="edms-readers-"))
_MOST_COUNT = 1 << 16
_APP = Flask("readers")
_APP.extensions["archive"] = SimpleNamespace(settings=Settings())  # all that a page asks before it knows who asks


@dataclass(frozen=True)
class Reader:
    """`where`: module and function. `vectors`: the folder of its vectors. `refusals`: what it may raise."""

    where: str
    vectors: str
    read: Callable[[bytes], Any]
    refusals: tuple[type[Exception], ...] = ()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _tile_path(data: bytes) -> Any:
    tile = tile_named(_text(data))
    assert tile.name == _text(data), "two spellings of one tile"
    return [tile.level, tile.position, tile.width]


def _receipt(data: bytes) -> Any:
    return json.loads(receipt_bytes(read_receipt(data)))


def _exchange_package(data: bytes) -> Any:
    path = FOLDER / f"package-{os.getpid()}.zip"
    path.write_bytes(data)
    checked = check_package(path)
    faults = [*checked.faults, *(fault for one in checked.records for fault in one.faults)]
    return {"manifest_sha256": checked.manifest_sha256, "faults": faults}


def _submission(data: bytes) -> Any:
    told = read_submission(data)
    assert told.to_bytes() == data, "two spellings of one request"
    return {"old": told.old_size, "proof": [step.hex() for step in told.proof], "note": told.note}


def _cosignature(data: bytes) -> Any:
    at = cosigned_at(_text(data), WITNESS)
    return at.isoformat() if at else None


def _witness_key(data: bytes) -> Any:
    key = witness_key_from(_text(data))
    return [key.name, key.public.hex()]


def _witness(data: bytes) -> Any:
    found = witness_from(_text(data))
    return [found.url, found.key.name, found.key.public.hex()]


def _written(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def _kek(data: bytes) -> Any:
    # Making an opening key takes a tenth of a second by design.
    if b"argon2id" in data:
        raise IntegrityFault("a key file that needs a passphrase")
    opened = FileKeyProvider.open(_written("kek.json", data).parent)
    return {"key_id": opened.key_id, "current": opened.epoch, "epochs": list(opened.epochs())}


def _secret(data: bytes) -> Any:
    ring = KeyRing(_written("secrets/database.json", data).parents[1], FileKeyProvider("00", 1, {1: KEY}))
    return ring.secret("database").hex()


def _provider(data: bytes) -> Any:
    return read_provider_file(_written(PROVIDER_FILE, data).parent, "pkcs11").model_dump()


def _postings(data: bytes) -> Any:
    # What a posting list takes in memory is told by counts that a segment's seal has authenticated before.
    if len(data) >= 8 and max(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")) > _MOST_COUNT:
        raise IndexDamaged("more documents than this test holds in memory")
    read = Postings(data)
    return {name: getattr(read, name).tolist() for name in ("ids", "frequencies", "positions")}


def _head(data: bytes) -> Any:
    told, arrays = layout.unpack(data)
    return {"told": told, "arrays": {name: array.tolist() for name, array in arrays.items()}}


def _block(data: bytes) -> Any:
    block = layout.Block(data)
    numbers = ("counts", "lists", "ids", "frequencies", "positions")
    return {"keys": [key.hex() for key in block.keys], **{name: getattr(block, name).tolist() for name in numbers}}


def _list(data: bytes) -> Any:
    ids, frequencies = layout.decode_list(data)
    return {"ids": ids.tolist(), "frequencies": frequencies.tolist()}


def _body(data: bytes) -> Any:
    record, shown, passages = opened_body(data)
    return [record, shown.hex(), passages.hex()]


def _codes(data: bytes) -> Any:
    read = CodeReader(data[1:], data[0] if data else 0)
    return [read[number] for number in range(len(read))]


def _rules(data: bytes) -> Any:
    book = RuleBook({"aturan.toml": _text(data)})
    return {"editions": sorted(book.editions), "sha256": book.sha256}


def _number(data: bytes) -> Any:
    found = read_number(_text(data))
    return found and [found.text, found.code, found.sequence, found.month, found.year, found.level]


def _personal(data: bytes) -> Any:
    text = _text(data)
    return [{"kind": one.kind.value, "text": text[one.start : one.end], "proposed": one.proposed} for one in find(text)]


def _query(data: bytes) -> Any:
    read = parse(_text(data))
    return {"tree": _tree(read.root), "notices": [[one.code, one.detail] for one in read.notices]}


def _tree(node: Any) -> Any:
    if isinstance(node, tuple):
        return [_tree(one) for one in node]
    if not dataclasses.is_dataclass(node):
        return node
    return [type(node).__name__, *(_tree(getattr(node, field.name)) for field in dataclasses.fields(node))]


def _range(data: bytes) -> Any:
    found = parse_range("year", _text(data))
    return found and [found.low, found.high]


def _model(data: bytes) -> Any:
    model = ClassModel.from_bytes(data)
    model.suggest("undangan rapat anggaran")
    return {"codes": list(model.codes), "counts": list(model.counts), "terms": list(model.terms)}


def _metadata(data: bytes) -> Any:
    with _APP.test_request_context():
        return metadata(_text(data))


def _checksum(data: bytes) -> Any:
    found = Checksum.parse(_text(data))
    return [found.algorithm, found.digest.hex()]


def _mapping(data: bytes) -> Any:
    return load_mapping(_written("mapping.toml", data)).model_dump(mode="json")["columns"]


def _given(data: bytes) -> list[int]:
    descriptor = os.memfd_create("given")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return [descriptor]


def _table(data: bytes) -> Any:
    told, _sections = read_table(_given(data), "csv", {}, {})
    if told["problem"]:
        raise Refused(told["problem"])
    return told["rows"]


def _mail(data: bytes) -> Any:
    told, sections = take_apart(_given(data))
    return {"subject": told["subject"], "attachments": told["attachments"], "sizes": [len(one) for one in sections]}


def _day(data: bytes) -> Any:
    found = parse_date(_text(data), DATE_FORMATS)
    return found and found.isoformat()


def _people(data: bytes) -> Any:
    read = read_people_file(_written("people.json" if data.startswith(b"{") else "people.csv", data))
    offices = [[one.code, one.name, one.parent] for one in read.offices.values()]
    people = [
        [one.user, one.name, one.office, sorted(one.roles), one.clearance, one.head, one.active]
        for one in read.people.values()
    ]
    return {"offices": offices, "people": people}


def _scan(data: bytes) -> Any:
    found = _verdict(_text(data), "ClamAV")
    return [found.outcome.value, found.detail]


READERS: dict[str, Reader] = {
    "tile-path": Reader("edms.audit.tiles:tile_named", "tiles", _tile_path, (ValueError,)),
    "tile": Reader(
        "edms.audit.tiles:tile_hashes",
        "tiles",
        lambda data: [one.hex() for one in tile_hashes(data[1:], data[0] + 1 if data else 1)],
        (ValueError,),
    ),
    "entries": Reader(
        "edms.audit.tiles:bundle_leaves",
        "tiles",
        lambda data: [one.hex() for one in bundle_leaves(data[1:], data[0] + 1 if data else 1)],
        (ValueError,),
    ),
    "add-checkpoint": Reader("edms.audit.witness:read_submission", "witness", _submission, (WitnessRefusal,)),
    "cosignature": Reader("edms.audit.cosignature:cosigned_at", "witness", _cosignature, (IntegrityFault,)),
    "witness-key": Reader("edms.audit.cosignature:witness_key_from", "witness", _witness_key, (ValueError,)),
    "witness-line": Reader("edms.audit.witness_client:witness_from", "witness", _witness, (ValueError,)),
    "kek": Reader("edms.vault.file_provider:FileKeyProvider.open", "key_ring", _kek, (EdmsError,)),
    "secret": Reader("edms.vault.keyring:KeyRing.secret", "key_ring", _secret, (EdmsError,)),
    "provider": Reader("edms.vault.key_files:read_provider_file", "key_ring", _provider, (EdmsError,)),
    "index-file": Reader(
        "edms.search.generations:read_sealed",
        "index",
        lambda data: _text(read_sealed(_written("CURRENT", data), KEY, b"edms-index/1|CURRENT")),
        (IndexDamaged,),
    ),
    "postings": Reader("edms.search.codec:Postings", "index", _postings, (IndexDamaged,)),
    "codes": Reader("edms.search.codec:CodeReader", "index", _codes, (IndexDamaged,)),
    "pg-key": Reader(
        "edms.search.postgresql.sealing:unwrap",
        "index_postgresql",
        lambda data: unwrap(KEY, "3/5", data).key.hex(),
        (IndexDamaged,),
    ),
    "pg-piece": Reader(
        "edms.search.postgresql.sealing:SegmentSeal.open",
        "index_postgresql",
        lambda data: SegmentSeal(bytes(range(255, 223, -1)), "3/5").open(layout.BODY, 7, data).hex(),
        (IndexDamaged,),
    ),
    "pg-head": Reader("edms.search.postgresql.layout:unpack", "index_postgresql", _head, (IndexDamaged,)),
    "pg-block": Reader("edms.search.postgresql.layout:Block", "index_postgresql", _block, (IndexDamaged,)),
    "pg-list": Reader("edms.search.postgresql.layout:decode_list", "index_postgresql", _list, (IndexDamaged,)),
    "pg-places": Reader(
        "edms.search.postgresql.layout:decode_places",
        "index_postgresql",
        lambda data: layout.decode_places(data).tolist(),
        (IndexDamaged,),
    ),
    "pg-forms": Reader(
        "edms.search.postgresql.layout:decode_forms", "index_postgresql", layout.decode_forms, (IndexDamaged,)
    ),
    "pg-body": Reader("edms.search.postgresql.segments:opened_body", "index_postgresql", _body, (IndexDamaged,)),
    "query": Reader("edms.search.query:parse", "query", _query),
    "range": Reader("edms.search.query:parse_range", "query", _range),
    "rules": Reader("edms.retention.rulebook:RuleBook.from_text", "retention_rules", _rules, (RuleFault,)),
    "letter-number": Reader("edms.proposals.letter_number:read_number", "letters", _number),
    "letter-dates": Reader(
        "edms.proposals.dates:dates_in",
        "letters",
        lambda data: [[one.day.isoformat(), one.start, one.end] for one in dates_in(_text(data))],
    ),
    "letter": Reader(
        "edms.proposals.letter:read_letter",
        "letters",
        lambda data: sorted([str(one.field), str(one.value)] for one in read_letter([_text(data)])),
    ),
    "class-model": Reader("edms.proposals.class_model:ClassModel.from_bytes", "letters", _model, (ValueError,)),
    "upload-metadata": Reader("edms.web.views.uploads:metadata", "uploads", _metadata, (Refused,)),
    "upload-checksum": Reader("edms.vault.staging:Checksum.parse", "uploads", _checksum, (Refused,)),
    "mapping": Reader("edms.capture.manifest_mapping:load_mapping", "manifest", _mapping, (Refused,)),
    "table": Reader("edms.text.tables:read_table", "manifest", _table, (Refused,)),
    "manifest-date": Reader("edms.capture.indonesian_dates:parse_date", "manifest", _day),
    "people": Reader("edms.records.people_files:read_people_file", "people", _people, (Refused,)),
    "mail": Reader("edms.text.mail_parts:take_apart", "mail", _mail),
    "separator": Reader(
        "edms.batches.sheet:read_sheet", "separators", lambda data: read_sheet(_text(data)).as_dict(), (BadSheet,)
    ),
    "exchange-package": Reader(
        "edms.exchange.checking:check_package", "handover", _exchange_package, (Refused, IntegrityFault)
    ),
    "handover-receipt": Reader("edms.core.handover_receipt:read_receipt", "handover", _receipt, (Refused,)),
    "personal-data": Reader("edms.redaction.finder:find", "personal_data", _personal),
    "clamd": Reader("edms.screening.clamd:_verdict", "clamd", _scan, (ScannerUnavailable,)),
}
