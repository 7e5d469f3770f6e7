"""Alih media from the scanner to the authenticated copy, on both databases; and what may not happen on the way."""

import csv
import io
import json
from dataclasses import replace
from uuid import UUID

import pypdfium2 as pdfium
import pytest
import zxingcpp
from archive_fixtures import pdf, settle, take_in, unread
from digitisation_people import (
    CHECKER,
    OPERATOR,
    SIGNERS,
    authenticated,
    check_all,
    checked,
    opened,
    put_in,
    scan,
    scanned,
    scanner_of,
    signed,
    with_checker,
)
from PIL import Image, ImageChops, ImageStat
from signing_people import ADDRESS, give, turn_of, who, with_pilot
from sqlalchemy import update

from edms.access.levels import Level
from edms.capture.digitisation_close import close_digitisation, draw_up
from edms.core.canonical import sha256_hex
from edms.core.errors import IntegrityFault, NotFound, Refused
from edms.digitisation.course import State
from edms.digitisation.listing import COLUMNS
from edms.digitisation.standard import Kind
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.digitisation_check import Finding, check_item, hand_over
from edms.records.digitisation_items import NewItem, WrongScan, candidates, remove_item, rescan_item
from edms.records.digitisation_list import list_file
from edms.records.digitisation_marks import MARK_GAP, MARK_HEIGHT, mark_copies
from edms.records.digitisation_model import Digitisation
from edms.records.digitisation_public import compare_with_copy, public_copy
from edms.records.digitisation_signing import ask_for_signatures
from edms.records.digitisations import (
    cancel_digitisation,
    list_digitisations,
    office_scanners,
    retire_scanner,
    show_digitisation,
)
from edms.records.model import ComponentRole
from edms.records.signatures import SignaturePlan, decline_signature, request_signatures
from edms.records.signatures_sign import signing_view
from edms.signing.verification import verify_pdf


def ready(archive: Archive) -> Archive:
    """Two officials who sign, and a second clerk who checks."""
    made = with_pilot(archive)
    with_checker(made)
    return made


@pytest.fixture
def both(archive: Archive) -> Archive:
    """Text is recognised on one of the two databases: it is the same text before either."""
    made = ready(archive)
    return made if archive.database.is_sqlite else unread(made)


@pytest.fixture
def quick(embedded: Archive) -> Archive:
    return unread(ready(embedded))


def view(archive: Archive, digitisation: UUID, by: str = OPERATOR):  # type: ignore[no-untyped-def]
    return show_digitisation(who(archive, by), archive, digitisation)


def content(archive: Archive, record: UUID, role: ComponentRole, position: int = 0) -> bytes:
    return download(who(archive, "records"), archive, record, role, position).stream.read()


def test_from_the_scanner_to_the_authenticated_copy(both: Archive) -> None:
    records = [scanned(both, scan("A6", "A6", seed=number), title=f"Surat imunisasi {number}") for number in (1, 2)]
    originals = [content(both, record, ComponentRole.ORIGINAL) for record in records]
    digitisation, scanner = opened(both), scanner_of(both)
    for record in records:
        put_in(both, digitisation, scanner, record, counted=2)
    assert (view(both, digitisation).stage, view(both, digitisation).pages) == ("scanning", 4)
    assert hand_over(who(both, OPERATOR), both, digitisation) == 2
    check_all(both, digitisation)
    assert view(both, digitisation).stage == "checked"
    close_digitisation(who(both, OPERATOR), both, digitisation, "000.5.7/12/2026", SIGNERS)
    assert view(both, digitisation).stage == "declaring"
    settle(both)
    assert view(both, digitisation).stage == "to_ask"
    ask_for_signatures(who(both, OPERATOR), both, digitisation)
    assert mark_copies(both) == 0
    give(both, SIGNERS[0])
    assert (view(both, digitisation).stage, view(both, digitisation).waits_for) == (
        "signing",
        ("Kepala Dinas Kesehatan",),
    )
    give(both, SIGNERS[1])
    assert view(both, digitisation).stage == "marking"
    assert mark_copies(both) == 2
    assert mark_copies(both) == 0
    shown = view(both, digitisation)
    assert shown.stage == "done"
    for record, original, item in zip(records, originals, shown.items, strict=True):
        assert content(both, record, ComponentRole.ORIGINAL) == original
        copy = content(both, record, ComponentRole.AUTHENTICATED, 1)
        assert sha256_hex(copy) == item.marked
        [seal] = verify_pdf(io.BytesIO(copy), both.trust)
        assert seal.good


