"""Office documents become PDF/A-2b by a LibreOffice that runs no macro, fetches nothing and sees no other file."""

import contextlib
import dataclasses
import io
import os
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from judges import judge
from odf.draw import Frame, Page, TextBox
from odf.opendocument import OpenDocumentPresentation
from odf.style import MasterPage, PageLayout
from odf.text import P
from text_material import open_document, word_document, workbook

from edms.core.sandbox import Sandbox
from edms.core.settings import Settings, TextSettings
from edms.text.archival import faults
from edms.text.ocr import MEMORY_FOLDER
from edms.text.office_copy import EXTENSIONS
from edms.text.office_fonts import missing_fonts, named_fonts
from edms.text.office_printer import (
    PACKAGES,
    LibreOfficePrinter,
    NotPrintable,
    OfficeUnavailable,
    Printed,
    printer_status,
)
from edms.text.reader import sandbox_limits

TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items() if not media_type.startswith("text/")}
OFFICE = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.3"'
LINKS = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
MACRO = """<?xml version="1.0" encoding="UTF-8"?>
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Satu" script:language="StarBasic">
Sub Main
Open "{marked}" For Output As #1
Print #1, "MAKRO BERJALAN"
Close #1
ThisComponent.Text.String = "MAKRO BERJALAN"
End Sub
</script:module>"""

