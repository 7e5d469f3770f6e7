"""Exchange packages for tests: made by the writer, and taken apart and put together again by hand."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from edms.exchange.parts import PackedFile, Producer, RecordParts
from edms.exchange.sip import write_package

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
FIRST, SECOND = UUID(int=5), UUID(int=6)
PRODUCER = Producer("Pemerintah Kota", "Dinas Kesehatan", "arsip.contoh", "0.1.0", "Dinas Arsip dan Perpustakaan")


def packed(
    content: bytes, *, representation: str = "original", role: str = "original", position: int = 0,
    name: str = "surat.pdf", media_type: str = "application/pdf",
) -> PackedFile:  # fmt: skip
    digest = hashlib.sha256(content).hexdigest()
    return PackedFile(representation, role, position, name, media_type, len(content), digest, NOW,
                      lambda: io.BytesIO(content), "fmt/19")  # fmt: skip


def parts(record: UUID = FIRST, *files: PackedFile, **told: object) -> RecordParts:
    description = {
        "version": 1, "record": str(record), "title": "Surat keputusan", "number": "005/1/2026", "level": "open",
        "class": {"code": "000.1.5", "title": "Rapat", "edition": "x"}, "office": {"code": "dinkes", "name": "Dinas"},
        **told,
    }  # fmt: skip
    history = ({"index": 3, "at": NOW.isoformat(), "action": "record.captured", "actor": "Siti", "outcome": "done",
                "details": {}},)  # fmt: skip
    made = files or (packed(b"%PDF-1.4 asli"), packed(b"%PDF-1.4 salinan", representation="access", role="access_copy"))
    return RecordParts(record, description, history, tuple(made), PRODUCER, NOW, (("seal.p7s", b"\x30\x03seal"),))


def package(folder: Path, *records: RecordParts, name: str = "penyerahan-1") -> Path:
    path = folder / "paket.zip"
    with path.open("wb") as out:
        write_package(out, name, records or (parts(), parts(SECOND)), [("daftar.json", b"{}")],
                      {"Source-Organization": "Pemerintah Kota"}, NOW)  # fmt: skip
    return path


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack a package of ours; return the folder of the bag."""
    with zipfile.ZipFile(path) as opened:
        opened.extractall(folder)
        return folder / opened.namelist()[0].split("/")[0]


def altered(path: Path, change: Callable[[str, bytes], bytes | None], *more: tuple[str, bytes]) -> Path:
    """Write the package anew with each entry as `change` has it (None: left out), and `more` entries."""
    other = path.with_name("lain.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for entry in source.infolist():
            content = change(entry.filename, source.read(entry))
            if content is not None:
                target.writestr(entry.filename, content)
        for name, content in more:
            target.writestr(name, content)
    return other


def rebagged(path: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    """Change the payload and make its manifests anew, as somebody does who wants it to look whole."""
    root = unpacked(path, folder)
    change(root)
    files = sorted(one for one in (root / "data").rglob("*") if one.is_file())
    for algorithm in ("sha256", "sha512"):
        lines = (f"{hashlib.new(algorithm, one.read_bytes()).hexdigest()}  {one.relative_to(root)}\n" for one in files)
        (root / f"manifest-{algorithm}.txt").write_text("".join(lines))
    oxum = f"{sum(one.stat().st_size for one in files)}.{len(files)}"
    (root / "bag-info.txt").write_text(f"Payload-Oxum: {oxum}\n")
    for algorithm in ("sha256", "sha512"):
        names = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt")
        lines = (f"{hashlib.new(algorithm, (root / one).read_bytes()).hexdigest()}  {one}\n" for one in names)
        (root / f"tagmanifest-{algorithm}.txt").write_text("".join(lines))
    other = path.with_name("berubah.zip")
    with zipfile.ZipFile(other, "w") as target:
        for one in sorted(root.rglob("*")):
            if one.is_file():
                target.write(one, f"{root.name}/{one.relative_to(root)}")
    return other
