"""A digitisation on its way: scans as a scanner makes them, a scanner, an operator, a checker, those who sign."""

import io
from collections.abc import Callable
from uuid import UUID

import img2pdf
from archive_fixtures import settle, take_in
from PIL import Image, ImageDraw
from signing_people import give, who

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.capture.digitisation_close import close_digitisation
from edms.digitisation.course import ItemState
from edms.digitisation.standard import MILLIMETRES, Kind, paper_sides
from edms.records.archive import Archive
from edms.records.digitisation_check import Finding, check_item, hand_over
from edms.records.digitisation_items import NewItem, add_item
from edms.records.digitisation_marks import mark_copies
from edms.records.digitisation_signing import ask_for_signatures
from edms.records.digitisations import (
    NewDigitisation,
    NewScanner,
    add_scanner,
    open_digitisation,
    show_digitisation,
)
from edms.records.people import NewPerson, add_person

SIGNERS = ("official-dinkes", "head-dinkes")
OPERATOR, CHECKER = "clerk-dinkes", "checker-dinkes"


def scan(
    *papers: str, dpi: float = 300, told: float | None = None, mode: str = "RGB", seed: int = 0, form: str = "JPEG"
) -> bytes:
    """Return a PDF of scanned pages, a picture over each, as large as its paper says or, with `told`, claims."""
    pictures = []
    for number, paper in enumerate(papers or ("A6",)):
        size = tuple(round(side / MILLIMETRES * dpi) for side in paper_sides(paper))
        image = Image.new(mode, size, "white")
        draw = ImageDraw.Draw(image)
        draw.text(
            (size[0] // 10, size[1] // 10), f"Surat {seed} halaman {number + 1}", fill="black", font_size=size[0] // 20
        )
        out = io.BytesIO()
        image.save(out, form, dpi=(told or dpi, told or dpi), quality=60)
        pictures.append(out.getvalue())
    made: bytes = img2pdf.convert(pictures)
    return made


def scanned(
    archive: Archive, content: bytes, *, level: Level = Level.OPEN, name: str = "pindai.pdf", **told: object
) -> UUID:
    """Take a scan in as the operator and declare it."""
    return take_in(archive, content, by=OPERATOR, name=name, level=level, **told).record_id  # type: ignore[arg-type]


def with_checker(archive: Archive) -> None:
    add_person(
        console_actor("tests"), archive,
        NewPerson(CHECKER, "Rina Pemeriksa", "dinkes", (Role.CLERK,), Level.SECRET),
    )  # fmt: skip


def scanner_of(archive: Archive, optical: int = 600, by: str = OPERATOR) -> UUID:
    clerk = who(archive, by)
    assert clerk.office_id
    return add_scanner(
        clerk,
        archive,
        NewScanner(clerk.office_id, "Loket 1", "Fujitsu", "fi-7160", "A3EC01234", optical, "duplex, warna"),
    )


def opened(
    archive: Archive, *, level: Level = Level.OPEN, class_code: str | None = "000.1.5", by: str = OPERATOR
) -> UUID:
    clerk = who(archive, by)
    assert clerk.office_id
    told = NewDigitisation(
        clerk.office_id, level, "Arsip imunisasi 2019", "Semarang", "Lemari 3, boks 12", "baik, sedikit berdebu",
        "kertas", "Dipindai dengan pengumpan", class_code,
    )  # fmt: skip
    return open_digitisation(clerk, archive, told)


def put_in(
    archive: Archive, digitisation: UUID, scanner: UUID, record: UUID, *, kind: Kind = Kind.PAPER, paper: str = "A6",
    counted: int = 1, by: str = OPERATOR, page_papers: str = "", note: str = "",
) -> UUID:  # fmt: skip
    told = NewItem(record, scanner, kind, paper, counted, page_papers, note)
    return add_item(who(archive, by), archive, digitisation, told)


def check_all(archive: Archive, digitisation: UUID, by: str = CHECKER) -> None:
    for item in show_digitisation(who(archive, by), archive, digitisation).items:
        if item.sampled and item.state == ItemState.ADDED.value:
            check_item(who(archive, by), archive, item.id, Finding(accepted=True))


def checked(archive: Archive, *records: UUID, level: Level = Level.OPEN, class_code: str | None = "000.1.5") -> UUID:
    """Open a digitisation, put the records in, and have them checked."""
    digitisation, scanner = opened(archive, level=level, class_code=class_code), scanner_of(archive)
    for record in records:
        put_in(archive, digitisation, scanner, record)
    hand_over(who(archive, OPERATOR), archive, digitisation)
    check_all(archive, digitisation)
    return digitisation


def signed(archive: Archive, digitisation: UUID, work: Callable[[Archive], None] = settle) -> None:
    """Close it, have the berita acara declared and signed by all."""
    close_digitisation(who(archive, OPERATOR), archive, digitisation, "000.5.7/12/2026", SIGNERS)
    work(archive)
    ask_for_signatures(who(archive, OPERATOR), archive, digitisation)
    for name in SIGNERS:
        give(archive, name)


def authenticated(archive: Archive, *records: UUID, level: Level = Level.OPEN) -> UUID:
    digitisation = checked(archive, *records, level=level)
    signed(archive, digitisation)
    assert mark_copies(archive) == len(records)
    return digitisation
