"""Fuzz targets for the vault's own parsers. By hand: `python tests/fuzz/vault_targets.py NAME -max_total_time=60`.

Each takes any bytes and may answer with a clear error only: whatever else is raised, or accepted, is a finding.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edms"]):
    from edms.core.clock import FixedClock
    from edms.core.errors import EdmsError, IntegrityFault
    from edms.core.segments import SegmentReader, SegmentWriter
    from edms.vault.file_provider import FileKeyProvider
    from edms.vault.key_files import PROVIDER_FILE, read_provider_file
    from edms.vault.keyring import KeyRing

KEY, DATA = bytes(range(32)), b"edms.blob.v1|x|original"
FOLDER = Path(tempfile.mkdtemp(prefix="edms-fuzz-"))
CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))


def sealed() -> bytes:
    room = io.BytesIO()
    with SegmentWriter(room, KEY, DATA) as sealing:  # type: ignore[arg-type]
        sealing.write(b"Surat Keputusan")
    return room.getvalue()


TRUE = sealed()
PROVIDER = FileKeyProvider("00", 1, {1: KEY})
WRAPPED = PROVIDER.wrap(b"k" * 32, DATA).wrapped


def segment_stream(data: bytes) -> None:
    """Nothing but what a holder of the key sealed is ever given out."""
    try:
        with SegmentReader(io.BytesIO(data), KEY, DATA) as plain:
            got = plain.read()
    except IntegrityFault:
        return
    if data != TRUE or got != b"Surat Keputusan":
        raise AssertionError("forged bytes were opened")


def damaged_stream(data: bytes) -> None:
    """A true stream with some bytes changed, which reaches further in than random bytes do."""
    changed = bytearray(TRUE)
    for place, value in zip(data[::2], data[1::2], strict=False):
        changed[place % len(changed)] = value
    segment_stream(bytes(changed))


def wrapped_key(data: bytes) -> None:
    try:
        got = PROVIDER.unwrap("00", 1, data, DATA)
    except IntegrityFault:
        return
    if data != WRAPPED or got != b"k" * 32:
        raise AssertionError("a forged wrapping was opened")


def key_file(data: bytes) -> None:
    _in_folder("kek.json", data, lambda: FileKeyProvider.open(FOLDER, b"kata sandi"))


def provider_file(data: bytes) -> None:
    _in_folder(PROVIDER_FILE, data, lambda: read_provider_file(FOLDER, "pkcs11"))


def secret_file(data: bytes) -> None:
    (FOLDER / "secrets").mkdir(exist_ok=True)
    _in_folder("secrets/database.json", data, lambda: KeyRing(FOLDER, PROVIDER).secret("database"))


def _in_folder(name: str, data: bytes, read: Callable[[], object]) -> None:
    # An opening key costs a tenth of a second by design, so files that ask for one are not the reader's to judge here.
    if b"argon2id" in data:
        return
    (FOLDER / name).write_bytes(data)
    try:
        read()
    except EdmsError:
        return


TARGETS = {
    target.__name__: target
    for target in (segment_stream, damaged_stream, wrapped_key, key_file, provider_file, secret_file)
}


def seeds(name: str) -> list[bytes]:
    """What a run begins with."""
    if name == "segment_stream":
        return [TRUE]
    if name == "wrapped_key":
        return [WRAPPED]
    if name == "key_file":
        FileKeyProvider.create(FOLDER / "seed", CLOCK)
        return [(FOLDER / "seed" / "kek.json").read_bytes()]
    if name == "secret_file":
        KeyRing(FOLDER / "seed", PROVIDER).add("database", b"k")
        return [(FOLDER / "seed" / "secrets" / "database.json").read_bytes()]
    return [b'{"format": "edms-provider", "version": 1, "provider": "pkcs11", "key_id": "00", "name": "x"}']


def main(name: str, folder: Path, options: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_bytes(content)
    atheris.Setup([sys.argv[0], str(folder), *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    given = [one for one in sys.argv[2:] if not one.startswith("-")]
    main(
        sys.argv[1],
        Path(given[0]) if given else Path(tempfile.mkdtemp()),
        [one for one in sys.argv[2:] if one.startswith("-")],
    )
