"""`python -m edms.verify BUNDLE [--key PEM] [--witness KEY] [--checkpoint FILE]`: 0 all holds, 1 a fault, 2 usage."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edms.core.errors import EdmsError
from edms.verify.asked import check_asked
from edms.verify.report import SELF_ASSERTED, BundleReport


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one bundle and say what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m edms.verify",
        description="Check off line an evidence bundle, or a certificate of destruction or of removed content.",
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", type=Path, help="public keys of the archive (PEM), from elsewhere than the bundle")
    parser.add_argument("--timestamp-key", type=Path, help="roots of the timestamp authority (PEM), when it is another")
    parser.add_argument("--witness", action="append", default=[], help="the key of a witness that must have cosigned")
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        help="a checkpoint of the trail kept elsewhere, or the answer of edms audit prove --from SIZE",
    )
    parser.add_argument(
        "--receiver-key",
        type=Path,
        help="certificates of the institution that received (PEM), from it: removed content",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(arguments)
    try:
        report = check_asked(
            asked.bundle, asked.key, asked.timestamp_key, asked.witness, asked.checkpoint, asked.receiver_key
        )
    except EdmsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(report.as_dict()) + "\n" if asked.json else _told(report))
    return 0 if report.ok else 1


def _told(report: BundleReport) -> str:
    lines = [f"FAULT {fault.kind} {fault.id}: {fault.detail}" for fault in report.faults]
    lines += [f"note: {note}" for note in report.notes]
    verdict = "NOT OK" if report.faults else "ok, by the bundle's own keys" if report.trust == SELF_ASSERTED else "ok"
    checked = ", ".join(f"{count} {what}" for what, count in report.checked.items())
    seen = report.cosignatures
    if seen["found"] or seen["required"]:
        lines.append(f"cosignatures: {seen['found']} found, {seen['valid']} valid, {seen['required']} required")
    return "\n".join([*lines, f"{verdict}: {checked or 'nothing'} checked, {len(report.faults)} faults"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
