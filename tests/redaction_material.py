"""Documents that hide a name in every place where a PDF can hide one, and a look at what became of it."""

import io
import subprocess
import tempfile
from pathlib import Path

import pikepdf
from fpdf import FPDF
from judges import judge
from pikepdf import Array, Dictionary, Name, OutlineItem, String

SECRET = "Wulandari Kusumaningtyas"
NIK = "3374014506780001"
PUBLIC = "Keputusan tentang penetapan penerima bantuan"


def letter(lines: list[str], *, points: int = 13, pages: int = 1, font: str = "helvetica") -> bytes:
    """A born-digital letter, each line on a line of its own."""
    document = FPDF(format="A4", unit="mm")
    document.set_auto_page_break(False)
    for number in range(pages):
        document.add_page()
        document.set_font(font, size=points)
        for line in lines:
            document.cell(0, 10, line.replace("{page}", str(number + 1)), new_x="LMARGIN", new_y="NEXT")
    return bytes(document.output())


def plain(pages: int = 1) -> bytes:
    return letter([PUBLIC, f"Nama : {SECRET}", f"NIK : {NIK}", "Pekerjaan : bidan", "halaman {page}"], pages=pages)


def trap() -> bytes:
    """The letter, with the name in title, XMP, bookmarks, attachments, notes, fields, scripts, layers, names, private
    data, structure, an earlier version, hidden text and text outside of the page."""
    with pikepdf.open(io.BytesIO(plain())) as document:
        page = document.pages[0]
        document.docinfo["/Title"] = SECRET
        document.docinfo["/Subject"] = SECRET
        with document.open_metadata() as told:
            told["dc:title"] = SECRET
            told["dc:description"] = SECRET
        with document.open_outline() as outline:
            outline.root.append(OutlineItem(SECRET, 0))
        document.attachments["daftar.txt"] = pikepdf.AttachedFileSpec(
            document, SECRET.encode(), filename=f"{SECRET}.txt"
        )
        note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[400, 700, 420, 720], Contents=String(SECRET))
        field = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("nama"), V=String(SECRET), F=2,
            Rect=[300, 300, 301, 301],
        )  # fmt: skip
        page.obj.Annots = document.make_indirect(Array([document.make_indirect(note), document.make_indirect(field)]))
        document.Root.AcroForm = Dictionary(Fields=[page.obj.Annots[1]])
        document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String(f"app.alert('{SECRET}')"))
        layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String(SECRET)))
        document.Root.OCProperties = Dictionary(OCGs=[layer], D=Dictionary(OFF=[layer], Order=[layer]))
        page.obj.Resources.Properties = Dictionary(Hidden=layer)
        page.obj.PieceInfo = Dictionary(Program=Dictionary(Private=String(SECRET)))
        page.obj.Thumb = document.make_stream(SECRET.encode())
        document.Root.PageLabels = Dictionary(Nums=[0, Dictionary(P=String(SECRET))])
        font = next(iter(page.obj.Resources.Font.keys()))
        hidden = (
            f"q BT {font} 9 Tf 3 Tr 20 40 Td ({SECRET}) Tj ET Q "  # text that is not drawn
            f"q BT {font} 9 Tf 1 1 1 rg 20 60 Td ({SECRET}) Tj ET Q "  # white on white
            f"q BT {font} 9 Tf 20 -400 Td ({SECRET}) Tj ET Q "  # below the paper
            f"q /OC /Hidden BDC BT {font} 9 Tf 20 80 Td ({SECRET}) Tj ET EMC Q"  # in a layer that is off
        )
        page.contents_add(document.make_stream(hidden.encode()))
        first = io.BytesIO()
        document.save(first)
    return with_earlier_version(first.getvalue())


def with_earlier_version(content: bytes) -> bytes:
    """The document with a second version behind it that takes nothing away of the first."""
    with pikepdf.open(io.BytesIO(content)) as document:
        size = int(document.trailer.Size)
        info = document.trailer.get("/Info")
        number = info.objgen[0] if info is not None else size
        root = document.Root.objgen[0]
    at = content.rindex(b"startxref")
    previous = int(content[at + 9 :].split()[0])
    begin = len(content)
    update = f"{number} 0 obj\n<</Producer(biasa)>>\nendobj\n".encode()
    table = f"xref\n{number} 1\n{begin:010} 00000 n \ntrailer\n".encode()
    trailer = f"<</Size {size} /Root {root} 0 R /Info {number} 0 R /Prev {previous}>>\n".encode()
    return content + update + table + trailer + f"startxref\n{begin + len(update)}\n%%EOF\n".encode()


def everything_in(content: bytes) -> str:
    """All that programs of others get out of a PDF: text as it stands and as it is laid out, what it says of itself,
    its objects unpacked, its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.pdf"
        path.write_bytes(content)
        unpacked = Path(folder) / "unpacked.pdf"
        with pikepdf.open(path) as document:
            document.save(unpacked, stream_decode_level=pikepdf.StreamDecodeLevel.generalized, compress_streams=False,
                          object_stream_mode=pikepdf.ObjectStreamMode.disable)  # fmt: skip
        found = [content.decode("latin-1"), unpacked.read_bytes().decode("latin-1")]
        asked = [("pdftotext", "-layout", path, "-"), ("pdftotext", "-raw", path, "-"), ("pdfinfo", "-meta", path),
                 ("pdfinfo", path), ("pdfdetach", "-list", path)]  # fmt: skip
        for program, *arguments in asked:
            done = subprocess.run([judge(program), *map(str, arguments)], capture_output=True, timeout=120, check=False)
            found.append(done.stdout.decode("utf-8", "replace"))
    return "\n".join(found)


def pictures_in(content: bytes) -> list[bytes]:
    """The pictures that `pdfimages` takes out of a PDF, as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.pdf"
        path.write_bytes(content)
        subprocess.run(
            [judge("pdfimages"), "-png", str(path), f"{folder}/p"], capture_output=True, check=True, timeout=120
        )
        return [one.read_bytes() for one in sorted(Path(folder).glob("p-*.png"))]
