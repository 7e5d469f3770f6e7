"""A file that is sent only to be compared: hashed while it arrives, kept nowhere."""

import hashlib
import io

from werkzeug.datastructures import FileStorage


class DigestStream(io.RawIOBase):
    """Takes bytes and keeps their SHA-256 alone; reading gives nothing back."""

    def __init__(self) -> None:
        super().__init__()
        self._digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return 0

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def digest_of(part: FileStorage) -> str:
    """Return the SHA-256 of an uploaded file, empty when none was chosen."""
    stream: object = part.stream
    return stream.hexdigest() if isinstance(stream, DigestStream) and stream.size else ""
