"""The papers of a digitisation before judges that share no code with us: pdfsig (Poppler) and OpenSSL."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from digitisation_people import OPERATOR, SIGNERS, authenticated, scan, scanned
from judges import asked
from signing_people import who
from test_digitisation import content, quick  # noqa: F401 - a fixture

from edms.records.archive import Archive
from edms.records.digitisations import show_digitisation
from edms.records.model import ComponentRole

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def signatures(document: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what each signature covers, and the signature (CMS, DER), as its /ByteRange says and no library."""
    for found in _RANGE.finditer(document):
        start, length, after, rest = (int(number) for number in found.groups())
        signature = bytes.fromhex(document[start + length : after].strip(b"<>").decode())
        yield document[start : start + length] + document[after : after + rest], signature


def openssl_says(folder: Path, covered: bytes, signature: bytes) -> bool:
    """Whether OpenSSL finds a signature good for what it covers; whom to trust is no question here."""
    (folder / "signature.der").write_bytes(signature)
    (folder / "covered.bin").write_bytes(covered)
    told = asked(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "signature.der", "-content",
        folder / "covered.bin", "-noverify", "-out", "/dev/null",
    )  # fmt: skip
    return told.returncode == 0


def pdfsig_says(folder: Path, document: bytes) -> int:
    """How many signatures of a PDF pdfsig finds valid."""
    (folder / "paper.pdf").write_bytes(document)
    return asked("pdfsig", "-nocert", folder / "paper.pdf").stdout.decode().count("Signature is Valid")


@pytest.mark.parametrize("number", [1])
def test_all_papers_are_good_before_other_programs(quick: Archive, tmp_path: Path, number: int) -> None:  # noqa: F811
    record = scanned(quick, scan(seed=number), title="Surat imunisasi")
    shown = show_digitisation(who(quick, OPERATOR), quick, authenticated(quick, record))
    minutes, listed = UUID(str(shown.papers["minutes"])), UUID(str(shown.papers["list"]))
    papers = {
        "berita acara": (content(quick, minutes, ComponentRole.SIGNED, len(SIGNERS)), len(SIGNERS)),
        "list": (content(quick, listed, ComponentRole.ACCESS_COPY), 1),
        "authenticated copy": (content(quick, record, ComponentRole.AUTHENTICATED, 1), 1),
    }
    for name, (document, most) in papers.items():
        found = list(signatures(document))
        assert len(found) >= most, name
        assert pdfsig_says(tmp_path, document) >= most, name
        assert all(openssl_says(tmp_path, *one) for one in found), name
        covered, signature = found[-1]
        assert not openssl_says(tmp_path, covered[:-1] + b"!", signature), f"{name}: OpenSSL is asked a real question"
        altered = document.replace(b"%PDF-1.", b"%PDF-2.", 1)
        assert pdfsig_says(tmp_path, altered) < pdfsig_says(tmp_path, document), name
