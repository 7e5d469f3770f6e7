"""Fixtures of the web tests: a demo archive behind the real application, opened once per process or per test."""

from pathlib import Path

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import select
from web_site import PASSWORD, PEOPLE, City, OpenSite, Site

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.passwords import hash_password
from edms.access.policy import Action
from edms.records.evidence import new_checkpoint
from edms.records.people import NewPerson, add_person


@pytest.fixture(scope="session")
def city_template(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An installation with one record of each kind, and their ids by kind."""
    folder = tmp_path_factory.mktemp("city")
    archive = open_site(folder).archive
    accepted = {
        "open": take_in(archive, pdf("Laporan imunisasi campak terbuka", "Halaman dua"), name="laporan.pdf"),
        "restricted": take_in(
            archive, pdf("Daftar penyelidikan rahasia jabatan"), level=Level.RESTRICTED, name="d.pdf"
        ),
        "waiting": take_in(
            archive, pdf("Surat tanpa klasifikasi"), class_code=None, level=None, name="tanpa-kelas.pdf"
        ),
        "quarantined": take_in(archive, b"%PDF-1.7\nbroken", name="rusak.pdf"),
        "other": take_in(archive, pdf("Rencana bappeda terbuka"), by="clerk-bappeda", name="rencana.pdf"),
    }
    new_checkpoint(console_actor("tests"), archive)
    archive.database.close()
    return folder, {kind: str(one.record_id) for kind, one in accepted.items()}


def _invite(site: Site) -> None:
    """Let in somebody from outside, who is in no demo."""
    guest = NewPerson("guest", "Tamu", None, (Role.GUEST,), Level.RESTRICTED)
    add_person(console_actor("tests"), site.archive, guest, keeps_password=True)
    with site.archive.door.write(console_actor("tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        row = operation.session.scalars(select(Person).where(Person.username == "guest")).one()
        row.password_hash = hash_password(PASSWORD, 12)


@pytest.fixture(scope="session")
def city(
    open_site: OpenSite, city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> City:
    folder, records = city_template
    # Every route is asked by everybody here, within a minute; how often an address may ask has a test of its own.
    pace = {"public_lookups_per_minute": 10_000}
    site = open_site(tmp_path_factory.mktemp("city-open"), folder, server=pace)
    _invite(site)
    visitors = {name: site.visitor(name) for name in (*PEOPLE, "guest")} | {"nobody": site.visitor()}
    return City(site, records, visitors)