needs_office = pytest.mark.skipif(
    not printer_status(TextSettings()).available,
    reason=f"NO LIBREOFFICE: office documents are not printed here (apt-get install {PACKAGES})",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(sandbox_limits(TextSettings(), Settings().memory.share_bytes))
    yield made
    made.close()


@pytest.fixture(scope="module")
def printer(sandbox: Sandbox) -> LibreOfficePrinter:
    return LibreOfficePrinter(sandbox, TextSettings())


@pytest.fixture(scope="module")
def letter(printer: LibreOfficePrinter) -> Printed:
    return printer.archival_copy(io.BytesIO(word_document()), TYPES["docx"])


def text_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def slides() -> bytes:
    show = OpenDocumentPresentation()
    show.automaticstyles.addElement(PageLayout(name="bidang"))
    show.masterstyles.addElement(MasterPage(name="induk", pagelayoutname="bidang"))
    page = Page(masterpagename="induk")
    frame = Frame(width="15cm", height="3cm", x="2cm", y="2cm")
    box = TextBox()
    box.addElement(P(text="Paparan Anggaran"))
    frame.addElement(box)
    page.addElement(frame)
    show.presentation.addElement(page)
    out = io.BytesIO()
    show.write(out)
    return out.getvalue()


def flat(body: str, *, namespaces: str = "", before: str = "", **more: bytes) -> bytes:
    """An ODT with this body; `before` stands before it, `more` are further files."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {OFFICE} {LINKS} {namespaces} '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
        'xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0" '
        f'xmlns:dom="http://www.w3.org/2001/xml-events">{before}'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    files = {"content.xml": content.encode(), **{name.replace("__", "/"): data for name, data in more.items()}}
    listed = "".join(f'<m:file-entry m:full-path="{name}" m:media-type="text/xml"/>' for name in files)
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" m:version="1.3">'
        f'<m:file-entry m:full-path="/" m:media-type="{TYPES["odt"]}"/>{listed}</m:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", TYPES["odt"])
        for name, data in {**files, "META-INF/manifest.xml": manifest.encode()}.items():
            package.writestr(name, data)
    return out.getvalue()


KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "docx": (word_document, "Petugas melayani peminjaman"),
    "xlsx": (workbook, "Kekurangan volume"),
    "odp": (slides, "Paparan Anggaran"),
    "odt": (open_document, "Hari jadi ke dua ratus"),
    "rtf": (lambda: rb"{\rtf1\ansi{\fonttbl{\f0\fswiss Tak Ada Huruf;}}\f0 Risalah rapat dewan\par}", "Risalah rapat"),
}


@needs_office
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_pdf_a_with_its_text(printer: LibreOfficePrinter, kind: str) -> None:
    make, words = KINDS[kind]
    made = printer.archival_copy(io.BytesIO(make()), TYPES[kind])
    assert words in text_of(made.pdf)
    assert made.faults == ()
    assert made.pages == len(pypdfium2.PdfDocument(made.pdf)) >= 1
    assert made.tool.startswith("LibreOffice")
    assert made.fonts
    if kind == "rtf":
        assert made.fonts_missing == ("Tak Ada Huruf",)


# What each of our settings forbids, allowed: the LibreOffice of the control.
LENIENT = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "false"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "0"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "false"),
)


@contextlib.contextmanager
def elsewhere(folder: Path, content: bytes, *arguments: str) -> Iterator[None]:
    """A LibreOffice outside of any sandbox that forbids nothing has the document open meanwhile."""
    program = judge("soffice")
    (folder / "user").mkdir()
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop>'
        "</item>"
        for path, name, value in LENIENT
    )
    (folder / "user" / "registrymodifications.xcu").write_text(
        f'<?xml version="1.0"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>'
    )
    (folder / "surat.odt").write_bytes(content)
    line = [program, "--headless", "--norestore", f"-env:UserInstallation={folder.as_uri()}", *arguments, "surat.odt"]
    quiet = subprocess.DEVNULL
    running = subprocess.Popen(line, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def with_macro(marked: Path) -> bytes:
    """A letter whose opening runs a macro that writes a file and replaces the text."""
    library = '<?xml version="1.0"?><library:library xmlns:library="http://openoffice.org/2000/library" library:name='
    event = (
        '<office:scripts><office:script script:language="ooo:Basic"/><office:event-listeners><script:event-listener '
        'script:language="ooo:script" script:event-name="dom:load" xlink:type="simple" '
        'xlink:href="vnd.sun.star.script:Standard.Satu.Main?language=Basic&amp;location=document"/>'
        "</office:event-listeners></office:scripts>"
    )
    return flat(
        "<text:p>Isi surat yang asli</text:p>",
        before=event,
        namespaces='xmlns:ooo="http://openoffice.org/2004/office"',  # without it the event is not understood
        **{
            "Basic__script-lc.xml": b'<?xml version="1.0"?><library:libraries xmlns:library="http://openoffice.org/2000/'
            b'library" xmlns:xlink="http://www.w3.org/1999/xlink"><library:library library:name="Standard" '
            b'library:link="false"/></library:libraries>',
            "Basic__Standard__script-lb.xml": f'{library}"Standard" library:readonly="false"><library:element '
            'library:name="Satu"/></library:library>'.encode(),
            "Basic__Standard__Satu.xml": MACRO.format(marked=marked).encode(),
        },
    )


@needs_office
@pytest.mark.slow
def test_a_macro_runs_elsewhere_and_not_here(printer: LibreOfficePrinter, tmp_path: Path) -> None:
    """The control opens the same bytes without our settings and our sandbox: there the macro writes its file."""
    marked = tmp_path / "makro.txt"
    content = with_macro(marked)
    with elsewhere(tmp_path, content):
        for _ in range(1800):
            if marked.exists():
                break
            time.sleep(0.1)
    assert marked.exists(), "the macro runs where nothing forbids it"
    marked.unlink()
    shown = text_of(printer.archival_copy(io.BytesIO(content), TYPES["odt"]).pdf)
    assert not marked.exists()
    assert "Isi surat yang asli" in shown
    assert "MAKRO BERJALAN" not in shown


@needs_office
@pytest.mark.slow
def test_pictures_of_the_network_are_fetched_elsewhere(tmp_path: Path) -> None:
    """The control of the test below: its document does ask for them where nothing forbids it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(180)
        content = flat(f"<text:p>Isi surat {frames(server)}</text:p>")
        with elsewhere(tmp_path, content, "--convert-to", "pdf"):
            asked, _address = server.accept()
            with asked:
                asked.settimeout(180)
                assert b"/a.png HTTP/1.1" in asked.recv(1000)


def frames(server: socket.socket) -> str:
    """Two pictures that lie on a server."""
    return "".join(
        f'<draw:frame svg:width="5cm" svg:height="5cm" text:anchor-type="paragraph"><draw:image '
        f'xlink:href="http://127.0.0.1:{server.getsockname()[1]}/{name}" xlink:type="simple" '
        'xlink:actuate="onLoad"/></draw:frame>'
        for name in ("a.png", "b.svg")
    )


@needs_office
def test_nothing_outside_is_fetched_or_read(printer: LibreOfficePrinter, tmp_path: Path) -> None:
    """A picture from the network, a linked document beside it, and the work folder of another conversion."""
    secret = tmp_path / "rahasia.txt"
    secret.write_text("KATA SANDI WALI KOTA")
    other = MEMORY_FOLDER / f"edms-ocr-{os.getpid()}-other"
    other.mkdir(mode=0o700)
    (other / "in.txt").write_text("SURAT ORANG LAIN")
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.2)
            linked = "".join(
                f'<text:section text:name="s{number}"><text:section-source xlink:href="{path.as_uri()}" '
                'xlink:type="simple" xlink:show="embed"/><text:p>kosong</text:p></text:section>'
                for number, path in enumerate((secret, other / "in.txt", Path("/etc/passwd")))
            )
            content = flat(f"<text:p>Isi surat {frames(server)}</text:p>{linked}")
            shown = text_of(printer.archival_copy(io.BytesIO(content), TYPES["odt"]).pdf)
            with pytest.raises(TimeoutError):
                server.accept()
    finally:
        (other / "in.txt").unlink()
        other.rmdir()
    assert "Isi surat" in shown
    assert not any(words in shown for words in ("KATA SANDI", "ORANG LAIN", "root:"))


