"""Fuzz targets for what an outsider's checker reads. By hand: `python tests/fuzz/audit_targets.py NAME FOLDER`.

Each takes any bytes and may answer with a clear error only; a forged note or bundle that is taken is a finding.
"""

import base64
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edms.audit", "edms.verify"]):
    from edms.audit.cosignature import witness_key_from
    from edms.audit.events import read_leaf
    from edms.audit.note import Checkpoint, open_checkpoint
    from edms.core.errors import IntegrityFault, Refused
    from edms.verify.certificate import Outside
    from edms.verify.destruction import check_certificate
    from edms.verify.package import open_package
    from edms.verify.removal import check_removal
    from edms.verify.trust import trusted_from_pem
    from edms.verify.watched import against

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
NOTE = json.loads((VECTORS / "audit" / "accept" / "checkpoint.json").read_text("utf-8"))
PUBLIC = bytes.fromhex(NOTE["public"])
BUNDLE = json.loads((VECTORS / "bundle" / "genuine.json").read_text("utf-8"))
CERTIFICATE = json.loads((VECTORS / "destruction" / "accept" / "one-taken-out.json").read_text("utf-8"))
LIST = json.loads(CERTIFICATE["certificate"])["disposal"]["list_sha256"]
REMOVAL = json.loads((VECTORS / "removal" / "accept" / "one-kept-by-the-order.json").read_text("utf-8"))
RECEIPT = json.loads(REMOVAL["certificate"])["receipt"]["sha256"]
TRUE = open_checkpoint(NOTE["note"], PUBLIC)
FOLDER = Path(tempfile.mkdtemp(prefix="edms-fuzz-"))


def checkpoint(data: bytes) -> None:
    """Nothing but what the key signed is a checkpoint."""
    try:
        found = open_checkpoint(data.decode("utf-8", "replace"), PUBLIC)
    except IntegrityFault:
        return
    assert found == TRUE, "a forged checkpoint was taken"


def kept(data: bytes) -> None:
    """Nothing shows another tree to be of one history with ours."""
    other = Checkpoint(TRUE.origin, TRUE.size, b"\x11" * 32)
    assert against(data.decode("utf-8", "replace"), other, [PUBLIC]), "a forged history was taken"


def leaf(data: bytes) -> None:
    try:
        read_leaf(data)
    except ValueError:
        return


def witness_key(data: bytes) -> None:
    try:
        witness_key_from(data.decode("utf-8", "replace"))
    except ValueError:
        return


def package(data: bytes) -> None:
    """Whatever is opened as a zip file has safe names, and reading it ends in bytes or a fault."""
    file = FOLDER / "bundle.zip"
    file.write_bytes(data)
    try:
        with open_package(file) as opened:
            for name in opened.names:
                assert ".." not in name.split("/"), "a name leads elsewhere"
                opened.digest(name)
    except IntegrityFault:
        return


def certificate(data: bytes) -> None:
    """Whatever is taken for a certificate is of the one destruction that the key signed, and of its whole list."""
    file = FOLDER / "certificate.json"
    file.write_bytes(data)
    try:
        report = check_certificate(file, trusted_from_pem(CERTIFICATE["keys"].encode()))
    except Refused:
        return
    if not report.faults:
        told = json.loads(data)
        assert told["disposal"]["list_sha256"] == LIST, "a forged list was taken"
        assert report.checked["destroyed records"] == 2, "other records than those that were destroyed were taken"


def removal(data: bytes) -> None:
    """Whatever is taken for a certificate is of the one removal that the key signed, with its receipt."""
    file = FOLDER / "removal.json"
    file.write_bytes(data)
    try:
        report = check_removal(file, Outside(trusted_from_pem(REMOVAL["keys"].encode())))
    except Refused:
        return
    if not report.faults:
        assert json.loads(data)["receipt"]["sha256"] == RECEIPT, "a forged receipt was taken"
        assert report.checked["removed records"] == 2, "other records than those that were removed were taken"


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (checkpoint, kept, leaf, witness_key, package, certificate, removal)
}


def seeds(name: str) -> list[bytes]:
    """Return a true example to begin from."""
    true_leaf = json.loads((VECTORS / "audit" / "accept" / "leaf.json").read_text("utf-8"))["leaf"]
    return {
        "leaf": [true_leaf.encode()],
        "witness_key": [BUNDLE["witnesses"][0].encode()],
        "certificate": [CERTIFICATE["certificate"].encode()],
        "removal": [REMOVAL["certificate"].encode()],
        "package": [base64.b64decode(BUNDLE["bundle"])],
    }.get(name, [NOTE["note"].encode()])


def main(name: str, folder: Path, options: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_bytes(content)
    atheris.Setup([sys.argv[0], str(folder), *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