def test_the_list_has_the_columns_and_the_hashes_stand_in_the_berita_acara(quick: Archive) -> None:
    record = scanned(quick, scan(), title="=SUM(1) Surat")
    digitisation = checked(quick, record)
    signed(quick, digitisation)
    shown, clerk = view(quick, digitisation), who(quick, OPERATOR)
    as_json, as_csv = (list_file(clerk, quick, digitisation, form) for form in ("json", "csv"))
    told = json.loads(as_json)
    assert told["columns"] == list(COLUMNS)
    assert sorted(told["rows"][0]) == sorted(COLUMNS)
    heading, row = csv.reader(io.StringIO(as_csv.decode()))
    assert heading == list(COLUMNS)
    assert row == ["Dinas Kesehatan", "1", "'=SUM(1) Surat", "1 berkas (1 halaman)", "tidak diketahui",
                   "Asli disimpan di unit pengolah."]  # fmt: skip
    scan_told = told["scans"][0]
    assert (scan_told["dpi_x"], scan_told["bits"], scan_told["format"]) == (300, 24, "PDF")
    assert scan_told["checker"] == "Rina Pemeriksa"
    listed = content(quick, shown.papers["list"], ComponentRole.ORIGINAL)
    words = text_of(content(quick, shown.papers["minutes"], ComponentRole.SIGNED, 2))
    for digest in (sha256_hex(as_json), sha256_hex(as_csv), sha256_hex(listed)):
        assert digest in words
    for asked in ("Waktu pelaksanaan", "Tempat pelaksanaan", "Jenis media", "Jumlah arsip",
                  "Keterangan proses alih media", "Pelaksana", "Penandatangan", "pimpinan unit pengolah"):  # fmt: skip
        assert asked in words
    [seal] = verify_pdf(io.BytesIO(content(quick, shown.papers["list"], ComponentRole.ACCESS_COPY)), quick.trust)
    assert seal.good


def text_of(content: bytes) -> str:
    document = pdfium.PdfDocument(content)
    return " ".join(page.get_textpage().get_text_range().replace("\r\n", " ") for page in document)


def test_the_mark_is_below_the_page_and_leads_to_the_public_page(quick: Archive) -> None:
    record = scanned(quick, scan("A6", "A6"), title="Surat imunisasi")
    digitisation, scanner = opened(quick), scanner_of(quick)
    put_in(quick, digitisation, scanner, record, counted=2)
    hand_over(who(quick, OPERATOR), quick, digitisation)
    check_all(quick, digitisation)
    signed(quick, digitisation)
    mark_copies(quick)
    copy = content(quick, record, ComponentRole.AUTHENTICATED, 1)
    before, after = (pictures(one) for one in (content(quick, record, ComponentRole.ACCESS_COPY), copy))
    strip = (MARK_HEIGHT + 2 * MARK_GAP) * 2
    tokens = set()
    for old, new in zip(before, after, strict=True):
        assert new.height - old.height == pytest.approx(strip, abs=2)
        kept = new.crop((0, 0, *old.size))
        assert max(ImageStat.Stat(ImageChops.difference(kept, old)).mean) < 2
        [code] = zxingcpp.read_barcodes(new.crop((0, old.height, new.width, new.height)))
        tokens.add(code.text)
    [address] = tokens
    prefix = f"{ADDRESS}/v/a/"
    assert address.startswith(prefix)
    told = public_copy(quick, address.removeprefix(prefix))
    assert (told.status, told.open, told.title, told.pages) == ("valid", True, "Surat imunisasi", 2)
    assert (told.minutes, told.authenticated_by, told.sha256) == (
        "000.5.7/12/2026", "Kepala Dinas Kesehatan", sha256_hex(copy)
    )  # fmt: skip
    assert compare_with_copy(quick, told.token, sha256_hex(copy))[1] == "same"
    assert compare_with_copy(quick, told.token, "0" * 64)[1] == "different"


def pictures(content: bytes) -> list[Image.Image]:
    return [page.render(scale=2).to_pil().convert("RGB") for page in pdfium.PdfDocument(content)]


