"""What a request brings: a file that is only to be compared, and a body that cannot be read."""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import ClientDisconnected


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


class _Body:
    """The body of a request. What gunicorn says of chunks that are none is the sender's fault, like a broken line."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, all with -1. Raises ClientDisconnected, which is answered with 400."""
        return self._got(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        """Return a line, or its first `size` bytes. Raises as `read` does."""
        return self._got(self._stream.readline, size)

    def _got(self, reading: Callable[[int], bytes], size: int) -> bytes:
        from gunicorn.http.errors import ParseException

        try:
            return bytes(reading(size))
        except ParseException:
            raise ClientDisconnected() from None


def streamed(parts: Iterator[bytes], name: str, media_type: str) -> Response:
    """A file to be saved that is sent while it is made. What fails before its first part is an error page; what fails
    later breaks the connection, so that nobody takes a part for the whole."""
    first = next(parts, b"")

    def sent() -> Iterator[bytes]:
        yield first
        yield from parts

    disposition = f"attachment; filename={name}"
    return Response(sent(), content_type=media_type, headers={"Content-Disposition": disposition})


def readable_bodies(app: Callable[..., Any]) -> Callable[..., Any]:
    """Return the WSGI application with bodies that cannot be read refused, and no defect of ours in the log."""

    def run(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return app(environ, start)

    return run
