"""A real slapd asked for people and passwords: who is found and believed, and what is not believed of a server."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from directory_server import PASSWORD, READER_PASSWORD, Unit
from mail_server import certificate_for_localhost
from ports import free_port

from edms.core.clock import FixedClock
from edms.core.ldap_settings import LdapSettings
from edms.core.secret import Secret
from edms.directory.entries import DirectoryAway
from edms.directory.ldap import LdapDirectory


@pytest.fixture
def opened(clock: FixedClock) -> Any:
    return lambda unit, **changes: LdapDirectory(LdapSettings.model_validate(unit.settings(**changes)), clock)


def believed(directory: LdapDirectory, user: str, password: str = PASSWORD) -> bool:
    return directory.ask(user, Secret(password)).believed


@pytest.mark.parametrize("scheme", ["ldaps", "starttls"])
def test_a_person_is_found_and_believed(unit: Unit, opened: Any, scheme: str) -> None:
    dn = unit.person("siti", name="Siti Rahayu")
    group = unit.group("arsip", dn)
    servers = () if scheme == "ldaps" else (f"ldap://localhost:{unit.server.port}",)
    directory = opened(unit, **({"servers": servers} if servers else {}))
    answer = directory.ask("siti", Secret(PASSWORD))
    assert answer.believed
    assert answer.person is not None
    assert (answer.person.user, answer.person.name, answer.person.enabled) == ("siti", "Siti Rahayu", True)
    assert answer.person.groups == (group, "arsip")
    assert [answer.person.stable_id] == unit.cell(dn, "entryUUID")
    assert believed(directory, "SITI"), "as LDAP compares"
    assert not believed(directory, "siti", "salah")
    assert not believed(directory, "tidak-ada")


def test_an_empty_password_is_nobody_s(unit: Unit, opened: Any) -> None:
    """RFC 4513, 5.1.2: a server takes it from everybody."""
    dn = unit.person("siti")
    anonymous = unit.server.admin()
    anonymous.raise_exceptions = False
    assert not believed(opened(unit), "siti", "")
    from edms.directory.connecting import bind

    assert not bind(anonymous, dn, "")
    assert not bind(anonymous, "", PASSWORD)
    assert bind(anonymous, dn, PASSWORD)


@pytest.mark.parametrize(
    "typed", ["*", "si*", "siti)(uid=*", "*)(|(uid=*", "siti))(|(objectClass=*", "siti\0", "(", ")", "\\2a",
              "siti,ou=x", "siti*)(userPassword=*", "siti ", "ｓiti", "x" * 5000]
)  # fmt: skip
def test_what_is_typed_stays_a_name(unit: Unit, opened: Any, typed: str) -> None:
    unit.person("siti")
    directory = opened(unit)
    assert directory.find(typed) is None
    assert not believed(directory, typed)


def test_filter_signs_in_a_name_are_found_as_they_are(unit: Unit, opened: Any) -> None:
    unit.person("a*b", unit=unit.people)
    unit.person("axb")
    found = opened(unit).find("a*b")
    assert found is not None
    assert found.user == "a*b"


def test_two_of_one_name_are_nobody(unit: Unit, opened: Any) -> None:
    unit.admin.add(f"ou=lain,{unit.people}", "organizationalUnit")
    unit.person("siti")
    unit.person("siti", unit=f"ou=lain,{unit.people}")
    assert opened(unit).find("siti") is None
    assert not believed(opened(unit), "siti")


def test_a_disabled_account_of_active_directory(unit: Unit, opened: Any) -> None:
    like_ad = {"id_attribute": "objectGUID", "user_attribute": "sAMAccountName"}
    guid = bytes(range(240, 256))
    unit.person("siti", sAMAccountName="Siti", objectGUID=guid, userAccountControl=512)
    unit.person("budi", sAMAccountName="budi", objectGUID=bytes(16), userAccountControl=514)
    directory = opened(unit, **like_ad)
    answer = directory.ask("siti", Secret(PASSWORD))
    assert answer.believed
    assert answer.person is not None
    assert answer.person.stable_id == guid, "bytes, and no text"
    refused = directory.ask("budi", Secret(PASSWORD))
    assert refused.person is not None
    assert not refused.person.enabled
    assert not refused.believed, "this server would take the bind"


def test_groups_that_are_searched_for(unit: Unit, opened: Any) -> None:
    dn = unit.person("siti")
    group = unit.group("arsip", dn)
    unit.group("lain", unit.person("budi"))
    found = opened(unit, groups="search").find("siti")
    assert found is not None
    assert found.groups == (group, "arsip")


def test_groups_elsewhere_do_not_count(unit: Unit, opened: Any) -> None:
    """Whoever may make a group somewhere in the directory could give it the name of one that counts."""
    dn = unit.person("siti")
    unit.admin.add(f"ou=lain,{unit.base}", "organizationalUnit")
    unit.admin.add(f"cn=arsip,ou=lain,{unit.base}", "groupOfNames", {"member": [dn]})
    for how in ("member_of", "search"):
        found = opened(unit, groups=how).find("siti")
        assert found is not None
        assert found.groups == ()


def test_groups_in_groups_are_asked_for_by_the_rule_of_active_directory(unit: Unit, opened: Any) -> None:
    """slapd does not know that rule, and says so by finding nothing: what is looked at is the question."""
    dn = unit.person("siti")
    unit.group("arsip", dn)
    asked: list[str] = []
    directory = opened(unit, groups="nested")
    search = directory._search

    def heard(connection: Any, base: str, wanted: str, attributes: list[str], **told: Any) -> Any:
        asked.append(wanted)
        return search(connection, base, wanted, attributes, **told)

    directory._search = heard
    found = directory.find("siti")
    assert found is not None
    assert asked[-1] == f"(&(objectClass=groupOfNames)(member:1.2.840.113556.1.4.1941:={dn}))"


def test_offices_are_units_those_above_first(unit: Unit, opened: Any) -> None:
    top = f"ou=setda,{unit.people}"
    unit.admin.add(top, "organizationalUnit", {"description": "Sekretariat"})
    unit.admin.add(f"ou=upt,{top}", "organizationalUnit", {"description": "UPT"})
    found = opened(unit, offices_base=unit.people, offices_filter="(&(objectClass=organizationalUnit)(description=*))")
    assert [(one.code, one.name) for one in found.offices()] == [("setda", "Sekretariat"), ("upt", "UPT")]
    assert opened(unit).offices() == []


def test_a_referral_is_not_followed(unit: Unit, opened: Any) -> None:
    """Neither of a search nor of a bind: a password goes to no server that nobody named."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        address = f"ldap://127.0.0.1:{elsewhere.getsockname()[1]}/ou=x,dc=kota,dc=example"
        unit.admin.add(f"ou=pindah,{unit.people}", ["referral", "extensibleObject"], {"ref": address, "ou": "pindah"})
        unit.person("siti")
        directory = opened(unit)
        assert believed(directory, "siti")
        assert not believed(directory, "budi")
        assert [one.user for one in directory.people()] == ["siti"]
        from edms.directory.connecting import bind

        plain = unit.server.admin()
        plain.raise_exceptions = False
        assert not bind(plain, f"uid=siti,ou=pindah,{unit.people}", PASSWORD)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_a_certificate_of_another_authority_or_name_is_refused(unit: Unit, opened: Any, tmp_path: Path) -> None:
    unit.person("siti")
    other, _key = certificate_for_localhost(tmp_path)
    for scheme, port in (("ldaps", unit.server.tls_port), ("ldap", unit.server.port)):
        with pytest.raises(DirectoryAway, match="certificate is not trusted"):
            opened(unit, ca_file=other, servers=(f"{scheme}://localhost:{port}",)).find("siti")
    with pytest.raises(DirectoryAway, match="another host name"):
        # The certificate is of localhost and 127.0.0.1.
        opened(unit, servers=(f"ldaps://127.0.0.2:{port_to(unit)}",)).find("siti")


