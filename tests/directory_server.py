"""A real slapd on loopback, of this process's own: StartTLS and ldaps with a certificate of its own."""

import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ldap3 import BASE, MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection, Server
from ldap3.core.exceptions import LDAPExceptionError
from mail_server import certificate_for_localhost
from ports import free_port

SLAPD = shutil.which("slapd") or ("/usr/sbin/slapd" if Path("/usr/sbin/slapd").exists() else None)
SCHEMAS, MODULES = Path("/etc/ldap/schema"), Path("/usr/lib/ldap")
SUFFIX = "dc=kota,dc=example"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "pengurus-direktori"
READER, READER_PASSWORD = f"cn=edms,{SUFFIX}", "akun-pembaca-saja"
PASSWORD = "kata sandi di kantor"
# What Active Directory calls a person's account, in as far as it is read; the numbers are Microsoft's own.
SCHEMA = """
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.11.99 NAME 'activeDirectoryLike' SUP top AUXILIARY
  MAY ( objectGUID $ userAccountControl $ sAMAccountName ) )
"""
CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {folder}/ad.schema
modulepath {modules}
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {password}
directory {folder}/db
maxsize 268435456
dbnosync
index objectClass,uid,member,sAMAccountName eq
limits dn.exact="{reader}" size.soft=500 size.hard=500 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
overlay memberof
memberof-refint TRUE
"""


@dataclass(frozen=True)
class DirectoryServer:
    """`certificate` is what its clients believe it by."""

    port: int
    tls_port: int
    certificate: Path

    def admin(self) -> Any:
        server = Server("127.0.0.1", self.port, get_info="NONE")
        return Connection(server, ADMIN, ADMIN_PASSWORD, auto_bind=True, raise_exceptions=True, check_names=False)


class Unit:
    """A part of the directory that a test has for itself: people and groups, and the settings that find them."""

    def __init__(self, server: DirectoryServer, name: str, folder: Path) -> None:
        self.server, self.base, self.admin = server, f"ou={name},{SUFFIX}", server.admin()
        self.people, self.groups = f"ou=people,{self.base}", f"ou=groups,{self.base}"
        for dn in (self.base, self.people, self.groups):
            self.admin.add(dn, "organizationalUnit")
        self.secret = folder / "bind.secret"
        self.secret.write_text(READER_PASSWORD, "utf-8")
        self.secret.chmod(0o600)

    def person(self, user: str, password: str = PASSWORD, name: str = "", unit: str = "", **cells: Any) -> str:
        """Add a person; return the DN."""
        dn = f"uid={user},{unit or self.people}"
        told = {"cn": name or f"Nama {user}", "sn": user, "userPassword": password, **cells}
        kinds = [
            "inetOrgPerson",
            *(["activeDirectoryLike"] if cells.keys() & {"objectGUID", "userAccountControl"} else []),
        ]
        self.admin.add(dn, kinds, told)
        return dn

    def group(self, name: str, *members: str) -> str:
        dn = f"cn={name},{self.groups}"
        self.admin.add(dn, "groupOfNames", {"member": list(members)})
        return dn

    def join(self, group: str, member: str) -> None:
        self.admin.modify(group, {"member": [(MODIFY_ADD, [member])]})

    def leave(self, group: str, member: str) -> None:
        self.admin.modify(group, {"member": [(MODIFY_DELETE, [member])]})

    def set(self, dn: str, **cells: Any) -> None:
        self.admin.modify(dn, {name: [(MODIFY_REPLACE, [value])] for name, value in cells.items()})

    def remove(self, dn: str) -> None:
        self.admin.delete(dn)

    def rename(self, dn: str, user: str) -> str:
        self.admin.modify_dn(dn, f"uid={user}")
        return f"uid={user},{self.people}"

    def cell(self, dn: str, attribute: str) -> list[bytes]:
        self.admin.search(dn, "(objectClass=*)", BASE, attributes=[attribute])
        found: list[bytes] = self.admin.response[0]["raw_attributes"].get(attribute, [])
        return found

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The settings of [ldap] for this unit."""
        told: dict[str, Any] = {
            "servers": (f"ldaps://localhost:{self.server.tls_port}",), "ca_file": self.server.certificate,
            "bind_dn": READER, "bind_password": f"file:{self.secret}", "people_base": self.people,
            "groups_base": self.groups, "retry_after_seconds": 0.0,
            "connect_timeout_seconds": 60.0, "timeout_seconds": 60,
        }  # fmt: skip
        return told | changes


@pytest.fixture(scope="session")
def slapd() -> Iterator[DirectoryServer]:
    """The server. The program runs from a copy: AppArmor may hold the installed one to the folders of the system."""
    if SLAPD is None:
        pytest.skip("NO SLAPD (apt-get install slapd): sign-in by a directory is not tested")
    folder = Path(tempfile.mkdtemp(prefix="edms-slapd-"))
    certificate, key = certificate_for_localhost(folder)
    program = shutil.copy(SLAPD, folder / "slapd")
    (folder / "db").mkdir()
    (folder / "ad.schema").write_text(SCHEMA)
    (folder / "slapd.conf").write_text(
        CONFIGURATION.format(schemas=SCHEMAS, modules=MODULES, folder=folder, certificate=certificate, key=key,
                             suffix=SUFFIX, admin=ADMIN, password=ADMIN_PASSWORD, reader=READER)
    )  # fmt: skip
    plain, tls = free_port(), free_port()
    addresses = f"ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{tls}/"
    with (folder / "out.log").open("wb") as log:
        arguments = [program, "-f", str(folder / "slapd.conf"), "-h", addresses, "-d", "0"]
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
    server = DirectoryServer(plain, tls, certificate)
    try:
        _fill(_opened(server, process, folder))
        yield server
    finally:
        process.terminate()
        process.wait(120)
        shutil.rmtree(folder, ignore_errors=True)


def _fill(admin: Any) -> None:
    admin.add(SUFFIX, ["dcObject", "organization"], {"dc": "kota", "o": "Kota"})
    reader = {"cn": "edms", "sn": "edms", "userPassword": READER_PASSWORD}
    admin.add(READER, "inetOrgPerson", reader)


def _opened(server: DirectoryServer, process: "subprocess.Popen[bytes]", folder: Path) -> Any:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return server.admin()
        except LDAPExceptionError:
            time.sleep(0.05)
    raise AssertionError(f"slapd does not serve: {(folder / 'out.log').read_text()}")


_NUMBERS = itertools.count(1)


@pytest.fixture
def unit(slapd: DirectoryServer, tmp_path: Path) -> Iterator[Unit]:
    """A part of the directory of the test's own."""
    made = Unit(slapd, f"uji{next(_NUMBERS)}", tmp_path)
    yield made
    made.admin.unbind()
