"""`python -m edms.verify BUNDLE [--key PUBLIC.pem]`: exits 0 when everything holds, 1 on a fault, 2 on usage."""

import argparse
import sys
from pathlib import Path

from edms.core.errors import EdmsError
from edms.verify.bundle import check_bundle
from edms.verify.trust import trusted_from_pem


def main() -> int:
    """Check one bundle and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m edms.verify", description="Check an evidence bundle off line.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", type=Path, help="public keys of the archive, from elsewhere than the bundle")
    asked = parser.parse_args()
    try:
        report = check_bundle(asked.bundle, trusted_from_pem(asked.key.read_bytes()) if asked.key else None)
    except (EdmsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for fault in report.faults:
        sys.stdout.write(f"FAULT {fault.kind} {fault.id}: {fault.detail}\n")
    for note in report.notes:
        sys.stdout.write(f"note: {note}\n")
    sys.stdout.write(f"{'ok' if report.ok else 'NOT OK'}: {report.checked}\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
