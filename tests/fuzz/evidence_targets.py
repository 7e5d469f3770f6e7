"""Fuzz targets for evidence records and timestamps. By hand: `python tests/fuzz/evidence_targets.py NAME FOLDER`.

Each takes any bytes and may answer with SigningFault or a verdict only. Whatever else is raised is a finding, and so is
a verdict without a problem on documents that nobody stamped.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edms.signing", "asn1crypto"]):
    from edms.signing.errors import SigningFault
    from edms.signing.evidence_check import EvidenceChecker
    from edms.signing.evidence_record import digest, read_evidence_record
    from edms.signing.timestamp_token import problems, read_token, seal_timestamp

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "evidence_record" / "accept"
CASES = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(VECTORS.glob("*.json"))]
ROOTS = [bytes.fromhex(root) for root in CASES[0]["roots"]]
MOMENT = datetime.fromisoformat(CASES[0]["at"])


def evidence_record(data: bytes) -> None:
    """No bytes prove that a document which nobody stamped existed; and what is read is written again the same."""
    try:
        record = read_evidence_record(data)
    except SigningFault:
        return
    assert read_evidence_record(record.encoded()) == record
    verdict = EvidenceChecker(ROOTS, MOMENT).check(record, lambda name: [digest(name, b"never stamped")])
    assert verdict.problems, "a document that nobody stamped was proven"


def timestamp_token(data: bytes) -> None:
    """No bytes stamp what was not stamped."""
    try:
        token = read_token(data)
    except SigningFault:
        return
    assert problems(token, "sha256", b"\x11" * 32, ROOTS, MOMENT), "a hash that nobody stamped was proven"


def seal(data: bytes) -> None:
    """Whatever is given as a seal has a timestamp that can be read, or has none."""
    try:
        seal_timestamp(data)
    except SigningFault:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "evidence_record": evidence_record,
    "timestamp_token": timestamp_token,
    "seal": seal,
}


def seeds(name: str) -> list[bytes]:
    """Return true records, or true tokens out of them, to begin from."""
    records = [bytes.fromhex(case["record"]) for case in CASES]
    if name == "evidence_record":
        return records
    return [stamp.token for data in records for chain in read_evidence_record(data).chains for stamp in chain]


def main(name: str, folder: Path, options: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_bytes(content)
    atheris.Setup([sys.argv[0], str(folder), *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
