"""Where the one secret comes from that opens the keys: a passphrase, the PIN of a token, the token of a key server.

It is never a setting and never stands on a command line or in the environment, which other programs can read. It
comes from one of: a file descriptor, a private file, a systemd credential, a person at a terminal.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from edms.core.errors import ConfigurationError, KeyUnavailable
from edms.core.processes import secret_pipe

CREDENTIAL = "edms-unlock"
MOST_BYTES = 4096
SOURCE = r"^(auto|none|fd:\d{1,4}|file:.+|credential:[A-Za-z0-9._-]{1,100})$"
_STANDARD_DESCRIPTORS = 3

Ask = Callable[[str], str]


class Unlock:
    """Gives the secret, read once and then kept in this process's memory, so that children can be handed it.

    `source`: `auto` (a systemd credential if there is one, else the terminal), `none`, `fd:N`, `file:PATH` or
    `credential:NAME`. `ask` shows a question on the terminal and returns what was typed; None where nobody sits.
    """

    def __init__(
        self,
        source: str = "auto",
        ask: Ask | None = None,
        environment: Mapping[str, str] | None = None,
        credential: str = CREDENTIAL,
    ):
        if not re.fullmatch(SOURCE, source):
            raise ConfigurationError(f"{source} names no source of a passphrase", "see [keys] unlock")
        self._source = source
        self._own = credential
        self._ask = ask
        self._environment = os.environ if environment is None else environment
        self._secret: bytes | None = None

    def __repr__(self) -> str:
        return f"Unlock({self._source!r})"

    @property
    def held(self) -> bool:
        """Whether a secret was read."""
        return self._secret is not None

    @property
    def asks(self) -> bool:
        """Whether the secret comes from a person, who may mistype it."""
        return self._source == "auto" and self._ask is not None and self._credential(self._own) is None

    def secret(self, what: str) -> bytes:
        """Return the secret; `what` names it ("the passphrase of the key file"). Raises KeyUnavailable."""
        if self._secret is None:
            self._secret = self._read(what)
        return self._secret

    def new_secret(self, what: str) -> bytes:
        """Return a secret that is to be set: a person types it twice. Raises KeyUnavailable."""
        if self._secret is None and self.asks and self._ask is not None:
            typed = self._ask(f"New: {what}")
            if self._ask(f"Again: {what}") != typed:
                raise KeyUnavailable("the two are not the same", "nothing was changed; try again")
            self._secret = typed.encode()
        return self.secret(what)

    def forget(self) -> None:
        """Read anew at the next call: a mistyped passphrase, or a token that its agent has renewed in its file."""
        self._secret = None

    @property
    def renewable(self) -> bool:
        """Whether reading again can give something newer."""
        return self._source.startswith(("file:", "credential:"))

    @contextlib.contextmanager
    def handed_over(self) -> Iterator[int | None]:
        """Give a descriptor from which one child can read the secret, once; None when there is nothing to hand over."""
        if self._secret is None:
            yield None
            return
        with secret_pipe(self._secret) as reading:
            yield reading

    def _read(self, what: str) -> bytes:
        kind, _, name = self._source.partition(":")
        if kind == "fd":
            return _checked(_read_descriptor(int(name), what), what)
        if kind == "file":
            return _checked(_read_private_file(Path(name), what), what)
        if kind == "credential" or (kind == "auto" and self._credential(self._own) is not None):
            path = self._credential(name or self._own)
            if path is None:
                raise KeyUnavailable(f"{what} is needed, and there is no credential {name}", "see LoadCredential=")
            return _checked(_read_private_file(path, what), what)
        if kind == "auto" and self._ask is not None:
            return _checked(self._ask(what[:1].upper() + what[1:]).encode(), what)
        raise KeyUnavailable(
            f"{what} is needed and nobody is here to give it",
            f"start it at a terminal, give a systemd credential {self._own}, or set its unlock",
        )

    def _credential(self, name: str) -> Path | None:
        folder = self._environment.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / name if folder else None
        return path if path is not None and path.is_file() else None


def _checked(secret: bytes, what: str) -> bytes:
    secret = secret.removesuffix(b"\n").removesuffix(b"\r")
    if not secret or len(secret) > MOST_BYTES:
        raise KeyUnavailable(f"{what} is empty or longer than {MOST_BYTES} bytes")
    return secret


def _read_descriptor(number: int, what: str) -> bytes:
    found = b""
    try:
        while len(found) <= MOST_BYTES + 2 and (part := os.read(number, MOST_BYTES)):
            found += part
        if number >= _STANDARD_DESCRIPTORS:
            os.close(number)
    except OSError as fault:
        raise KeyUnavailable(f"{what} cannot be read from descriptor {number}: {fault.strerror}") from None
    return found


def _read_private_file(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077:
                raise ConfigurationError(f"others may read {path}, which holds {what}", f"run chmod 600 {path}")
            return file.read(MOST_BYTES + 2)
    except OSError as fault:
        raise KeyUnavailable(f"{what} cannot be read from {path}: {fault.strerror}") from None
