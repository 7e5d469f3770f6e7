"""All that people make of a record that is hidden: batch, digitisation, proceedings, requests, folder, hold."""

import hashlib
import io
from datetime import date
from uuid import UUID

from archive_fixtures import pdf, settle, take_in
from digitisation_people import scan
from signing_people import certify, under_pilot, who
from sqlalchemy import select
from web_site import PASSWORD, Site
from worlds import World

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.passwords import hash_password
from edms.access.policy import Action
from edms.batches.cutting import Duplex
from edms.capture.batches import begin_batch
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.ingest import IngestLine, IngestReport
from edms.capture.reconciliations import list_reconciliations, sign_and_keep
from edms.capture.uploads import FILE, PAGE, Announced, begin_upload
from edms.digitisation.standard import Kind as Original
from edms.disposal.destruction import NewBatch, open_batch
from edms.records.alerts import VERIFIER, ReadFault, record_scope
from edms.records.alerts import settle as settle_alerts
from edms.records.archive import Archive
from edms.records.digitisation_items import NewItem, add_item
from edms.records.digitisations import NewDigitisation, NewScanner, add_scanner, office_scanners, open_digitisation
from edms.records.events import record_event
from edms.records.folders import open_folder
from edms.records.holds import place_hold
from edms.records.people import NewPerson, add_person, office_by_code
from edms.records.proceedings import NewProceeding, add_items, open_proceeding
from edms.records.questions import KeptQuestion
from edms.records.saved_searches import save_search
from edms.records.signatures import SignaturePlan, record_signatures, request_signatures
from edms.records.signatures_identities import enrol_signer
from edms.retention.proceedings import Kind
from edms.retention.types import Tier, TriggerType
from edms.search.protocol import Filters
from edms.web.app import create_app

OFFICER = "arsiparis-rendah"
"""A records officer who may see what is open, of all offices."""
SIGNERS = {"dinkes": "head-dinkes", "bappeda": "official-bappeda"}
SECRET = "Rencana zamrud tentang imunisasi campak yang tidak boleh dibaca"


