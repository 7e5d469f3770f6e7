"""Writing a bag (BagIt 1.0, RFC 8493) into a zip file, in one pass: nothing is written twice, nothing is sought.

The zip file has one folder, as section 4 asks of serialised bags. What is remembered while writing are the lines of the
manifests, in an unnamed file: ids and digests alone, for no name of a user's is a path here.
"""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, NamedTuple

from edms.core.errors import IntegrityFault
from edms.exchange.names import line_text

ALGORITHMS = ("sha256", "sha512")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_CHUNK = 1024 * 1024
_MODE = 0o100600 << 16
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HUGE = 2**31 - 1


class Written(NamedTuple):
    size: int
    sha256: str


class BagWriter:
    """A bag under construction. `add` any number of times, then `close` once; memory does not grow with the files."""

    def __init__(self, out: BinaryIO, name: str) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_STORED)
        self._name = name
        self._manifests = {one: tempfile.TemporaryFile() for one in ALGORITHMS}  # noqa: SIM115 - closed in `close`
        self._tags: dict[str, list[str]] = {one: [] for one in ALGORITHMS}
        self._bytes = self._files = 0

    def add(self, path: str, source: Callable[[], BinaryIO], *, size: int | None = None, sha256: str = "") -> Written:
        """Put a payload file at `data/PATH`. Raises IntegrityFault when it is not of the `size` and `sha256` told."""
        digests = {one: hashlib.new(one) for one in ALGORITHMS}
        count = 0
        entry = self._entry(f"data/{path}")
        with source() as stream, self._zip.open(entry, "w", force_zip64=size is None or size > _HUGE) as target:
            while piece := stream.read(_CHUNK):
                for digest in digests.values():
                    digest.update(piece)
                target.write(piece)
                count += len(piece)
        found = digests["sha256"].hexdigest()
        if (size is not None and count != size) or (sha256 and found != sha256):
            raise IntegrityFault(f"{path} is not what was stored: nothing of this package may be used")
        for name, digest in digests.items():
            self._manifests[name].write(f"{digest.hexdigest()}  data/{path}\n".encode())
        self._bytes, self._files = self._bytes + count, self._files + 1
        return Written(count, found)

    def add_bytes(self, path: str, content: bytes) -> Written:
        """Put a payload file of these bytes at `data/PATH`."""
        return self.add(path, lambda: io.BytesIO(content), size=len(content))

    def close(self, information: Mapping[str, object], bagged_at: datetime) -> str:
        """Write manifests and tags; return the SHA-256 of `manifest-sha256.txt`, which stands for the whole payload."""
        self._tag("bagit.txt", DECLARATION)
        told = {
            "Bagging-Date": bagged_at.date().isoformat(),
            "Payload-Oxum": f"{self._bytes}.{self._files}",
            **information,
        }
        lines = "".join(f"{line_text(name)}: {line_text(value)}\n" for name, value in told.items())
        self._tag("bag-info.txt", lines.encode())
        stands = ""
        for name, manifest in self._manifests.items():
            manifest.seek(0)
            digest = self._copy(f"manifest-{name}.txt", manifest)
            stands = digest if name == "sha256" else stands
            manifest.close()
        for name, lines_of in self._tags.items():
            with self._zip.open(self._entry(f"tagmanifest-{name}.txt"), "w") as target:
                target.write("".join(lines_of).encode())
        self._zip.close()
        return stands

    def abandon(self) -> None:
        """Let go of what is held; the file that was begun is of no use."""
        for manifest in self._manifests.values():
            manifest.close()
        with suppress(OSError, ValueError):
            self._zip.close()

    def _tag(self, path: str, content: bytes) -> None:
        self._copy(path, io.BytesIO(content))

    def _copy(self, path: str, source: BinaryIO) -> str:
        digests = {one: hashlib.new(one) for one in ALGORITHMS}
        with self._zip.open(self._entry(path), "w", force_zip64=True) as target:
            while piece := source.read(_CHUNK):
                for digest in digests.values():
                    digest.update(piece)
                target.write(piece)
        for name, digest in digests.items():
            self._tags[name].append(f"{digest.hexdigest()}  {path}\n")
        return digests["sha256"].hexdigest()

    def _entry(self, path: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(f"{self._name}/{path}", _EPOCH)
        entry.create_system, entry.external_attr = 3, _MODE
        return entry
