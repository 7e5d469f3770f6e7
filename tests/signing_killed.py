"""A process that signs as an official and is killed on the way: `python -m signing_killed FOLDER URL USER POINT`."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from archive_fixtures import MOMENT, settings_in
from signing_people import give, with_signer

from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.records import signatures_sign
from edms.records.archive import Archive
from edms.signing.authority import AuthorityMaterial
from edms.signing.personal_pilot import PilotSigner

POINTS = ("signed", "kept", "advanced")
"""The signature is made; the signed document lies in the vault; the rows are written and not committed."""


def with_certified(archive: Archive) -> Archive:
    """Return an archive whose officials have their certificates, with the signer that made them."""
    material = AuthorityMaterial.from_json(archive.keys.secret("authority"))
    signer = PilotSigner(material, archive.personal_trust, "Pemerintah Kota", "ID", archive.clock, archive.timestamps)
    return with_signer(archive, signer)


def _killed(*_anything: Any, **_told: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, url: str, user: str, point: str) -> None:
    archive = with_certified(open_archive(settings_in(Path(folder), url), FixedClock(MOMENT)))
    if point == "signed":
        signatures_sign._store = _killed
    elif point == "kept":
        signatures_sign.advance = _killed
    else:
        signatures_sign._fill = _killed
    give(archive, user)


if __name__ == "__main__":
    main(*sys.argv[1:])