@needs_office
def test_what_hangs_or_breaks_ends_in_time_and_leaves_nothing(sandbox: Sandbox) -> None:
    before = set(MEMORY_FOLDER.glob(f"edms-ocr-{os.getpid()}-*"))
    hasty = Sandbox(dataclasses.replace(sandbox.limits, seconds=1))
    slow = LibreOfficePrinter(hasty, TextSettings())
    slow._profile = LibreOfficePrinter(sandbox, TextSettings())._prepared(printer_status(TextSettings()).program)
    pages = b"{\\rtf1 " + b"Baris panjang sekali tanpa akhir.\\par " * 400_000 + b"}"
    try:
        with pytest.raises(NotPrintable) as refused:
            slow.archival_copy(io.BytesIO(pages), TYPES["rtf"])
    finally:
        hasty.close()
    assert refused.value.code == "time_limit"
    with pytest.raises(NotPrintable) as broken:
        LibreOfficePrinter(sandbox, TextSettings()).archival_copy(io.BytesIO(b"PK\x03\x04 bukan zip"), TYPES["pptx"])
    assert broken.value.code == "not_printable"
    assert set(MEMORY_FOLDER.glob(f"edms-ocr-{os.getpid()}-*")) <= before


def test_without_it_the_reason_is_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    off = LibreOfficePrinter(sandbox, TextSettings(office="off"))
    with pytest.raises(OfficeUnavailable, match="switched off"):
        off.archival_copy(io.BytesIO(word_document()), TYPES["docx"])
    monkeypatch.setenv("PATH", "/nonexistent")
    status = printer_status(TextSettings())
    assert not status.available
    assert "not installed" in status.reason
    assert PACKAGES in status.mend


def test_fonts_that_are_not_here_are_named(tmp_path: Path) -> None:
    path = tmp_path / "satu.docx"
    path.write_bytes(word_document())
    assert named_fonts(path)
    assert missing_fonts({"Huruf Yang Tidak Ada"}) in (["Huruf Yang Tidak Ada"], [])
    broken = tmp_path / "rusak.docx"
    broken.write_bytes(b"PK\x03\x04rusak")
    assert named_fonts(broken) == set()


