"""Writes the vectors of exchange packages and of the receipts for them (docs/formats/exchange-package.md,
handover-receipt.md).

python tests/vectors/handover/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import hashlib
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[2]))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

from edms.core.handover_receipt import Receipt, ReceiptLine, receipt_bytes  # noqa: E402
from edms.exchange.parts import PackedFile, Producer, RecordParts  # noqa: E402
from edms.exchange.sip import write_package  # noqa: E402

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
RECORD = UUID("019a0000-0000-7000-8000-000000000001")


def package() -> tuple[bytes, str, str, dict[str, str]]:
    content = b"Surat keputusan"
    one = PackedFile("original", "original", 0, "surat.txt", "text/plain", len(content),
                     hashlib.sha256(content).hexdigest(), NOW, lambda: io.BytesIO(content), "x-fmt/111")  # fmt: skip
    parts = RecordParts(RECORD, {"version": 1, "record": str(RECORD), "title": "Keputusan"}, (), (one,),
                        Producer("Pemerintah Kota", "Dinas Kesehatan", "arsip.contoh", "0.1.0"), NOW)  # fmt: skip
    out = io.BytesIO()
    stands, written = write_package(out, "penyerahan-1", [parts], [], {}, NOW)
    return out.getvalue(), stands, written[0].mets_sha256, written[0].files


def receipt() -> dict[str, Any]:
    _content, stands, mets, files = package()
    line = ReceiptLine(str(RECORD), "accepted", mets, files, "AS 12/2026")
    told = Receipt("penyerahan-1", stands, "Dinas Arsip dan Perpustakaan", "042/2026", NOW, (line,))
    made: dict[str, Any] = json.loads(receipt_bytes(told))
    return made


def accepted() -> Vectors:
    content, stands, _mets, _files = package()
    told = receipt()
    returned = {**told, "records": [{**told["records"][0], "verdict": "returned", "reason": "bukan arsip statis"}]}
    return {
        "receipt": vector("handover-receipt", "taken", json.dumps(told), read=told),
        "receipt-returned": vector("handover-receipt", "goes back, with a reason", json.dumps(returned), read=returned),
        "package": vector("exchange-package", "one record", content, read={"manifest_sha256": stands, "faults": []}),
    }


def rejected() -> Vectors:
    content, _stands, _mets, _files = package()
    told = receipt()
    line = told["records"][0]
    receipts = {
        "no-json": "receipt", "list": "[]", "other-kind": json.dumps({**told, "kind": "x"}),
        "later-version": json.dumps({**told, "version": 2}), "more-keys": json.dumps({**told, "x": 1}),
        "no-zone": json.dumps({**told, "received_at": "2026-11-24T03:00:00"}),
        "nobody": json.dumps({**told, "receiver": ""}), "no-records": json.dumps({**told, "records": []}),
        "twice": json.dumps({**told, "records": [line, line]}),
        "no-reason": json.dumps({**told, "records": [{**line, "verdict": "returned"}]}),
        "no-hash": json.dumps({**told, "records": [{**line, "mets_sha256": "x"}]}),
        "other-verdict": json.dumps({**told, "records": [{**line, "verdict": "maybe"}]}),
    }  # fmt: skip
    packages = {"package-cut": content[:-30], "package-no-zip": b"penyerahan", "package-appended": content + b"x"}
    return {
        **{why: vector("handover-receipt", why, text, refused="") for why, text in receipts.items()},
        **{why: vector("exchange-package", why, data, refused="") for why, data in packages.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