def test_of_a_record_that_is_not_open_the_public_page_tells_no_more_than_that_there_is_a_copy(quick: Archive) -> None:
    record = scanned(quick, scan(), level=Level.RESTRICTED, title="Rahasia kota")
    digitisation = authenticated(quick, record, level=Level.RESTRICTED)
    [item] = view(quick, digitisation).items
    told = public_copy(quick, item.mark_token)
    assert (told.status, told.open, told.title, told.minutes, told.sha256, told.pages) == (
        "valid",
        False,
        "",
        "",
        "",
        0,
    )
    for token in ("x" * 16, "kurang", "a" * 40):
        with pytest.raises(NotFound):
            public_copy(quick, token)


WRONG = (
    ("good", scan, ("A5",), {}, Kind.PAPER, ""),
    ("coarse", scan, ("A5",), {"dpi": 200}, Kind.PAPER, "page 1: 200 dpi; at least 300 dpi is required"),
    ("grey", scan, ("A5",), {"mode": "L"}, Kind.PAPER, "page 1: 8 bits to a pixel; at least 24 are required"),
    ("lying", scan, ("A4",), {"dpi": 100, "told": 300}, Kind.PAPER, "page 1: by its pixels and its own resolution"),
    ("coarse map", scan, ("A4",), {}, Kind.MAP, "page 1: 300 dpi; at least 400 dpi is required"),
    ("map of 600 dpi", scan, ("A4",), {"dpi": 600}, Kind.MAP, ""),
    ("coarse photo", scan, ("4R",), {"dpi": 400}, Kind.PHOTO, "page 1: 400 dpi; at least 600 dpi is required"),
    ("invented", scan, ("2R",), {"dpi": 1200}, Kind.PHOTO, "page 1: 1200 dpi is more than the scanner sees"),
    ("no scan", pdf, ("bukan pindaian",), {}, Kind.PAPER, "page 1: it is no scan"),
)  # fmt: skip


def test_what_is_not_scanned_as_the_rule_says_is_refused_with_page_and_reason(quick: Archive) -> None:
    taken = [
        take_in(quick, made(*papers, **how), by=OPERATOR, name=f"{name}.pdf", work=False).record_id
        for name, made, papers, how, _kind, _reason in WRONG
    ]
    settle(quick)
    digitisation, scanner = opened(quick), scanner_of(quick, 600)
    for record, (name, _made, papers, _how, kind, reason) in zip(taken, WRONG, strict=True):
        paper = papers[0] if name != "no scan" else "A4"
        if not reason:
            put_in(quick, digitisation, scanner, record, kind=kind, paper=paper)
            continue
        with pytest.raises(WrongScan) as refused:
            put_in(quick, digitisation, scanner, record, kind=kind, paper=paper)
        assert refused.value.sentences[0].startswith(reason), name
    assert [item.record for item in view(quick, digitisation).items] == [taken[0], taken[5]]


def test_the_page_that_is_wrong_is_named(quick: Archive) -> None:
    record = scanned(quick, scan("A6", "A6", "A4"))
    digitisation, scanner = opened(quick), scanner_of(quick)
    with pytest.raises(WrongScan) as refused:
        put_in(quick, digitisation, scanner, record, counted=3)
    assert [one.split(":")[0] for one in refused.value.sentences] == ["page 3"]
    put_in(quick, digitisation, scanner, record, counted=3, page_papers="3=A4")


def test_pages_counted_otherwise_need_a_note(quick: Archive) -> None:
    record, digitisation, scanner = scanned(quick, scan()), opened(quick), scanner_of(quick)
    with pytest.raises(Refused, match="2 pages were counted and 1 scanned"):
        put_in(quick, digitisation, scanner, record, counted=2)
    put_in(quick, digitisation, scanner, record, counted=2, note="halaman balik kosong")


def test_a_record_is_in_one_digitisation_once(both: Archive) -> None:
    both = unread(both)
    record, digitisation, scanner = scanned(both, scan()), opened(both), scanner_of(both)
    assert [one.record for one in candidates(who(both, OPERATOR), both, digitisation)] == [record]
    item = put_in(both, digitisation, scanner, record)
    other = opened(both, by=CHECKER)
    for place in (digitisation, other):
        with pytest.raises(Refused, match="in a digitisation already"):
            put_in(both, place, scanner, record)
    assert candidates(who(both, OPERATOR), both, digitisation) == []
    remove_item(who(both, OPERATOR), both, item, "salah berkas")
    put_in(both, other, scanner, record)