def port_to(unit: Unit) -> int:
    """A port at 127.0.0.2 that leads to the server."""
    listener = socket.create_server(("127.0.0.2", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # whoever refuses the certificate hangs up
            while data := source.recv(65536):
                sink.sendall(data)

    def serve() -> None:
        near, _address = listener.accept()
        far = socket.create_connection(("127.0.0.1", unit.server.tls_port))
        threading.Thread(target=pump, args=(near, far), daemon=True).start()
        pump(far, near)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """What a server listens on that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def taken(listener: socket.socket) -> int:
    """How many connections have come since this was last asked."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_server_that_never_answers_is_left_in_time(
    unit: Unit, opened: Any, silent: socket.socket, scheme: str
) -> None:
    unit.person("siti")
    slow = f"{scheme}://localhost:{silent.getsockname()[1]}"
    with pytest.raises(DirectoryAway):
        opened(unit, servers=(slow,), timeout_seconds=1).find("siti")
    assert taken(silent) == 1
    other = f"ldaps://localhost:{unit.server.tls_port}"
    directory = opened(unit, servers=(slow, other), timeout_seconds=3, retry_after_seconds=600.0)
    assert believed(directory, "siti"), "the next one is asked"
    assert taken(silent) == 1
    assert believed(directory, "siti")
    assert taken(silent) == 0, "and the slow one rests"


def test_a_server_that_drips_is_left_in_time(unit: Unit, opened: Any) -> None:
    """Each byte in time, the answer never: the time-out of a single read would go on for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            near, _address = listener.accept()
            try:
                near.sendall(b"\x30\x84\x00\x00\x10\x00")
                for _ in range(2_000):
                    near.sendall(b"\x02")
                    time.sleep(0.1)
            except OSError:
                return

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(DirectoryAway):
            address = f"ldap://localhost:{listener.getsockname()[1]}"
            opened(unit, servers=(address,), timeout_seconds=2).find("siti")
        assert time.monotonic() - began < 100


@pytest.mark.parametrize(
    "sent", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00",
             b"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00", b"\x30\x80", b"\xff" * 100, b""]
)  # fmt: skip
def test_starttls_that_somebody_strips_is_refused_and_nothing_sent(unit: Unit, opened: Any, sent: bytes) -> None:
    """A server, or somebody between, that refuses StartTLS, answers with another message, or with none of LDAP."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            near, _address = listener.accept()
            with near:
                near.settimeout(60)
                try:
                    heard.append(near.recv(65536))
                    near.sendall(sent)
                    near.shutdown(socket.SHUT_WR)
                    while more := near.recv(65536):
                        heard.append(more)
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(DirectoryAway):
            address = f"ldap://localhost:{listener.getsockname()[1]}"
            opened(unit, servers=(address,), timeout_seconds=2).ask("siti", Secret(PASSWORD))
        thread.join(120)
        assert not thread.is_alive()
    assert READER_PASSWORD.encode() not in b"".join(heard)
    assert PASSWORD.encode() not in b"".join(heard)


def test_nobody_listens_and_a_wrong_account(unit: Unit, opened: Any, tmp_path: Path) -> None:
    with pytest.raises(DirectoryAway, match="refused"):
        opened(unit, servers=(f"ldaps://localhost:{free_port()}",)).find("siti")
    unit.secret.write_text("salah", "utf-8")
    with pytest.raises(DirectoryAway, match="bind_dn is not taken"):
        opened(unit).find("siti")
    unit.secret.chmod(0o644)
    with pytest.raises(DirectoryAway, match="others may read"):
        opened(unit).find("siti")


def test_no_password_in_what_is_raised_or_logged(
    unit: Unit, opened: Any, silent: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    unit.person("siti")
    assert not believed(opened(unit), "siti", "bukan-sandi-siti")
    with pytest.raises(DirectoryAway) as raised:
        opened(unit, servers=(f"ldaps://localhost:{silent.getsockname()[1]}",), timeout_seconds=1).ask(
            "siti", Secret("bukan-sandi-siti")
        )
    told = f"{raised.value!r} {raised.value} {raised.value.__context__!r} {raised.value.__cause__!r} {caplog.text}"
    assert "bukan-sandi" not in told
    assert READER_PASSWORD not in told


def test_a_look_at_the_directory(unit: Unit, opened: Any) -> None:
    directory = opened(unit)
    assert not directory.examine().has_people
    unit.person("siti")
    state = directory.examine()
    assert state.has_people
    ends = subprocess.run(["openssl", "x509", "-enddate", "-noout", "-in", str(unit.server.certificate)],
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert ends
    assert state.certificate_days is not None


@pytest.mark.slow
def test_five_thousand_people_come_in_pages(unit: Unit, opened: Any) -> None:
    """The server gives this account 500 entries of one answer: without pages nobody would come."""
    for number in range(5000):
        unit.admin.add(f"uid=p{number},{unit.people}", "inetOrgPerson", {"cn": f"Orang {number}", "sn": "x"})
    assert len({one.stable_id for one in opened(unit).people()}) == 5000
    with pytest.raises(DirectoryAway, match="max_entries"):
        opened(unit, max_entries=4999).people()
    directory = opened(unit)
    with pytest.raises(DirectoryAway, match="sizeLimitExceeded"):
        directory._servers.ask(lambda _server, one: directory._search(one, unit.people, "(uid=*)", ["1.1"]))