def _unembedded(document: pikepdf.Pdf) -> None:
    for found in document.objects:
        if isinstance(found, pikepdf.Dictionary) and "/FontFile2" in found:
            del found["/FontFile2"]


def _annotated(document: pikepdf.Pdf, **entries: object) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 9, 9], F=4, **entries)
    document.pages[0].Annots = pikepdf.Array([document.make_indirect(note)])


def _embedding(document: pikepdf.Pdf) -> None:
    document.attachments["satu.txt"] = pikepdf.AttachedFileSpec(document, b"satu")


def _unclaimed(document: pikepdf.Pdf) -> None:
    del document.Root.Metadata


SPOILED: dict[str, tuple[Callable[[pikepdf.Pdf], None], str]] = {
    "no metadata": (_unclaimed, "not_claimed"),
    "no intent": (lambda document: document.Root.__delitem__("/OutputIntents"), "no_output_intent"),
    "font taken out": (_unembedded, "font_not_embedded"),
    "script": (
        lambda document: document.Root.__setitem__(
            "/OpenAction", document.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
        ),
        "actions",
    ),
    "file within": (_embedding, "embedded_files"),
    "sound": (lambda document: _annotated(document, Subtype=pikepdf.Name.Sound), "media"),
    "bare note": (lambda found: _annotated(found, Subtype=pikepdf.Name.Square), "annotation_without_appearance"),
    "form of another kind": (
        lambda document: document.Root.__setitem__("/AcroForm", pikepdf.Dictionary(XFA=pikepdf.Array([]))),
        "forms",
    ),
    "transfer function": (
        lambda document: document.Root.__setitem__(
            "/Odd", document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, TR=pikepdf.Name.Identity))
        ),
        "transfer_function",
    ),
}


@needs_office
@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_copy_is_not_called_pdf_a(letter: Printed, how: str) -> None:
    spoil, code = SPOILED[how]
    with pikepdf.open(io.BytesIO(letter.pdf)) as document:
        spoil(document)
        out = io.BytesIO()
        document.save(out)
    assert code in faults(out.getvalue())


@needs_office
def test_an_encrypted_or_broken_pdf_is_not_called_pdf_a(letter: Printed) -> None:
    with pikepdf.open(io.BytesIO(letter.pdf)) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    assert "encrypted" in faults(out.getvalue())
    assert faults(letter.pdf[:200]) == ["damaged"]
    assert faults(letter.pdf) == []


def test_a_sandbox_with_unbound_sockets_still_reaches_nobody(sandbox: Sandbox, tmp_path: Path) -> None:
    """What LibreOffice is given to start at all: a UNIX stream that is bound nowhere."""
    limits = LibreOfficePrinter(sandbox, TextSettings())._limits
    if "seccomp" not in sandbox.isolation():
        pytest.skip("THIS KERNEL HAS NO SECCOMP: sockets are not refused to sandboxed processes")
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.create_server(("127.0.0.1", 0)) as other:
        server.bind(path)
        server.listen()
        server.settimeout(0.2)
        other.settimeout(0.2)
        assert sandbox.call("sandbox_misdeeds:connect_unix", path, limits=limits).values["unix"] != "sent"
        tried = sandbox.call("sandbox_misdeeds:connect", other.getsockname()[1], limits=limits).values
        assert "sent" not in tried.values()
        told = sandbox.call("sandbox_misdeeds:bind_unix", str(tmp_path / "new"), limits=limits).values
        for waiting in (server, other):
            with pytest.raises(TimeoutError):
                waiting.accept()
    assert told == {"stream": "bound", "datagram": "PermissionError", "accept": "PermissionError"}
    assert not (tmp_path / "new").exists()
