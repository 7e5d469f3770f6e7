"""A file that is made in parts, put where it is wanted: in a file that is whole or not there, or on standard output."""

import sys
from collections.abc import Iterable
from pathlib import Path

from edms.core.errors import StorageFault


def to_file(target: Path, parts: Iterable[bytes]) -> None:
    """Write beside `target` and put it in its place when it is whole."""
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file:
            file.writelines(parts)
        beside.replace(target)
    except OSError as error:
        raise StorageFault(f"{target} cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def to_stdout(parts: Iterable[bytes]) -> None:
    """Write the parts to standard output, one after another."""
    sys.stdout.flush()
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
