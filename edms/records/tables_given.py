"""A table (CSV, XLSX) that somebody gave us, read in the sandbox: hostile input (R85)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.text.reader import parser_limits, problem_of


def given_table(
    archive: Archive,
    path: Path,
    opened: Callable[[], AbstractContextManager[BinaryIO]],
    kind: str,
    told: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """Return the SHA-256 of the file and what `edms.text.tables:read_table` makes of it; `kind`, `told`: see there.

    `opened` opens it; `path` names it where it is refused. What is returned may have been made by the file: its shape
    is for the caller to check. Raises Refused.
    """
    try:
        with opened() as stream:
            digest = sha256_hex(stream.read())
            stream.seek(0)
            answer = archive.sandbox.call(
                "edms.text.tables:read_table",
                kind,
                told,
                parser_limits(archive.settings.text),
                files=(stream,),
                limits=replace(archive.sandbox.limits, processes=0),
            )
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    except SandboxFault as fault:
        raise Refused(f"{path}: {problem_of(fault).message}", "divide the table, or save it anew") from None
    if answer.values.get("problem"):
        raise Refused(f"{path}: {answer.values['problem']}")
    return digest, answer.values