def peopled(site: Site, watchers: tuple[str, ...]) -> Site:
    """Return the site with who makes what is hidden and who signs it; `watchers` keep a search for what it says."""
    console, archive = console_actor("tests"), under_pilot(site.archive)
    roles = (Role.CLERK, Role.RECORDS_OFFICER)
    for office in SIGNERS:
        add_person(console, archive, NewPerson(f"arsiparis-{office}", "Ani Arsiparis", office, roles, Level.SECRET))
    rendi = NewPerson(OFFICER, "Rendi Arsiparis", "setda", roles, Level.OPEN)
    add_person(console, archive, rendi, keeps_password=True)
    desk = NewScanner(office_by_code(archive, "dinkes"), "Loket", "Fujitsu", "fi-7160", "A3", 600)
    add_scanner(who(archive, "arsiparis-dinkes"), archive, desk)
    for name in SIGNERS.values():
        enrol_signer(console, archive, name, f"Jabatan {name}", "")
        certify(archive, name, password=PASSWORD)
    with archive.door.write(console, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = operation.session.scalars(select(Person).where(Person.username == OFFICER)).one()
        person.password_hash = hash_password(PASSWORD, 12)
    for name in watchers:
        question = KeptQuestion("zamrud OR imunisasi", Filters())
        save_search(who(archive, name), archive, "Zamrud", question, watched=True)
    return signing(site)


def signing(site: Site) -> Site:
    """Return the site with the signatures of officials on."""
    archive = under_pilot(site.archive)
    return Site(archive, create_app(archive), site.clock)


def made_of_it(site: Site, office: str, level: Level) -> World:
    """Take a record in that is due, and make of it and around it whatever people make."""
    archive, by = site.archive, f"arsiparis-{office}"
    told = {"by": by, "level": level, "class_code": "000.1.1", "document_date": date(2001, 5, 2), "sender": "Zamrud"}
    hidden = take_in(archive, pdf(SECRET), name="zamrud.pdf", **told).record_id  # type: ignore[arg-type]
    things = {"office": office, "office_id": str(office_by_code(archive, office))}
    for part in (_filed, _scanned, _disposed_of, _signed, _on_its_way, _told_of):
        things |= {name: str(one) for name, one in part(archive, by, office, level, hidden).items()}
    settle(archive)
    return World(site, str(hidden), things)


def _filed(archive: Archive, by: str, office: str, level: Level, _hidden: UUID) -> dict[str, UUID]:
    """A folder and a batch whose sheet it could be named on."""
    maker, place = who(archive, by), office_by_code(archive, office)
    folder = open_folder(maker, archive, place, "ZAMRUD-1", "Berkas zamrud", "000.1.1", level)
    take_in(archive, pdf("Kedua zamrud"), by=by, name="kedua.pdf", level=level, title="Zamrud kedua",
            document_date=date(2001, 5, 3), class_code="000.1.1")  # fmt: skip
    incoming = IncomingFile("zamrud-tumpukan.pdf", io.BytesIO(pdf("Zamrud satu", "Zamrud dua")))
    batch = begin_batch(maker, archive, incoming, Placement(place, "000.1.5", level), Duplex.IN_ORDER).record_id
    settle(archive)
    return {"folder": folder, "batch": batch}


def _scanned(archive: Archive, by: str, office: str, level: Level, _hidden: UUID) -> dict[str, UUID]:
    maker, place = who(archive, by), office_by_code(archive, office)
    mine = office_scanners(maker, archive, place)  # an office knows its own, whatever is scanned with them
    told_of_it = NewScanner(place, "Zamrud", "Fujitsu", "fi-7160", "A3", 600)
    scanner = mine[0].id if mine else add_scanner(maker, archive, told_of_it)
    told = NewDigitisation(place, level, "Alih media zamrud", "Semarang", "Lemari 3", "baik", class_code="000.1.5")
    digitisation = open_digitisation(maker, archive, told)
    page = take_in(archive, scan("A6"), by=by, name="zamrud-pindai.pdf", level=level).record_id
    item = add_item(maker, archive, digitisation, NewItem(page, scanner, Original.PAPER, "A6", 1))
    return {"scanner": scanner, "digitisation": digitisation, "digitised": item}


def _disposed_of(archive: Archive, by: str, office: str, level: Level, hidden: UUID) -> dict[str, UUID]:
    maker, place = who(archive, by), office_by_code(archive, office)
    made = {"disposal": open_batch(maker, archive, NewBatch(place, Tier.LOWER, "Pemusnahan zamrud", level, "000.1.5"))}
    for kind in Kind:
        to = office_by_code(archive, "setda") if kind is Kind.TRANSFER else None
        told = NewProceeding(kind, place, level, f"Zamrud {kind}", "000.5.6", to)
        made[kind.value] = open_proceeding(maker, archive, told)
    add_items(maker, archive, made["transfer"], [hidden])
    return made


def _signed(archive: Archive, by: str, office: str, _level: Level, hidden: UUID) -> dict[str, UUID]:
    plan = SignaturePlan((SIGNERS[office],), "Menyetujui zamrud")
    request = request_signatures(who(archive, by), archive, hidden, plan)
    (line,) = record_signatures(who(archive, by), archive, hidden)
    return {"request": request, "signature": line.signatures[0].signature}


def _on_its_way(archive: Archive, by: str, office: str, level: Level, _hidden: UUID) -> dict[str, UUID]:
    """An upload and a photograph that are not whole yet."""
    place = Placement(office_by_code(archive, office), None, level)
    return {
        name: begin_upload(who(archive, by), archive, Announced("zamrud.pdf", 100, place, purpose=purpose)).upload_id
        for name, purpose in (("upload", FILE), ("photograph", PAGE))
    }


def _told_of(archive: Archive, by: str, office: str, _level: Level, hidden: UUID) -> dict[str, UUID]:
    """A hold, an event that waits for its confirmation, an alert, a signed report of what was taken in."""
    maker = who(archive, by)
    event = record_event(maker, archive, hidden, TriggerType.CONTRACT_END, date(2020, 1, 1), "Kontrak zamrud")
    hold = place_hold(maker, archive, [hidden], "Penahanan zamrud", "Perkara 1/2026", "gugatan zamrud")
    with archive.door.write(VERIFIER, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.unrecorded()
        settle_alerts(operation, record_scope(hidden), [ReadFault("zamrud", "zamrud is damaged")], whole=False)
    digest = hashlib.sha256(pdf(SECRET)).hexdigest()
    report = IngestReport((IngestLine("zamrud.pdf", str(hidden), "declared", digest),))
    sign_and_keep(maker, archive, report, "ingest", office_by_code(archive, office))
    return {"event": event, "hold": hold, **_report(archive)}


def _report(archive: Archive) -> dict[str, UUID]:
    lines, _total = list_reconciliations(who(archive, "records"), archive)
    return {"report": lines[0].id}
