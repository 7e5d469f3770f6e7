"""A real Dovecot on loopback, of this process's own: TLS with a certificate made for it, one user."""

import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ports import free_port

DOVECOT = shutil.which("dovecot") or ("/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else None)
PASSWORD = "rahasia-surat"


@dataclass(frozen=True)
class MailServer:
    """`certificate` is what its clients believe it by."""

    port: int
    tls_port: int
    certificate: Path
    user: str

    def client(self) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=str(self.certificate))
        found = imaplib.IMAP4_SSL("localhost", self.tls_port, ssl_context=context, timeout=120)
        found.login(self.user, PASSWORD)
        return found

    def deliver(self, *messages: bytes, mailbox: str = "INBOX") -> None:
        client = self.client()
        for message in messages:
            assert client.append(mailbox, "", "", message)[0] == "OK"
        client.logout()

    def subjects(self, mailbox: str) -> list[str]:
        client = self.client()
        found: list[str] = []
        if client.select(f'"{mailbox}"', readonly=True)[0] == "OK":
            for number in client.search(None, "UNDELETED")[1][0].split():
                head = client.fetch(number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0]
                found.append(head[1].decode().strip().removeprefix("Subject: "))
        client.logout()
        return found


def certificate_for_localhost(folder: Path) -> tuple[Path, Path]:
    """A certificate and its key for this machine by its own name."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.fixture(scope="session")
def dovecot() -> Iterator[MailServer]:
    """The server. Run by root its mail belongs to `nobody`, since it refuses to serve root."""
    if DOVECOT is None:
        pytest.skip("NO DOVECOT (apt-get install dovecot-imapd): mailboxes are not tested")
    folder = Path(tempfile.mkdtemp(prefix="edms-dovecot-"))
    folder.chmod(0o755)
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    certificate, key = certificate_for_localhost(folder)
    mail = folder / "mail"
    mail.mkdir()
    if os.geteuid() == 0:
        os.chown(mail, owner.pw_uid, owner.pw_gid)
    plain, tls = free_port(), free_port()
    (folder / "users").write_text(f"surat:{{PLAIN}}{PASSWORD}:{owner.pw_uid}:{owner.pw_gid}::{mail}::\n")
    config = folder / "dovecot.conf"
    config.write_text(_config(folder, owner, certificate, key, plain, tls))
    with (folder / "out.log").open("wb") as log:
        server = subprocess.Popen([DOVECOT, "-F", "-c", str(config)], stdout=log, stderr=log)
    try:
        _wait_for(tls, server, folder)
        yield MailServer(plain, tls, certificate, "surat")
    finally:
        server.terminate()
        server.wait(120)
        shutil.rmtree(folder, ignore_errors=True)


def _config(folder: Path, owner: pwd.struct_passwd, certificate: Path, key: Path, plain: int, tls: int) -> str:
    own = pwd.getpwuid(os.geteuid()).pw_name
    login = "nobody" if os.geteuid() == 0 else own
    chroot = "" if os.geteuid() == 0 else "  chroot =\n"
    return f"""
protocols = imap
base_dir = {folder}/run
log_path = {folder}/dovecot.log
listen = 127.0.0.1
default_internal_user = {login}
default_login_user = {login}
default_internal_group = {"nogroup" if os.geteuid() == 0 else ""}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail
}}
service imap-login {{
{chroot}  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
{chroot}}}
service stats {{
  chroot =
}}
"""


def _wait_for(port: int, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    told = "\n".join(path.read_text() for path in folder.glob("*.log"))
    raise AssertionError(f"Dovecot does not serve: {told}")