def test_nobody_checks_what_they_worked_on(quick: Archive) -> None:
    first, second = (scanned(quick, scan(seed=number)) for number in (1, 2))
    digitisation, scanner = opened(quick), scanner_of(quick)
    put_in(quick, digitisation, scanner, first)
    put_in(quick, digitisation, scanner, second, by=CHECKER)
    hand_over(who(quick, OPERATOR), quick, digitisation)
    item = view(quick, digitisation).items[0].id
    for name in (OPERATOR, CHECKER):
        with pytest.raises(Refused, match="worked on themselves"):
            check_item(who(quick, name), quick, item, Finding(accepted=True))
        assert not view(quick, digitisation, name).may_check
    assert view(quick, digitisation, "official-dinkes").may_check
    check_item(who(quick, "official-dinkes"), quick, item, Finding(accepted=True))


def test_one_rejection_opens_it_again_and_then_all_are_looked_at(quick: Archive) -> None:
    settings = quick.settings.digitisation.model_copy(update={"least_sample": 1, "sample_percent": 1})
    quick = replace(quick, settings=quick.settings.model_copy(update={"digitisation": settings}))
    records = [scanned(quick, scan(seed=number)) for number in range(3)]
    digitisation, scanner = opened(quick), scanner_of(quick)
    for record in records:
        put_in(quick, digitisation, scanner, record)
    assert hand_over(who(quick, OPERATOR), quick, digitisation) == 1
    bad = next(item for item in view(quick, digitisation).items if item.sampled)
    for wrong in (
        Finding(accepted=False),
        Finding(accepted=False, reasons=("other",)),
        Finding(accepted=False, reasons=("x",)),
    ):
        with pytest.raises(Refused, match="say what is wrong"):
            check_item(who(quick, CHECKER), quick, bad.id, wrong)
    with pytest.raises(Refused, match="not open"):
        put_in(quick, digitisation, scanner, scanned(quick, scan(seed=9)))
    sent_back = check_item(who(quick, CHECKER), quick, bad.id, Finding(accepted=False, reasons=("skewed", "cut_off")))
    assert sent_back is State.OPEN
    with pytest.raises(Refused, match="scanned again first"):
        hand_over(who(quick, OPERATOR), quick, digitisation)
    again = scanned(quick, scan(seed=30))
    rescan_item(who(quick, OPERATOR), quick, bad.id, NewItem(again, scanner, Kind.PAPER, "A6", 1))
    assert [item.state for item in view(quick, digitisation).items if item.id == bad.id] == ["replaced"]
    assert hand_over(who(quick, OPERATOR), quick, digitisation) == 3
    check_all(quick, digitisation)
    assert view(quick, digitisation).stage == "checked"


def test_after_closing_nothing_changes(quick: Archive) -> None:
    record = scanned(quick, scan())
    digitisation = checked(quick, record)
    item = view(quick, digitisation).items[0].id
    close_digitisation(who(quick, OPERATOR), quick, digitisation, "1/2026", SIGNERS)
    clerk, scanner = who(quick, OPERATOR), scanner_of(quick)
    before = list_file(clerk, quick, digitisation, "json")
    for act in (
        lambda: put_in(quick, digitisation, scanner, scanned(quick, scan(seed=5))),
        lambda: remove_item(clerk, quick, item, "tidak jadi"),
        lambda: rescan_item(clerk, quick, item, NewItem(record, scanner, Kind.PAPER, "A6", 1)),
        lambda: hand_over(clerk, quick, digitisation),
        lambda: check_item(who(quick, CHECKER), quick, item, Finding(accepted=False, reasons=("dirt",))),
        lambda: close_digitisation(clerk, quick, digitisation, "2/2026", SIGNERS),
    ):
        with pytest.raises(Refused):
            act()
    draw_up(clerk, quick, digitisation)
    assert list_file(clerk, quick, digitisation, "json") == before
    assert len(view(quick, digitisation).papers) == 2


def test_who_signs_is_as_the_rule_says(quick: Archive) -> None:
    digitisation = checked(quick, scanned(quick, scan()))
    clerk = who(quick, OPERATOR)
    for wrong, why in (
        (("head-dinkes", "official-dinkes"), "the last to sign is the head"),
        ((), "1 to 8 signers"),
        (("clerk-dinkes", "head-dinkes"), "cannot sign"),
        (("official-bappeda",), "cannot sign"),
    ):
        with pytest.raises(Refused, match=why):
            close_digitisation(clerk, quick, digitisation, "1/2026", wrong)
    assert view(quick, digitisation).stage == "checked"
    close_digitisation(clerk, quick, digitisation, "1/2026", ("head-dinkes",))
    settle(quick)
    minutes = view(quick, digitisation).papers["minutes"]
    request_signatures(clerk, quick, minutes, SignaturePlan(("official-dinkes",), "bukan yang disebut"))
    give(quick, "official-dinkes")
    assert view(quick, digitisation).stage == "to_ask"
    assert mark_copies(quick) == 0


def test_declined_then_asked_again_and_given_up(quick: Archive) -> None:
    record = scanned(quick, scan())
    digitisation = checked(quick, record)
    clerk = who(quick, OPERATOR)
    close_digitisation(clerk, quick, digitisation, "1/2026", SIGNERS)
    settle(quick)
    ask_for_signatures(clerk, quick, digitisation)
    decline_signature(who(quick, SIGNERS[0]), quick, turn_of(quick, SIGNERS[0]), "jumlah tidak cocok")
    assert view(quick, digitisation).stage == "declined"
    ask_for_signatures(clerk, quick, digitisation)
    signature, first = turn_of(quick, SIGNERS[0]), who(quick, SIGNERS[0])
    cancel_digitisation(clerk, quick, digitisation, "jumlah tidak cocok")
    assert view(quick, digitisation).stage == "cancelled"
    with pytest.raises(Refused, match="closed"):
        signing_view(first, quick, signature)
    put_in(quick, opened(quick), scanner_of(quick), record)


def test_what_is_signed_is_not_given_up(quick: Archive) -> None:
    digitisation = checked(quick, scanned(quick, scan()))
    signed(quick, digitisation)
    with pytest.raises(Refused, match="what it says stands"):
        cancel_digitisation(who(quick, OPERATOR), quick, digitisation, "berubah pikiran")


def test_another_office_sees_nothing_of_it(quick: Archive) -> None:
    record = scanned(quick, scan())
    digitisation, scanner = opened(quick, level=Level.RESTRICTED), scanner_of(quick)
    item = put_in(quick, digitisation, scanner, record)
    for name in ("clerk-bappeda", "official-bappeda", "auditor", "admin"):
        actor = who(quick, name)
        for act in (
            lambda actor=actor: show_digitisation(actor, quick, digitisation),
            lambda actor=actor: list_file(actor, quick, digitisation, "json"),
            lambda actor=actor: remove_item(actor, quick, item, "iseng saja"),
            lambda actor=actor: check_item(actor, quick, item, Finding(accepted=True)),
            lambda actor=actor: candidates(actor, quick, digitisation),
            lambda actor=actor: retire_scanner(actor, quick, scanner),
        ):
            with pytest.raises(NotFound):
                act()
        if name != "admin":
            assert list_digitisations(actor, quick) == []
    assert [one.id for one in list_digitisations(who(quick, "records"), quick)] == [digitisation]
    with pytest.raises(NotFound):
        office_scanners(who(quick, "clerk-bappeda"), quick, who(quick, OPERATOR).office_id)  # type: ignore[arg-type]


def test_nothing_above_the_level_and_nothing_of_another_office(quick: Archive) -> None:
    digitisation, scanner = opened(quick), scanner_of(quick)
    with pytest.raises(Refused, match="above the level"):
        put_in(quick, digitisation, scanner, scanned(quick, scan(), level=Level.RESTRICTED))
    theirs = take_in(quick, scan(seed=2), by="clerk-bappeda").record_id
    with pytest.raises(Refused, match="another office"):
        put_in(quick, digitisation, scanner, theirs)
    retire_scanner(who(quick, OPERATOR), quick, scanner)
    with pytest.raises(Refused, match="no such scanner"):
        put_in(quick, digitisation, scanner, scanned(quick, scan(seed=3)))


def test_a_list_that_was_altered_is_not_given(quick: Archive) -> None:
    digitisation = checked(quick, scanned(quick, scan()))
    close_digitisation(who(quick, OPERATOR), quick, digitisation, "1/2026", SIGNERS)
    with quick.database.writer() as session:
        session.execute(
            update(Digitisation).values(listed={**session.get_one(Digitisation, digitisation).listed, "pages": 7})
        )
        session.commit()
    with pytest.raises(IntegrityFault):
        list_file(who(quick, OPERATOR), quick, digitisation, "json")
